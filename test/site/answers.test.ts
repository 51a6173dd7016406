/**
 * Compares the OpenAPI document with a running service. Provokes every documented answer of every operation, and checks
 * it against the document. Over 300 lines, because the last test must know all answers that occurred, so all tests
 * share one file.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { endedLongAgo, openService, ORIGIN, type ServiceUnderTest } from '../http/service-under-test.ts';
import { type WorkerUnderTest, startWorker } from '../support/on-workerd.ts';
import { brokenApp } from './broken-app.ts';
import { operations } from './document.ts';
import { AnswerJudge, documentedAnswers, documentedHeaders } from './judge-answers.ts';
import { type Asked, MACHINE, OWN_BODIES, requestOf } from './requests.ts';

const ELSEWHERE = 'arn:aws:states:eu-west-1:999999999999:execution:Flow:1';
const READING = ['listMessages', 'getSummary', 'listChildren'];
const OF_ONE = [...READING, 'createTicket'];

/** The history of an execution that has started more child executions than fit on one page. */
const PARENT = [
  ...Array.from({ length: 250 }, (_, n) => MACHINE.replace('stateMachine:Door', `express:Fast:${n}:x`)),
  ...['one', 'two'].map((name) => `${MACHINE.replace(':stateMachine:', ':execution:')}:${name}`),
]
  .map((ExecutionArn, n) => ({
    messageId: `${n + 1}`,
    eventType: 'ACTIVITY_SUCCEEDED',
    timestamp: 1_700_000_000 + n,
    payload: JSON.stringify({
      type: 'TaskSucceeded',
      id: n + 1,
      previousEventId: n,
      resource: 'startExecution',
      resourceType: 'states',
      output: JSON.stringify({ ExecutionArn }),
    }),
  }))
  .concat({ messageId: 'end', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1_700_001_000, payload: '' });

const judge = new AnswerJudge();

let service: ServiceUnderTest;
let key: string;
/** A key that can read only another execution and create no tickets. */
let narrow: string;
/** A key that has exceeded its rate limit. */
let limited: string;
let unconfigured: WorkerUnderTest;

const send = (id: string, asked?: Asked): Promise<Response> => service.fetch(...requestOf(id, key, asked));

/** Sends a request and checks the answer against the document. */
const ask = async (id: string, status: number, asked?: Asked): Promise<string> =>
  judge.judge(id, status, await send(id, asked));

/** Reads a member of an answer's JSON as text. */
const member = (body: string, name: string): string => String(JSON.parse(body)[name]);

/**
 * Reads a stream until it contains `until`, and advances the clock meanwhile. Checks the events against the document.
 */
async function judgeStream(asked: Asked, until: string, id = 'listMessages'): Promise<string> {
  const response = await send(id, asked);
  if (!response.body) throw new Error('the answer has no body');
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const reading = (async () => {
    for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
  })();
  for (let turn = 0; turn < 40 && !text.includes(until); turn++) await service.clock.advance(1_000);
  await reader.cancel();
  await reading;
  expect(text).toContain(until);
  return judge.judge(id, 200, response, text);
}

/** Waits until a record can be written again. Like Workers KV, the store accepts one write of a record per second. */
const later = () => service.clock.advance(2_000);

/** Creates a key and returns its id. */
const newKeyId = async (): Promise<string> => member(await ask('createKey', 201), 'id');

beforeAll(async () => {
  const starting = startWorker({ vars: { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE' } });
  service = await openService();
  key = await service.key({ tickets: true });
  narrow = await service.key({ executions: ['another'] });
  limited = await service.key({ tier: 'standard' });
  await service.script('flow', endedLongAgo(service.clock, 3));
  unconfigured = await starting;
});
afterAll(() => unconfigured.close());

describe('as documented, the service answers', () => {
  test('pages, and conditional requests with a 304', async () => {
    await ask('listMessages', 200, { query: 'maxResults=1' });
    const page = await send('listMessages', { query: 'maxResults=1' });
    const seen = { query: 'maxResults=1', headers: { 'If-None-Match': page.headers.get('ETag') ?? '' } };
    await ask('listMessages', 304, seen);
    await ask('listMessages', 200);
    await ask('listMessages', 200, { query: 'last=2&eventTypes=STEP_STARTED' });
    await service.script('running', [{ eventType: 'EXECUTION_STARTED' }]);
    await ask('listMessages', 200, { about: 'running' });
  });

  test('summaries of running, failed and successful executions', async () => {
    await service.script('failed', [
      { messageId: '0', eventType: 'EXECUTION_STARTED', timestamp: 1_700_000_000 },
      {
        messageId: '1',
        eventType: 'STEP_FAILED',
        timestamp: 1_700_000_001,
        payload: '{"stepName":"Upload"}',
      },
      { messageId: '2', eventType: 'EXECUTION_FAILED', timestamp: 1_700_000_002 },
    ]);
    await service.script('runs', [{ eventType: 'EXECUTION_STARTED' }]);
    for (const about of ['flow', 'failed', 'runs']) await ask('getSummary', 200, { about });
    const summary = await send('getSummary');
    await ask('getSummary', 304, { headers: { 'If-None-Match': summary.headers.get('ETag') ?? '' } });
  });

  test('flows and their executions, in pages and as a live list', async () => {
    await service.runs(MACHINE, [
      { name: 'one', startedAt: service.clock.now() - 60_000, endedAt: service.clock.now() - 50_000 },
      { name: 'two', startedAt: service.clock.now() - 30_000 },
    ]);
    const flow = `flow=${MACHINE}`;
    for (const [id, query] of [
      ['listFlows', 'maxResults=1'],
      ['listExecutions', `${flow}&maxResults=1`],
    ] as const) {
      await ask(id, 200, { query });
      const page = await send(id, { query });
      await ask(id, 304, { query, headers: { 'If-None-Match': page.headers.get('ETag') ?? '' } });
    }
    await ask('listExecutions', 200, { query: `${flow}&startedAfter=2036-01-01&status=FAILED` });
    const headers = { Accept: 'text/event-stream' };
    await judgeStream({ query: flow, headers }, 'event: heartbeat', 'listExecutions');
    expect(judge.seenEvents).toContain('execution');
  });

  test('HEAD with the same headers', async () => {
    for (const { id } of operations.filter(({ method }) => method === 'GET')) {
      const about = id === 'showKey' ? await newKeyId() : 'flow';
      const [got, head] = [await send(id, { about }), await send(id, { about, method: 'HEAD' })];
      const names = (response: Response) =>
        [...response.headers.keys()].filter((name) => name !== 'content-length').toSorted();
      expect([head.status, names(head)], id).toEqual([got.status, names(got)]);
      expect(await head.text()).toBe('');
      await got.body?.cancel();
    }
  });

  test('streams with every event, and with a 204 if no message can follow', async () => {
    const stream = (asked: Asked, until: string) =>
      judgeStream({ ...asked, headers: { Accept: 'text/event-stream', ...asked.headers } }, until);
    const whole = await stream({}, 'event: end');
    const lastId = /id: (\S+)\nevent: end/.exec(whole)?.[1] ?? '';
    await ask('listMessages', 204, { headers: { Accept: 'text/event-stream', 'Last-Event-ID': lastId } });
    await stream({ headers: { 'Last-Event-ID': 'not ours' } }, 'event: end');
    await service.script('silent', [{ eventType: 'EXECUTION_STARTED' }]);
    await stream({ about: 'silent' }, 'event: heartbeat');
    for (const event of ['caught-up', 'end', 'heartbeat', 'message', 'reset']) {
      expect(judge.seenEvents).toContain(event);
    }
  });

  test('tickets and the caller’s own key', async () => {
    await ask('createTicket', 201);
    await ask('getKey', 200);
    await ask('getKey', 200, { query: 'flowExecutionId=flow' });
  });

  test('health', async () => {
    await ask('health', 200);
    await ask('health', 405, { method: 'POST' });
  });

  test('keys, from creation to revocation', async () => {
    const about = await newKeyId();
    await ask('createKey', 201, {
      body: { ...Object(OWN_BODIES['createKey']), owner: 'me', expiresAt: '2036-01-01T00:00:00Z' },
    });
    await ask('showKey', 200, { about });
    await later();
    await ask('changeKey', 200, { about });
    await ask('rotateKey', 201, { about });
    await ask('showKey', 200, { about });
    await ask('listKeys', 200);
    await ask('listKeys', 200, { query: 'limit=1' });
    await ask('revokeKey', 200, { about });
    await ask('showKey', 200, { about });
    await ask('changeKey', 409, { about });
    await ask('rotateKey', 409, { about });
    for (const id of ['showKey', 'changeKey', 'rotateKey', 'revokeKey']) {
      await ask(id, 404, { about: 'unknown1' });
    }
  });

  test('archived executions', async () => {
    await ask('importHistory', 200, { about: 'imported' });
    await ask('listArchivedExecutions', 200);
    await ask('listArchivedExecutions', 200, { query: 'limit=1' });
    await ask('showExecution', 200, { about: 'imported' });
    await ask('showExecution', 200, { about: 'nobody asked' });
    await ask('probe', 200);
    await later();
    await ask('forgetExecution', 204, { about: 'imported' });
    await later();
    await ask('forgetExecution', 404, { about: 'imported' });
  });

  test('in AWS’s protocol, with each of its exceptions', async () => {
    const id = 'ListFlowExecutionMessages';
    await ask(id, 200);
    await ask(id, 200, { body: { flowExecutionId: 'flow', maxResults: 1 } });
    await ask(id, 400, { headers: { 'X-Amz-Target': 'IotThingsGraphFrontEndService.GetFlowTemplate' } });
    await ask(id, 400, { body: '[' });
    await ask(id, 400, { credential: null });
    await ask(id, 400, { credential: narrow });
    await ask(id, 400, { about: 'unknown' });
    await ask(id, 400, { body: { flowExecutionId: 'flow', maxResults: 0 } });
    for (let requests = 0; requests <= 100; requests++) await send(id, { credential: limited });
    await ask(id, 400, { credential: limited });
    await ask(id, 500, { about: await troubled({ xmlErrorRate: 1 }) });
    await service.faults({});
    expect([...judge.seenCodes].filter((code) => code.startsWith(id)).length).toBe(8);
  });
});

let troubles = 0;
/** Scripts an execution and sets the upstream's faults. Returns the id of the execution. */
async function troubled(faults: Record<string, unknown>): Promise<string> {
  const about = `troubled ${troubles++}`;
  await service.script(about, endedLongAgo(service.clock, 3));
  await service.faults(faults);
  return about;
}

describe('as documented, the service refuses', () => {
  test('invalid requests', async () => {
    await ask('listMessages', 400, { query: 'maxResults=0&last=x' });
    await ask('getSummary', 400, { query: 'waitTimeSeconds=99' });
    await ask('listChildren', 400, { query: 'maxResults=251' });
    await ask('createTicket', 400, { body: { ttlSeconds: 0 } });
    await ask('createKey', 400, { body: {} });
    for (const { id, responses } of operations) {
      if (responses.has('400')) await ask(id, 400, { query: 'api_key=one' });
      if (responses.has('413')) {
        const length = { 'Content-Length': String(200 * 1024 * 1024) };
        await ask(id, 413, { body: 'x'.repeat(70_000), headers: id === 'importHistory' ? length : {} });
      }
      if (responses.has('415')) {
        await ask(id, 415, { body: 'a=b', headers: { 'Content-Type': 'application/x-www-form-urlencoded' } });
      }
    }
  });

  test('requests whose body never arrives', async () => {
    for (const { id, responses } of operations) {
      if (!responses.has('408')) continue;
      const asked = send(id, { body: new ReadableStream() });
      await service.clock.advance(60_000);
      await judge.judge(id, 408, await asked);
    }
  });

  test('an import whose execution is deleted meanwhile', async () => {
    const importing = send('importHistory', { about: 'deleted', body: new ReadableStream() });
    await service.clock.advance(1_000);
    await ask('forgetExecution', 404, { about: 'deleted' });
    await judge.judge('importHistory', 409, await importing);
  });

  test('callers without a credential or permission', async () => {
    for (const { id, responses } of operations) {
      if (!responses.has('401')) continue;
      await ask(id, 401, { credential: null });
      await ask(id, 401, { credential: 'nonsense' });
    }
    const ticket = member(await ask('createTicket', 201), 'ticket');
    await ask('getKey', 403, { credential: null, query: `ticket=${ticket}` });
    await ask('listFlows', 403, { credential: null, query: `ticket=${ticket}` });
    await ask('listExecutions', 403, { credential: narrow });
    await ask('createTicket', 403, { credential: narrow, about: 'another' });
    for (const id of OF_ONE) await ask(id, 403, { credential: narrow });
    for (const id of READING) await ask(id, 403, { about: ELSEWHERE });
  });

  test('methods that a path does not support, and lists the supported ones', async () => {
    for (const { id, responses } of operations) {
      if (responses.has('405')) await ask(id, 405, { method: id === 'createTicket' ? 'GET' : 'QUERY' });
    }
  });

  test('callers over their rate limit, on streams with an event', async () => {
    for (let requests = 0; requests <= 100; requests++) await send('getKey', { credential: limited });
    for (const id of [...OF_ONE, 'getKey', 'listFlows', 'listExecutions'])
      await ask(id, 429, { credential: limited });
    await ask('listMessages', 200, { credential: limited, headers: { Accept: 'text/event-stream' } });
    expect([...judge.seenEvents]).toContain('problem');
    const address = '192.0.2.99';
    for (const { id } of operations.filter(({ path }) => path.startsWith('/v1/admin'))) {
      const [path, init] = requestOf(id, key, { credential: 'nonsense' });
      for (let attempts = 0; attempts <= 30; attempts++) await service.fetch(path, init, address);
      await judge.judge(id, 429, await service.fetch(path, init, address));
    }
  });

  test('unknown executions, and cursors of a replaced history', async () => {
    for (const id of READING) await ask(id, 404, { about: 'unknown' });
    await ask('listExecutions', 404, { query: `flow=${MACHINE}-unknown` });
    const off = await openService({ adminToken: '' });
    for (const { id } of operations.filter(({ path }) => path.startsWith('/v1/admin'))) {
      await judge.judge(id, 404, await off.fetch(...requestOf(id, key)));
    }
    await ask('importHistory', 200, { about: 'replaced' });
    const cursor = member(await ask('listMessages', 200, { about: 'replaced' }), 'cursor');
    const other = {
      messages: [{ messageId: 'other', eventType: 'EXECUTION_FAILED', timestamp: 1_700_000_009 }],
    };
    await later();
    await ask('importHistory', 200, { about: 'replaced', body: other });
    await ask('listMessages', 410, { about: 'replaced', query: `cursor=${cursor}` });
    await later();
    await ask('importHistory', 200, { about: 'parent', body: { messages: PARENT } });
    const children = { about: 'parent', query: 'maxResults=1' };
    const nextToken = member(await ask('listChildren', 200, children), 'nextToken');
    const seen = (await send('listChildren', children)).headers.get('ETag') ?? '';
    await ask('listChildren', 304, { ...children, headers: { 'If-None-Match': seen } });
    await later();
    await ask('importHistory', 200, { about: 'parent', body: other });
    await ask('listChildren', 410, { about: 'parent', query: `cursor=${nextToken}` });
  });

  test.each([
    ['throttles', { throttleRate: 1 }, 503],
    ['answers in an unexpected format', { xmlErrorRate: 1 }, 502],
    ['fails', { internalErrorRate: 1 }, 502],
    ['does not answer', { stallRate: 1 }, 504],
  ] as const)('requests that fail because the upstream %s', async (_what, faults, status) => {
    for (const id of READING) {
      const asked = send(id, { about: await troubled(faults) });
      await service.clock.advance(120_000);
      await judge.judge(id, status, await asked);
    }
    await service.faults({});
  });

  test('requests that need the store while it is down', async () => {
    const down = await openService();
    const fresh = await down.key();
    down.restart();
    down.store.failReads();
    down.store.failAfterWrites(0);
    for (const { id, responses } of operations) {
      if (!responses.has('503') || id === 'health') continue;
      const response = await down.fetch(...requestOf(id, fresh, { about: 'unknown1' }));
      if (['showExecution', 'probe'].includes(id)) expect(response.status).toBe(200);
      else await judge.judge(id, 503, response);
    }
  });

  test('every request on workerd while settings are missing', async () => {
    for (const { id, responses } of operations) {
      const response = await unconfigured.fetch(...requestOf(id, 'none'));
      await judge.judge(id, responses.has('503') ? 503 : 500, response);
    }
  });

  test('requests whose handling throws an exception', async () => {
    const app = brokenApp();
    const runtime = { clientAddress: () => '192.0.2.1', waitUntil: () => undefined };
    for (const { id, responses } of operations) {
      if (!responses.has('500')) continue;
      const [path, init] = requestOf(id, 'none');
      await judge.judge(id, 500, await app.fetch(new Request(`${ORIGIN}${path}`, init), { runtime }));
    }
  });
});

/** Answers that occur only if the platform cannot reach a Durable Object, which these tests cannot provoke. */
const OUT_OF_REACH = ['showExecution 503: Retry-After'];

describe('the OpenAPI document', () => {
  test('documents only answers and headers that occurred in the tests above, except those out of reach', () => {
    expect(documentedAnswers.filter((answer) => !judge.seen.has(answer))).toEqual([]);
    expect(documentedHeaders.filter((header) => !judge.seenHeaders.has(header))).toEqual(OUT_OF_REACH);
  });
});
