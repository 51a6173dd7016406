/** The examples in examples/aws work when they are run as their comments say. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AWS_CLI, PYTHON, hasAwsCli, hasBoto3 } from '../support/installed.ts';
import { runAlone } from './run-alone.ts';
import { EMULATOR } from './upstreams.ts';
import { openWorldBefore, type Upstream, type World } from '../support/on-workerd.ts';

const { id, messages } = EMULATOR.executions.find((execution) => execution.id.includes('CloudFlow')) ?? {
  id: '',
  messages: [],
};

let service: World<Upstream>;
let key: string;
let env: Record<string, string>;
beforeAll(async () => {
  service = await openWorldBefore(EMULATOR.start);
  // An example needs no more than a key for this one execution.
  key = await service.key({ executions: [id], tier: 'standard' });
  env = { FLOWTAP_URL: service.url.href, FLOWTAP_API_KEY: key };
});
afterAll(() => service.close());

const pathOf = (example: string) => fileURLToPath(new URL(`../../examples/aws/${example}`, import.meta.url));

async function run(program: string, example: string, more: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await runAlone(program, [pathOf(example), id], {
    env: { ...env, ...more },
  });
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/** Time, type and payload of each line. */
const linesOf = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [time = '', eventType, ...payload] = line.trimEnd().split(' ');
      return [Date.parse(time), eventType, payload.join(' ')];
    });
const expected = messages.map(({ timestamp = 0, eventType, payload = '' }) => [
  Math.round(timestamp * 1000),
  eventType,
  payload,
]);

it('list-messages.mjs prints every message', async () => {
  expect(expected).toHaveLength(36);
  expect(linesOf(await run(process.execPath, 'list-messages.mjs'))).toEqual(expected);
});

it.each(['list-messages.mjs', ...(hasBoto3(PYTHON) ? ['list_messages.py'] : [])])(
  '%s prints its usage if the key, the address or the id is missing',
  async (example) => {
    const program = example.endsWith('.py') ? PYTHON : process.execPath;
    for (const [given, args] of [
      [{ FLOWTAP_URL: service.url.href }, [id]],
      [{ FLOWTAP_API_KEY: key }, [id]],
      [env, []],
    ] as const) {
      const { code, stderr } = await runAlone(program, [pathOf(example), ...args], { env: { ...given } });
      expect(code).not.toBe(0);
      expect(stderr).toMatch(/FLOWTAP_URL=.* FLOWTAP_API_KEY=.*\n/);
      expect(stderr).not.toMatch(/Traceback|^ +at /m);
    }
  },
);

describe.skipIf(!hasBoto3(PYTHON))(`with boto3 (skipped when ${PYTHON} has none)`, () => {
  it('list_messages.py prints every message', async () => {
    expect(linesOf(await run(PYTHON, 'list_messages.py'))).toEqual(expected);
  });

  it('list_messages.py exits silently if the reader of its output closes the pipe', async () => {
    const command = `${PYTHON} ${pathOf('list_messages.py')} "$0" | true`;
    const { stderr } = await runAlone('/bin/sh', ['-c', command, id], { env });
    expect(stderr).toBe('');
  });
});

describe.skipIf(!hasAwsCli())(`with the AWS CLI (skipped where ${AWS_CLI} is missing)`, () => {
  it('list-messages.sh prints every message', async () => {
    const home = await mkdtemp(join(tmpdir(), 'flowtap-aws-cli-'));
    try {
      const file = join(home, 'credentials');
      const keys = 'aws_access_key_id = flowtap\naws_secret_access_key = unused\n';
      await writeFile(file, `[flowtap]\n${keys}aws_session_token = ${key}\n`);
      const printed = JSON.parse(
        await run('/bin/sh', 'list-messages.sh', { AWS_SHARED_CREDENTIALS_FILE: file }),
      );
      const ids = printed.messages.map(({ messageId }: { messageId: string }) => messageId);
      expect(ids).toEqual(messages.map(({ messageId }) => messageId));
    } finally {
      await rm(home, { recursive: true });
    }
  });
});
