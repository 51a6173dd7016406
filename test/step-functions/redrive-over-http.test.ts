/**
 * An execution that is redriven after it was archived, as callers see it. The whole service runs in this
 * process, on a clock that moves by hours, with the emulator as Step Functions. Over 300 lines, because
 * pages, streams and waiting requests are tested with the same scenario.
 */
import { beforeEach, describe, expect, test } from 'vitest';

import {
  openService,
  pageOf,
  path,
  type PageJson,
  type ServiceUnderTest,
} from '../http/service-under-test.ts';
import { StreamReader } from '../support/sse-reader.ts';
import { arnOf } from './source-under-test.ts';
import { nextTurn } from '../sources/things-graph-under-test.ts';

const ARN = arnOf('redriven');
/** More events than one page of the source or of the archive can have. */
const FIRST = 260;
const SECOND = 30;
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const idsFrom = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => String(first + index));
const idsOf = ({ messages }: Pick<PageJson, 'messages'>) => messages.map(({ messageId }) => messageId);

const failedRun = [
  { type: 'ExecutionStarted', executionStartedEventDetails: { input: '{}' } },
  ...Array.from({ length: FIRST - 3 }, () => ({
    type: 'TaskStateEntered',
    stateEnteredEventDetails: { name: 'Work', input: '{}' },
  })),
  { type: 'TaskFailed', taskFailedEventDetails: { error: 'Broken', cause: 'of itself' } },
  { type: 'ExecutionFailed', executionFailedEventDetails: { error: 'Broken', cause: 'of itself' } },
];
/** The events that a redrive adds, one per second. */
const secondRun = (end?: string) =>
  [
    { type: 'ExecutionRedriven', executionRedrivenEventDetails: { redriveCount: 1 } },
    ...Array.from({ length: SECOND - 2 }, () => ({ type: 'TaskStateEntered' })),
    { type: end ?? 'TaskStateEntered' },
  ].map((event, index) => ({ ...event, afterMs: index * 1_000 }));

let service: ServiceUnderTest;
/** Lets a test change the answers of Step Functions. */
let tamper: (operation: string, answer: Response) => Response | Promise<Response>;

const operationOf = (request: Request) => request.headers.get('x-amz-target')?.split('.')[1] ?? 'AssumeRole';

beforeEach(async () => {
  tamper = (_, answer) => answer;
  service = await openService(
    {},
    {
      upstream: async (request) => tamper(operationOf(request), await service.emulator.fetch(request)),
    },
  );
  await script(failedRun.map((event) => ({ ...event, afterMs: -MINUTE_MS })));
});

async function script(events: readonly object[], append = false): Promise<void> {
  const request = new Request('http://emulator/_emulator/executions', {
    method: 'POST',
    body: JSON.stringify({ executionArn: ARN, events, append, ...(!append && { afterMs: -MINUTE_MS }) }),
  });
  const response = await service.emulator.fetch(request);
  if (!response.ok) throw new Error(await response.text());
}

const redrive = (end?: string) => script(secondRun(end), true);

/** Advances the clock in small steps until `work` is done. */
async function inTime<T>(work: Promise<T>, stepMs = 250): Promise<T> {
  let over = false;
  void work.then(
    () => (over = true),
    () => (over = true),
  );
  while (!over) {
    // Compressing an archive takes real time in another thread, so wait for a turn of the event loop.
    await nextTurn();
    if (!over) await service.clock.advance(stepMs);
  }
  return work;
}

/** Waits for `work` without advancing the clock. */
const atOnce = <T>(work: Promise<T>) => inTime(work, 0);

async function readAll(maxResults = 100): Promise<(string | undefined)[]> {
  const ids: (string | undefined)[] = [];
  let next = '';
  do {
    const page = await atOnce(
      pageOf(service.get(path(ARN, `maxResults=${maxResults}${next && `&nextToken=${next}`}`))),
    );
    ids.push(...idsOf(page));
    next = page.nextToken ?? '';
  } while (next !== '');
  return ids;
}

const archivings = () => service.logged.filter(({ event }) => event === 'archived').length;
const described = () => service.emulator.stats().byOperation['DescribeExecution'] ?? 0;
const historyCalls = () => service.emulator.stats().byOperation['GetExecutionHistory'] ?? 0;

/** Reads the execution, which ended a minute ago, and waits until it is archived. */
async function archiveIt(): Promise<void> {
  expect(await readAll()).toEqual(idsFrom(1, FIRST));
  while (archivings() === 0) {
    await nextTurn();
    await service.clock.advance(0);
  }
  expect(archivings()).toBe(1);
}

const openStream = (lastEventId?: string) =>
  atOnce(
    service.get(path(ARN), {
      Accept: 'text/event-stream',
      ...(lastEventId !== undefined && { 'Last-Event-ID': lastEventId }),
    }),
  );

/** Reads a whole stream until it closes. */
async function streamed(lastEventId?: string): Promise<StreamReader> {
  const response = await openStream(lastEventId);
  expect(response.status).toBe(200);
  return inTime(new StreamReader(response.body).readAll());
}

const lastIdOf = (stream: StreamReader) => stream.parser.lastEventId;
const summary = async (query = '') =>
  (await (await service.get(path(ARN, query, ''))).json()) as Record<string, unknown>;

describe('an execution that is redriven after its end', () => {
  test('continues to its new end for a client that reconnects with the id of its old end', async () => {
    await archiveIt();
    const first = await streamed();
    expect(first.messageIds).toEqual(idsFrom(1, FIRST));
    expect(first.named('end').map(({ data }) => data)).toEqual(['{"status":"FAILED"}']);
    const afterEnd = lastIdOf(first);
    const before = { described: described(), history: historyCalls() };
    await service.clock.advance(HOUR_MS);
    expect((await openStream(afterEnd)).status).toBe(204);
    expect(described()).toBe(before.described + 1);
    // No further check is made within a minute.
    await service.clock.advance(MINUTE_MS - 1_000);
    expect((await openStream(afterEnd)).status).toBe(204);
    expect(described()).toBe(before.described + 1);
    expect(historyCalls()).toBe(before.history);

    await redrive('ExecutionSucceeded');
    await service.clock.advance(1_000);
    const second = await streamed(afterEnd);
    // Two more descriptions: one checked for a redrive, and the other is stored in the new archive.
    expect(described()).toBe(before.described + 3);
    expect(second.messageIds).toEqual(idsFrom(FIRST + 1, FIRST + SECOND));
    expect(second.named('reset')).toEqual([]);
    expect(second.named('end').map(({ data }) => data)).toEqual(['{"status":"SUCCEEDED"}']);

    // A successful execution cannot be redriven, so its end is final without a check.
    const asked = described();
    expect((await openStream(lastIdOf(second))).status).toBe(204);
    await service.clock.advance(HOUR_MS);
    expect(await readAll(33)).toEqual(idsFrom(1, FIRST + SECOND));
    expect((await openStream(lastIdOf(second))).status).toBe(204);
    expect((await streamed(afterEnd)).messageIds).toEqual(idsFrom(FIRST + 1, FIRST + SECOND));
    expect(described()).toBe(asked);
    expect(archivings()).toBe(2);
  });

  test('has its new messages on further pages, and earlier cursors and ids keep their positions', async () => {
    await archiveIt();
    const early = await pageOf(service.get(path(ARN, 'maxResults=120')));
    const atEnd = await pageOf(service.get(path(ARN, 'last=1')));
    expect(atEnd.status).toBe('FAILED');
    await service.clock.advance(HOUR_MS);
    await redrive();
    const onward = await atOnce(pageOf(service.get(path(ARN, `cursor=${early.cursor}&maxResults=250`))));
    expect(idsOf(onward).slice(0, FIRST - 120)).toEqual(idsFrom(121, FIRST));
    expect(onward.status).toBe('RUNNING');
    await service.clock.advance(SECOND * 1_000);
    const added = await atOnce(pageOf(service.get(path(ARN, `cursor=${atEnd.cursor}`))));
    expect(idsOf(added)).toEqual(idsFrom(FIRST + 1, FIRST + SECOND));
    expect(await readAll(41)).toEqual(idsFrom(1, FIRST + SECOND));
    expect(await atOnce(summary())).toMatchObject({ status: 'RUNNING', final: false });
    expect(await atOnce(summary())).not.toHaveProperty('endedAt');
    // The cursor from the middle of the history, from before the redrive, also opens a stream.
    const stream = new StreamReader((await openStream(early.cursor)).body);
    while (stream.named('caught-up').length === 0) await inTime(stream.readOne());
    expect(stream.messageIds).toEqual(idsFrom(121, FIRST + SECOND));
    await stream.cancel();
  });

  test('lets requests wait for its new end', async () => {
    await archiveIt();
    const atEnd = await pageOf(service.get(path(ARN, 'last=1')));
    await service.clock.advance(HOUR_MS);
    expect(await inTime(summary('waitTimeSeconds=50'))).toMatchObject({ status: 'FAILED', final: false });
    await service.clock.advance(MINUTE_MS);
    await redrive('ExecutionAborted');
    const startMs = service.clock.now();
    const ended = inTime(summary('waitTimeSeconds=50'));
    const next = service.get(path(ARN, `cursor=${atEnd.cursor}&waitTimeSeconds=50`)).then(pageOf);
    expect(await ended).toMatchObject({ status: 'ABORTED', messageCount: FIRST + SECOND, final: false });
    expect(service.clock.now() - startMs).toBeGreaterThanOrEqual((SECOND - 1) * 1_000);
    expect(idsOf(await next)[0]).toBe(String(FIRST + 1));
  });

  test('keeps positions valid if it is redriven again', async () => {
    await archiveIt();
    const afterEnd = lastIdOf(await streamed());
    await service.clock.advance(HOUR_MS);
    await redrive('ExecutionTimedOut');
    const second = await streamed(afterEnd);
    expect(second.named('end').map(({ data }) => data)).toEqual(['{"status":"FAILED"}']);
    await service.clock.advance(HOUR_MS);
    await redrive('ExecutionSucceeded');
    const third = await streamed(lastIdOf(second));
    expect(third.messageIds).toEqual(idsFrom(FIRST + SECOND + 1, FIRST + 2 * SECOND));
    expect(await readAll()).toEqual(idsFrom(1, FIRST + 2 * SECOND));
  });

  test('continues even if the store never accepted its archive', async () => {
    service.store.failAfterWrites(0);
    const first = await streamed();
    expect(first.messageIds).toEqual(idsFrom(1, FIRST));
    expect(first.named('end')).toHaveLength(1);
    expect(archivings()).toBe(0);
    const afterEnd = lastIdOf(first);
    const before = described();
    expect((await openStream(afterEnd)).status).toBe(204);
    expect(described()).toBe(before + 1);
    await service.clock.advance(MINUTE_MS);
    await redrive('ExecutionSucceeded');
    expect(await readAll()).toEqual(idsFrom(1, FIRST + 1));
    const second = await streamed(afterEnd);
    expect(second.messageIds).toEqual(idsFrom(FIRST + 1, FIRST + SECOND));
    expect(second.named('end').map(({ data }) => data)).toEqual(['{"status":"SUCCEEDED"}']);
  });
});

describe('an archived execution that can still be redriven', () => {
  test('is served from the archive while Step Functions cannot be reached, but gives no stream a 204', async () => {
    await archiveIt();
    const afterEnd = lastIdOf(await streamed());
    await service.clock.advance(HOUR_MS);
    await service.faults({ throttleRate: 1 });
    const response = await inTime(
      service.get(path(ARN), { Accept: 'text/event-stream', 'Last-Event-ID': afterEnd }),
    );
    expect(response.status).toBe(200);
    const events = await inTime(new StreamReader(response.body).readAll());
    expect(events.named('problem')).toHaveLength(1);
    expect(events.parser.retryMs).toBeGreaterThan(0);
    expect(await inTime(readAll())).toEqual(idsFrom(1, FIRST));
  });

  test('must be revalidated by clients until it is final', async () => {
    await archiveIt();
    const response = await service.get(path(ARN));
    expect(response.headers.get('Cache-Control')).toBe('private, no-cache');
    expect(response.headers.get('Cache-Status')).toMatch(/^flowtap; hit; detail=(?:memory|kv)$/);
    await service.clock.advance(14 * 24 * HOUR_MS);
    const later = await service.get(path(ARN));
    expect(later.headers.get('Cache-Control')).toBe('private, max-age=300');
    expect(await summary()).toMatchObject({ final: true, upstreamStatus: 'FAILED' });
  });

  test('is final after 14 days, so a reconnect after its end gets a 204 without a check', async () => {
    await archiveIt();
    const afterEnd = lastIdOf(await streamed());
    await service.clock.advance(14 * 24 * HOUR_MS);
    const asked = described();
    expect((await openStream(afterEnd)).status).toBe(204);
    expect(described()).toBe(asked);
  });

  test('is served from the archive by another isolate, even without Step Functions', async () => {
    await archiveIt();
    const calls = historyCalls();
    service.restart();
    expect(await readAll()).toEqual(idsFrom(1, FIRST));
    expect(historyCalls()).toBe(calls);
    service.restart();
    service.stopUpstream();
    expect(await inTime(readAll())).toEqual(idsFrom(1, FIRST));
  });

  test('is not taken for redriven if its two end times differ by milliseconds', async () => {
    // AWS reads its clock twice: once for the timestamp of the last event, and once for the stopDate of the
    // execution.
    tamper = async (operation, answer) => {
      if (operation !== 'DescribeExecution') return answer;
      const description = (await answer.json()) as { stopDate: number };
      return Response.json({ ...description, stopDate: description.stopDate + 0.037 });
    };
    await archiveIt();
    const calls = historyCalls();
    for (let minute = 0; minute < 3; minute++) {
      await service.clock.advance(MINUTE_MS);
      expect(await readAll()).toEqual(idsFrom(1, FIRST));
    }
    expect(historyCalls()).toBe(calls);
    expect(archivings()).toBe(1);
  });

  test('is final once Step Functions no longer has it', async () => {
    await archiveIt();
    const afterEnd = lastIdOf(await streamed());
    await service.clock.advance(HOUR_MS);
    tamper = () =>
      Response.json(
        { __type: 'ExecutionDoesNotExist', message: 'Execution Does Not Exist' },
        { status: 400, headers: { 'content-type': 'application/x-amz-json-1.0' } },
      );
    expect((await openStream(afterEnd)).status).toBe(204);
    expect(await readAll()).toEqual(idsFrom(1, FIRST));
  });
});
