/** Replays requests that AWS's clients really sent, with all headers (test/data/aws-client-requests.jsonl). */
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type ServiceUnderTest,
  endedLongAgo,
  openService,
  pageOf,
  path,
} from '../http/service-under-test.ts';
import { TARGET, awsPageOf, exceptionOf } from './aws-call.ts';

interface Recorded {
  readonly client: string;
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
}

/** The session token in the recording, in place of an API key. */
const TOKEN = 'my-product-api-key';
/** The page token in the recording, from the server that recorded the requests. */
const NEXT_TOKEN = '3';

const recorded: readonly Recorded[] = readFileSync(
  new URL('../data/aws-client-requests.jsonl', import.meta.url),
  'utf8',
)
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line));

const headersOf = ({ headers }: Recorded) => new Headers(headers.map(([name, value]) => [name, value]));
const inputOf = ({ body }: Recorded): { flowExecutionId?: string; maxResults?: number; nextToken?: string } =>
  JSON.parse(body);

const named = (requests: readonly Recorded[]) =>
  requests.map((request) => [`${request.client} ${request.url} ${request.body}`, request] as const);
const isList = (request: Recorded) =>
  request.url === '/' && headersOf(request).get('X-Amz-Target') === TARGET;
const withToken = recorded.filter(
  (request) => isList(request) && headersOf(request).has('X-Amz-Security-Token'),
);
const withoutToken = recorded.filter((request) => isList(request) && !withToken.includes(request));
const others = recorded.filter((request) => !isList(request));

let service: ServiceUnderTest;
let key: string;
beforeAll(async () => {
  service = await openService();
  key = await service.key();
  for (const request of withToken) {
    await service.script(inputOf(request).flowExecutionId ?? '', endedLongAgo(service.clock, 7));
  }
});

/** Sends a recorded request. `token` and `body` replace the recorded session token and body. */
function send(request: Recorded, token?: string, body = request.body): Promise<Response> {
  const headers = headersOf(request);
  if (token !== undefined) headers.set('X-Amz-Security-Token', token);
  headers.delete('Content-Length');
  return service.fetch(request.url, { method: request.method, headers: Object.fromEntries(headers), body });
}

it('the recording contains requests for each of these tests', () => {
  expect(recorded).toHaveLength(24);
  expect([withToken.length, withoutToken.length, others.length]).toEqual([12, 4, 8]);
});

describe('a request with the key as session token', () => {
  it.each(named(withToken))('from %s is answered', async (_, request) => {
    const { flowExecutionId = '', maxResults = 0, nextToken } = inputOf(request);
    if (nextToken === undefined) {
      const page = await awsPageOf(send(request, key));
      expect(page.messages).toHaveLength(maxResults);
      expect(page.nextToken).toBeTypeOf('string');
      return;
    }
    expect(nextToken).toBe(NEXT_TOKEN);
    expect(await exceptionOf(send(request, key))).toMatchObject({
      name: 'InvalidRequestException',
      message: expect.stringContaining('nextToken'),
    });
    const { cursor } = await pageOf(service.get(path(flowExecutionId, 'maxResults=3')));
    const body = request.body.replace(`"${NEXT_TOKEN}"`, `"${cursor}"`);
    const page = await awsPageOf(send(request, key, body));
    expect(page.messages.map(({ messageId }) => messageId)).toEqual(['3', '4', '5']);
  });
});

describe('a request whose token is not a key', () => {
  it.each(named(withToken))('from %s gets an UnrecognizedClientException', async (_, request) => {
    const { name, message } = await exceptionOf(send(request));
    expect(name).toBe('UnrecognizedClientException');
    expect(message + JSON.stringify(service.logged)).not.toContain(TOKEN);
  });
});

describe('a request without a token', () => {
  it.each(named(withoutToken))('from %s gets an UnrecognizedClientException', async (_, request) => {
    expect(await exceptionOf(send(request))).toMatchObject({
      name: 'UnrecognizedClientException',
      message: expect.stringContaining('carries no session token'),
    });
  });
});

describe('a request for another operation or path', () => {
  it.each(named(others))('from %s gets an UnknownOperationException', async (_, request) => {
    expect(await exceptionOf(send(request, key))).toMatchObject({ name: 'UnknownOperationException' });
  });
});
