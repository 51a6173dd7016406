/**
 * Every program in examples/ that follows, before a server that breaks off wherever a connection can: what a client owes
 * (docs/http-api.md), each duty against each follower. They run as they stand, from their own text, so that the 45 s of silence
 * can be made 1 s.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';

import { PROJECT_ROOT } from '../../src/local/bundle.ts';
import { CHROMIUM, chromiumOptions, onPath } from '../support/installed.ts';
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

interface Follower {
  readonly file: string;
  readonly needs: readonly string[];
  /** The command that runs this text; the execution's id comes behind. */
  readonly command: (text: string) => readonly string[];
  /** What of the text stands for 45 s, and for 1 s. */
  readonly silence: readonly (readonly [string, string])[];
}

const onNode = (text: string) => [process.execPath, '--input-type=module', '--eval', text, '--', 'example'];
const FOLLOWERS: readonly Follower[] = [
  {
    file: 'follow.sh',
    needs: ['sh', 'curl'],
    command: (text) => ['sh', '-c', text, 'follow.sh'],
    silence: [['--speed-time 45', '--speed-time 1']],
  },
  {
    file: 'follow.py',
    needs: ['python3'],
    command: (text) => ['python3', '-c', text],
    silence: [['SILENCE_SECONDS_MAX = 45', 'SILENCE_SECONDS_MAX = 1']],
  },
  {
    file: 'follow-node.mjs',
    needs: [],
    command: onNode,
    silence: [['SILENCE_MS_MAX = 45_000', 'SILENCE_MS_MAX = 1_000']],
  },
  {
    file: 'client/follow.mjs',
    needs: [],
    // From the source: dist/ is there only after a build.
    command: (text) => onNode(replaced(text, "'flowtap'", `'${join(PROJECT_ROOT, 'src/client/client.ts')}'`)),
    // Held by the client's own tests, on their own clock.
    silence: [],
  },
];

function replaced(text: string, from: string, to: string): string {
  if (text.split(from).length !== 2) throw new Error(`'${from}' must be there once`);
  return text.replace(from, () => to);
}

const meets = new Map<string, readonly Cut[]>();
let server: Awaited<ReturnType<typeof startCuttingServer>>;
const children = new Set<ChildProcess>();
beforeAll(async () => {
  server = await startCuttingServer((id) => meets.get(id) ?? []);
});
afterAll(() => {
  server.close();
  for (const child of children) kill(child);
});

/** With its group: a shell's own children, too. */
function kill({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGKILL');
}

const chromium = (profile: string) => [CHROMIUM, ...chromiumOptions(profile)];

async function run(command: readonly string[], stop?: AbortSignal) {
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: PROJECT_ROOT,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, FLOWTAP_URL: server.url, FLOWTAP_API_KEY: 'ftk_any' },
  });
  children.add(child);
  stop?.addEventListener('abort', () => kill(child));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  // Safety: 'close' comes with the exit code.
  const [code] = (await once(child, 'close')) as [number | null];
  children.delete(child);
  return { code, ...output };
}

/** The payloads of the printed messages; the typed client's example prints no JSON, and the summary behind them. */
const payloadsIn = (stdout: string): string[] =>
  stdout
    .split('\n')
    .filter((line) => line.includes('<m'))
    .map((line) => {
      // Safety: a message, as the server sent it.
      if (line.startsWith('{')) return (JSON.parse(line) as { payload: string }).payload;
      return line.split(' ').slice(2).join(' ');
    });

describe.concurrent.each(FOLLOWERS)('examples/$file', ({ file, needs, command, silence }) => {
  const text = readFileSync(join(PROJECT_ROOT, 'examples', file), 'utf8');
  const follow = (id: string, source = text) => run([...command(source), id]);
  const isHere = needs.every(onPath);
  const testHere = test.runIf(isHere);
  const idFor = (cut: string) => `${file}:${cut}`;

  testHere.each(Object.entries(CUTS))('misses nothing and repeats nothing: %s', async (name, cuts) => {
    const id = idFor(name);
    meets.set(id, cuts);
    const { code, stdout, stderr } = await follow(id);
    const asked = server.asked(id).map(({ lastEventId }) => lastEventId);
    expect(payloadsIn(stdout), `${stderr}, asked ${asked.join()}`).toEqual(PAYLOADS);
    expect(code, stderr).toBe(0);
    // Each cut was met, with an id that was complete.
    expect(asked.length).toBeGreaterThanOrEqual(cuts.length + 2);
    expect(
      asked.slice(1, cuts.length + 2).every((lastEventId) => lastEventId === '0' || lastEventId === '1'),
    ).toBe(true);
  });

  testHere('comes back no sooner than the last retry: says', async () => {
    const id = idFor('retry');
    meets.set(id, [PROBLEM_WITH_RETRY]);
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code, stderr).toBe(0);
    const [, second, third] = server.asked(id);
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(RETRY_MS);
  });

  testHere('stops at 204, with success', async () => {
    const id = idFor('204');
    meets.set(id, [ALL_SENT]);
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout)).toEqual(PAYLOADS.slice(0, 1));
    expect(code, stderr).toBe(0);
    expect(server.asked(id)).toHaveLength(2);
  });

  testHere('stops when it is refused, and says so', async () => {
    const id = idFor('401');
    meets.set(id, [REFUSED]);
    const { code, stderr } = await follow(id);
    expect(code).toBe(1);
    expect(stderr).toMatch(/401|Unauthorized/);
    expect(server.asked(id)).toHaveLength(2);
  });

  testHere('takes an id of any characters', async () => {
    const id = `${file} [1-3] {x,y} a\\b %41 é€𝄞 ?#&/"'$(x)\`y\` .~_-*`;
    const { code, stdout, stderr } = await follow(id);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code).toBe(0);
  });

  testHere('ends quietly when nobody reads any more', async () => {
    const id = idFor('head');
    meets.set(id, [ENDLESS]);
    const script = '{ "$@"; echo "code $?" >&2; } | head -n 1';
    const { stdout, stderr } = await run(['sh', '-c', script, 'sh', ...command(text), id]);
    expect(payloadsIn(stdout)).toEqual(PAYLOADS.slice(0, 1));
    expect(stderr).toBe('code 0\n');
  });

  // The typed client's 45 s are the client's, and are tested there on a clock.
  if (silence.length === 0) return;
  testHere('takes a connection for dead that says nothing', async () => {
    const id = idFor('silence');
    meets.set(id, [SILENCE]);
    const impatient = silence.reduce((source, [from, to]) => replaced(source, from, to), text);
    const { code, stdout, stderr } = await follow(id, impatient);
    expect(payloadsIn(stdout), stderr).toEqual(PAYLOADS);
    expect(code, stderr).toBe(0);
  });
});

/** What a frame shows at its end, as it reports it. */
interface Shown {
  readonly name: string;
  readonly items: readonly string[];
  readonly state: string;
}

test.runIf(existsSync(CHROMIUM))(
  'examples/follow.html in Chromium: misses nothing, repeats nothing, waits, stops',
  { timeout: 60_000, concurrent: true },
  async () => {
    const html = readFileSync(join(PROJECT_ROOT, 'examples/follow.html'), 'utf8');
    const report = `<script>
      const looking = setInterval(() => {
        if (source.readyState !== EventSource.CLOSED || !/^Ended|^Refused/.test(state.textContent)) return;
        clearInterval(looking);
        const items = [...document.querySelectorAll('li')].map((item) => item.textContent.split(' ').slice(2).join(' '));
        const name = new URLSearchParams(location.search).get('name');
        void fetch('/report', { method: 'POST', body: JSON.stringify({ name, items, state: state.textContent }) });
      }, 20);
    </script></html>`;
    const hurried = replaced(replaced(html, 'PAUSE_MS = 5_000', 'PAUSE_MS = 5'), '</html>', report);
    const impatient = replaced(hurried, 'SILENCE_MS_MAX = 45_000', 'SILENCE_MS_MAX = 1_000');
    const rows: Record<string, readonly Cut[]> = {
      ...CUTS,
      retry: [PROBLEM_WITH_RETRY],
      401: [REFUSED],
      silence: [SILENCE],
    };
    const frames = Object.entries(rows).map(([name, cuts]) => {
      const id = `follow.html:${name}`;
      meets.set(id, cuts);
      const streamUrl = `${server.url}/v1/executions/${encodeURIComponent(id)}/messages?ticket=any`;
      return `<iframe src="/frame?name=${encodeURIComponent(name)}#${streamUrl}"></iframe>`;
    });
    const reports = new Map<string, Shown>();
    const pages = createServer((request, response) => {
      if (request.url === '/report') {
        let body = '';
        request.setEncoding('utf8').on('data', (text: string) => (body += text));
        request.on('end', () => {
          // Safety: the script above sent it.
          const shown = JSON.parse(body) as Shown;
          reports.set(shown.name, shown);
          response.end();
        });
        return;
      }
      response.setHeader('content-type', 'text/html; charset=utf-8');
      if (request.url === '/') response.end(frames.join(''));
      else response.end(request.url?.endsWith('silence') === true ? impatient : hurried);
    }).listen(0, '127.0.0.1');
    await once(pages, 'listening');
    // Safety: it listens on TCP.
    const { port } = pages.address() as AddressInfo;
    const profile = await mkdtemp(join(tmpdir(), 'flowtap-chromium-'));
    const stop = new AbortController();
    const browser = run([...chromium(profile), `http://127.0.0.1:${port}/`], stop.signal);
    try {
      await vi.waitFor(() => expect([...reports.keys()].toSorted()).toEqual(Object.keys(rows).toSorted()), {
        timeout: 40_000,
      });
    } finally {
      stop.abort();
      await browser;
      pages.close();
      pages.closeAllConnections();
      await rm(profile, { recursive: true, force: true });
    }
    for (const name of Object.keys(rows)) {
      const isRefused = name === '401';
      expect(reports.get(name)).toEqual({
        name,
        items: isRefused ? PAYLOADS.slice(0, 1) : PAYLOADS,
        state: isRefused ? 'Refused: 401' : 'Ended: SUCCEEDED',
      });
    }
    const [, second, third] = server.asked('follow.html:retry');
    expect((third?.atMs ?? 0) - (second?.atMs ?? 0)).toBeGreaterThanOrEqual(RETRY_MS);
    expect(server.asked('follow.html:401')).toHaveLength(2);
  },
);
