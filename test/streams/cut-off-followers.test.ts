/**
 * Runs every example that follows a stream against a server that cuts connections at every possible point.
 * The tests check each duty of a client (docs/http-api.md, "What a client must do"). They change the silence
 * limit in each source from 45 s to 1 s. The example page is tested in cut-off-page.test.ts.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { PYTHON, hasPythonModule, onPath } from '../support/installed.ts';
import {
  ALL_SENT,
  CUTS,
  type Cut,
  ENDLESS,
  PAYLOADS,
  PROBLEM_WITH_RETRY,
  REFUSED,
  RETRY_MS,
  SILENCE,
  startCuttingServer,
} from './cutting-server.ts';
import { Programs } from './programs.ts';
import { replaced } from './replaced.ts';

interface Follower {
  readonly file: string;
  readonly isHere: boolean;
  /** The command that runs this source. The test appends the execution's id. */
  readonly command: (text: string) => readonly string[];
  /** Replacements that change the silence limit in the source from 45 s to 1 s. */
  readonly silence: readonly (readonly [string, string])[];
}

const onNode = (text: string) => [process.execPath, '--input-type=module', '--eval', text, '--', 'example'];
const FOLLOWERS: readonly Follower[] = [
  {
    file: 'follow.sh',
    isHere: onPath('sh') && onPath('curl'),
    command: (text) => ['sh', '-c', text, 'follow.sh'],
    silence: [['--speed-time 45', '--speed-time 1']],
  },
  {
    file: 'follow.py',
    isHere: onPath('python3'),
    command: (text) => ['python3', '-c', text],
    silence: [['SILENCE_SECONDS_MAX = 45', 'SILENCE_SECONDS_MAX = 1']],
  },
  ...['httpx', 'requests'].map((library): Follower => ({
    file: `follow_${library}.py`,
    isHere: hasPythonModule(PYTHON, library),
    command: (text) => [PYTHON, '-c', text],
    silence: [['SILENCE_SECONDS_MAX = 45', 'SILENCE_SECONDS_MAX = 1']],
  })),
  {
    file: 'follow-node.mjs',
    isHere: true,
    command: onNode,
    silence: [['SILENCE_MS_MAX = 45_000', 'SILENCE_MS_MAX = 1_000']],
  },
  {
    file: 'client/follow.mjs',
    isHere: true,
    // Imports the client from src/, because dist/ exists only after a build.
    command: (text) => onNode(replaced(text, "'flowtap'", `'${join(PROJECT_ROOT, 'src/client/client.ts')}'`)),
    // Empty, because the client's own tests check its limit.
    silence: [],
  },
];

const meets = new Map<string, readonly Cut[]>();
let server: Awaited<ReturnType<typeof startCuttingServer>>;
const programs = new Programs();
beforeAll(async () => {
  server = await startCuttingServer((id) => meets.get(id) ?? []);
});
afterAll(() => {
  server.close();
  programs.end();
});

async function run(
  command: readonly string[],
  {
    settings = {},
    stopAt,
  }: { settings?: Readonly<Record<string, string | undefined>>; stopAt?: RegExp } = {},
) {
  const { output, exited, kill } = programs.start(command, {
    env: { FLOWTAP_URL: server.url, FLOWTAP_API_KEY: 'ftk_any', ...settings },
    onStderr: (text) => {
      if (stopAt?.test(text)) kill();
    },
  });
  return { code: await exited, ...output };
}

/**
 * The payloads of the printed messages. Most examples print JSON. The typed client's example prints plain
 * text and a summary.
 */
const payloadsIn = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('<m'))
    .map((line) => {
      // Safety: the line is a message as the server sent it.
      if (line.startsWith('{')) return (JSON.parse(line) as { payload: string }).payload;
      return line.split(' ').slice(2).join(' ');
    });

describe.concurrent.each(FOLLOWERS)('examples/$file', ({ file, isHere, command, silence }) => {
  const text = readFileSync(join(PROJECT_ROOT, 'examples', file), 'utf8');
  const follow = (id: string, source = text) => run([...command(source), id]);
  const testHere = test.runIf(isHere);
  const idFor = (cut: string) => `${file}:${cut}`;

  testHere.each(Object.entries(CUTS))(
    'gets every message exactly once if the connection is %s',
    async (name, cuts) => {
      const id = idFor(name);
      meets.set(id, cuts);
      const { code, stdout, stderr } = await follow(id);
      const asked = server.asked(id).map(({ lastEventId }) => lastEventId);
      expect(payloadsIn(stdout), `${stderr}, asked ${asked.join()}`).toEqual(PAYLOADS);
      expect(code, stderr).toBe(0);
      // Each cut happened, and each reconnect sent a complete id.
      expect(asked.length).toBeGreaterThanOrEqual(cuts.length + 2);
      expect(
        asked.slice(1, cuts.length + 2).every((lastEventId) => lastEventId === '0' || lastEventId === '1'),
      ).toBe(true);
    },
  );

  testHere('waits for the time of the last `retry:` before it reconnects', async () => {
    const id = idFor('retry');
    meets.set(id, [PROBLEM_WITH_RETRY]);
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code, stderr).toBe(0);
    const [, second, third] = server.asked(id);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(RETRY_MS);
  });

  testHere('stops at 204 and exits with 0', async () => {
    const id = idFor('204');
    meets.set(id, [ALL_SENT]);
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout)).toEqual(PAYLOADS.slice(0, 1));
    expect(code, stderr).toBe(0);
    expect(server.asked(id)).toHaveLength(2);
  });

  testHere('stops and reports the reason when it is refused', async () => {
    const id = idFor('401');
    meets.set(id, [REFUSED]);
    const { code, stderr } = await follow(id);
    expect(code).toBe(1);
    expect(stderr).toMatch(/401|Unauthorized/);
    expect(server.asked(id)).toHaveLength(2);
  });

  testHere('names the missing setting', async () => {
    const { code, stdout, stderr } = await run([...command(text), 'x'], {
      settings: { FLOWTAP_API_KEY: undefined },
    });
    expect([1, 2]).toContain(code);
    expect(stderr).toContain('FLOWTAP_API_KEY');
    expect(stdout + stderr).not.toMatch(/KeyError|Traceback|^ +at /m);
  });

  testHere('reports an address where no server answers, and keeps trying', async () => {
    const { stderr } = await run([...command(text), 'x'], {
      // No server listens on this port.
      settings: { FLOWTAP_URL: 'http://127.0.0.1:1' },
      stopAt: /Trying again\.\n/,
    });
    expect(stderr).toMatch(/^.*127\.0\.0\.1:1\b.*Trying again\.\n$/);
  });

  testHere('accepts an id with any characters', async () => {
    const id = `${file} [1-3] {x,y} a\\b %41 é€𝄞 ?#&/"'$(x)\`y\` .~_-*`;
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code).toBe(0);
  });

  testHere('ends quietly when its output is closed', async () => {
    const id = idFor('head');
    meets.set(id, [ENDLESS]);
    const script = '{ "$@"; echo "code $?" >&2; } | head -n 1';
    const { stdout, stderr } = await run(['sh', '-c', script, 'sh', ...command(text), id]);
    expect(payloadsIn(stdout)).toEqual(PAYLOADS.slice(0, 1));
    expect(stderr).toBe('code 0\n');
  });

  // The typed client has no replacement: its limit is tested with the client, on a manual clock.
  if (silence.length === 0) return;
  testHere('treats a silent connection as dead', async () => {
    const id = idFor('silence');
    meets.set(id, [SILENCE]);
    const impatient = silence.reduce((source, [from, to]) => replaced(source, from, to), text);
    const { code, stdout, stderr } = await follow(id, impatient);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code, stderr).toBe(0);
  });
});
