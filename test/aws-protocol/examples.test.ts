/** Runs the Things Graph examples in examples/aws as their comments describe. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AWS_CLI, PYTHON, hasAwsCli, hasBoto3 } from '../support/installed.ts';
import { AwsCli, credentialsOf } from './clients.ts';
import { runAlone } from './run-alone.ts';
import { exampleFile, expectUsage, runExample } from './run-example.ts';
import { EMULATOR } from './upstreams.ts';
import { openWorldBefore, type Upstream, type World } from '../support/on-workerd.ts';

const { id, messages } = EMULATOR.executions.find((execution) => execution.id.includes('CloudFlow')) ?? {
  id: '',
  messages: [],
};

let service: World<Upstream>;
let key: string;
let env: { FLOWTAP_URL: string; FLOWTAP_API_KEY: string };
beforeAll(async () => {
  service = await openWorldBefore(EMULATOR.start);
  // A key for this one execution is all that an example needs.
  key = await service.key({ executions: [id], tier: 'standard' });
  env = { FLOWTAP_URL: service.url.href, FLOWTAP_API_KEY: key };
});
afterAll(() => service.close());

const run = (program: string, example: string, more: Record<string, string> = {}): Promise<string> =>
  runExample(program, [example, id], { ...env, ...more });

/** Parses the time, type and payload that each line shows. */
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
  (example) => expectUsage(example, env, id),
);

describe.skipIf(!hasBoto3(PYTHON))(`with boto3 (skipped when ${PYTHON} has no boto3)`, () => {
  it('list_messages.py prints every message', async () => {
    expect(linesOf(await run(PYTHON, 'list_messages.py'))).toEqual(expected);
  });

  it('list_messages.py exits silently if the reader of its output closes the pipe', async () => {
    const command = `${PYTHON} ${exampleFile('list_messages.py')} "$0" | true`;
    const { stderr } = await runAlone('/bin/sh', ['-c', command, id], { env });
    expect(stderr).toBe('');
  });
});

describe.skipIf(!hasAwsCli())(`with the AWS CLI (skipped where ${AWS_CLI} is missing)`, () => {
  it('list-messages.sh prints every message', async () => {
    await using cli = await AwsCli.open({ flowtap: credentialsOf(key) });
    const printed = JSON.parse(
      await run('/bin/sh', 'list-messages.sh', { AWS_SHARED_CREDENTIALS_FILE: cli.credentialsFile }),
    );
    const ids = printed.messages.map(({ messageId }: { messageId: string }) => messageId);
    expect(ids).toEqual(messages.map(({ messageId }) => messageId));
  });
});
