/**
 * Imports of exported histories over a real socket: large ones are streamed, invalid ones are refused with line
 * numbers, and exported pages can be imported again.
 */
import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { readAll } from '../reading/read-all.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';
import { messagesPath, openWorld, UPSTREAM_CREDENTIALS, type World } from '../support/on-workerd.ts';
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

const run = promisify(execFile);

let worker: World;
let key: string;
beforeAll(async () => {
  worker = await openWorld();
  [key = ''] = await worker.keys(1);
});
afterAll(() => worker.close());

const importTo = (id: string, body: string | ReadableStream<Uint8Array>) => {
  // fetch requires `duplex` for a stream, but TypeScript's RequestInit lacks it.
  const init: RequestInit & { duplex: 'half' } = { body, duplex: 'half' };
  return worker.admin('PUT', `/executions/${encodeURIComponent(id)}/messages`, init);
};

interface Bad {
  readonly status: number;
  readonly errors?: readonly { readonly name: string; readonly detail: string }[];
}
/** Safety: the caller names the shape that the service answers with, and the test checks the members. */
const jsonOf = async <T>(response: Response): Promise<T> => (await response.json()) as T;

const message = (position: number, count: number, payload: string) => ({
  messageId: String(position),
  eventType: position === count - 1 ? 'EXECUTION_SUCCEEDED' : 'STEP_STARTED',
  timestamp: new Date(Date.UTC(2020, 1, 1) + position).toISOString(),
  payload,
});

/**
 * A body of `count` messages of about `bytes` each, generated while it is sent. `before` precedes the messages,
 * `between` separates them, and `after` follows them.
 */
function history(count: number, bytes: number, [before, between, after]: readonly [string, string, string]) {
  const payload = 'x'.repeat(bytes);
  let position = -1;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      let text = position === -1 ? before : '';
      for (let more = 0; more < 200 && position < count - 1; more++) {
        position++;
        text += (position === 0 ? '' : between) + JSON.stringify(message(position, count, payload));
      }
      if (position === count - 1) text += after;
      controller.enqueue(new TextEncoder().encode(text));
      if (position === count - 1) controller.close();
    },
  });
}

const LINES = ['', '\n', '\n'] as const;
const DOCUMENT = ['{"ResponseMetadata": {"RetryAttempts": 0}, "messages": [', ', ', ']}\n'] as const;

describe('a history of 30 MiB is imported as a stream', () => {
  test.each([
    ['line by line', LINES],
    ['as one document', DOCUMENT],
  ] as const)('%s', async (what, form) => {
    const id = `large ${what}`;
    const response = await importTo(id, history(6_000, 5_000, form));
    expect(await response.json()).toMatchObject({
      flowExecutionId: id,
      status: 'SUCCEEDED',
      messageCount: 6_000,
    });
    const read = await readAll(worker, id, key);
    expect(read.map(({ messageId }) => messageId)).toEqual(
      Array.from({ length: 6_000 }, (_, at) => String(at)),
    );
    expect(read[5_999]).toEqual(message(5_999, 6_000, 'x'.repeat(5_000)));
    expect(worker.calls(id)).toBe(0);
  });
});

test('a large history with invalid lines is refused with the numbers of these lines, and nothing is stored', async () => {
  let sent = '';
  for (let position = 0; position < 5_000; position++) {
    sent +=
      position % 1_000 === 999
        ? `{"messageId": ${position}}\n`
        : `${JSON.stringify(message(position, 5_000, 'y'.repeat(500)))}\n`;
  }
  const response = await importTo('bad lines', sent);
  expect(response.status).toBe(400);
  const problem = await jsonOf<Bad>(response);
  expect(problem.errors?.map(({ name }) => name)).toEqual(
    [1_000, 2_000, 3_000, 4_000, 5_000].map((line) => `line ${line}`),
  );
  expect((await worker.fetch(messagesPath('bad lines'), { headers: { 'X-API-Key': key } })).status).toBe(404);
  const { keys } = await worker.workerd.store.list({ prefix: 'archive/' });
  expect(keys.filter(({ name }) => name.includes('bad'))).toEqual([]);
});

describe('a body of more than 100 MiB gets a 413', () => {
  test('before any byte of it is read, if Content-Length exceeds the limit', async () => {
    // Uses a raw socket, because HTTP clients report an error if the answer arrives before the body was sent.
    const { hostname, port } = worker.workerd.url;
    const socket = connect({ host: hostname, port: Number(port) });
    socket.write(
      `PUT /v1/admin/executions/large/messages HTTP/1.1\r\nHost: ${hostname}\r\n` +
        `Authorization: Bearer ${ADMIN_TOKEN}\r\nContent-Length: ${100 * 1024 * 1024 + 1}\r\n\r\n`,
    );
    let answer = '';
    for await (const bytes of socket) {
      answer += String(bytes);
      if (answer.includes('PayloadTooLarge')) break;
    }
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('when it exceeds the limit on arrival, and nothing of it is stored', async () => {
    const response = await importTo('too large', history(1_060, 100_000, LINES));
    expect({ status: response.status, ...(await jsonOf<object>(response)) }).toMatchObject({
      status: 413,
      code: 'PayloadTooLarge',
    });
    const { keys } = await worker.workerd.store.list({ prefix: 'archive/' });
    expect(keys.filter(({ name }) => name.includes('too%20large'))).toEqual([]);
  });
});

test('pages that the service returned can be imported unchanged, one after another', async () => {
  const id = 'large line by line';
  const pages: string[] = [];
  for (let next = ''; ;) {
    const response = await worker.fetch(messagesPath(id, `maxResults=250${next}`), {
      headers: { 'X-API-Key': key },
    });
    const text = await response.text();
    pages.push(text);
    // Safety: a page is a JSON object, and its nextToken is text if it has one.
    const { nextToken } = JSON.parse(text) as { nextToken?: string };
    if (nextToken === undefined || pages.length === 8) break;
    next = `&nextToken=${nextToken}`;
  }
  const last = { messages: [{ messageId: 'last', eventType: 'EXECUTION_ABORTED' }] };
  const response = await importTo('copied', [...pages, JSON.stringify(last)].join(''));
  expect(await response.json()).toMatchObject({ status: 'ABORTED', messageCount: 2_001 });
  const [copy, original] = [await readAll(worker, 'copied', key), await readAll(worker, id, key)];
  expect(copy).toEqual([...original.slice(0, 2_000), ...last.messages]);
});

const boto3Prints = `a history that boto3 printed is served with the same messages as from the upstream (skipped if ${PYTHON} has no boto3)`;

test.skipIf(!hasBoto3(PYTHON))(boto3Prints, async () => {
  const id = 'printed by boto3';
  await worker.control('/executions', {
    flowExecutionId: id,
    messages: [
      {
        messageId: '0',
        eventType: 'EXECUTION_STARTED',
        timestamp: 1559247540.656,
        payload: 'Flow "ü€😀"\nstarted',
      },
      { messageId: '3', eventType: 'ACTIVITY_STARTED', timestamp: 1559247541, payload: '' },
      { messageId: '4', eventType: 'STEP_SUCCEEDED', timestamp: 1559247541.123456 },
      { messageId: '41', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1559247542.5, payload: '{a: 1}' },
    ],
  });
  const printed = await run(PYTHON, [
    '-c',
    `import boto3, json, sys
client = boto3.client("iotthingsgraph", endpoint_url=sys.argv[1], region_name="us-west-2",
                      aws_access_key_id=sys.argv[3], aws_secret_access_key=sys.argv[4])
token = {}
while True:
    page = client.list_flow_execution_messages(flowExecutionId=sys.argv[2], maxResults=3, **token)
    print(json.dumps(page, default=str))
    if "nextToken" not in page: break
    token = {"nextToken": page["nextToken"]}`,
    worker.upstream.url,
    id,
    UPSTREAM_CREDENTIALS.accessKeyId,
    UPSTREAM_CREDENTIALS.secretAccessKey,
  ]);
  expect((await importTo('from boto3', printed.stdout)).status).toBe(200);
  const fromUpstream = await readAll(worker, id, key);
  expect(fromUpstream).toHaveLength(4);
  expect(await readAll(worker, 'from boto3', key)).toEqual(fromUpstream);
});
