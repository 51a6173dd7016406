import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { epochSecondsFromIso } from '../../src/messages/timestamp.ts';
import {
  type ServiceUnderTest,
  endedLongAgo,
  openService,
  pageOf,
  path,
} from '../http/service-under-test.ts';
import { type AwsMessage, type AwsPage, awsPageOf, callAws } from './aws-call.ts';
import { runs } from '../support/seeded-random.ts';

const ID = 'urn:tdm:us-west-2/123456789012/default:Workflow:Flow_2026-01-01T00:00:00.000Z_T_1';

let service: ServiceUnderTest;
let key: string;
beforeEach(async () => {
  service = await openService();
  key = await service.key();
});

const list = (input: Record<string, unknown>): Promise<AwsPage> =>
  awsPageOf(callAws(service, { key, input: { flowExecutionId: ID, ...input } }));

/** Advances time until the execution is archived. */
async function untilArchived(id = ID): Promise<void> {
  for (;;) {
    const summary: unknown = await (await service.get(path(id, '', ''))).json();
    if (typeof summary === 'object' && summary !== null && 'archivedAt' in summary) return;
    await service.clock.advance(1_000);
  }
}

/** Reads all pages like a paginator: follows tokens, and throws if an answer repeats its token. */
async function listAll(
  maxResults: () => number | undefined | Promise<number | undefined>,
  flowExecutionId = ID,
): Promise<AwsMessage[]> {
  const messages: AwsMessage[] = [];
  let nextToken: string | undefined;
  do {
    const page = await list({ flowExecutionId, maxResults: await maxResults(), nextToken });
    if (page.nextToken !== undefined && page.nextToken === nextToken)
      throw new Error('the answer repeats its token');
    messages.push(...page.messages);
    ({ nextToken } = page);
  } while (nextToken !== undefined);
  return messages;
}

describe('a page', () => {
  it('is AWS JSON with a request id, without CORS headers, and not cacheable', async () => {
    await service.script(ID, endedLongAgo(service.clock, 3));
    const response = await callAws(service, { key, input: { flowExecutionId: ID } });
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'application/x-amz-json-1.1',
      'cache-control': 'no-store',
      'x-amzn-requestid': response.headers.get('X-Request-Id'),
    });
    expect(response.headers.get('Access-Control-Allow-Origin')).toBeNull();
    expect(service.requests().at(-1)).toMatchObject({
      requestId: response.headers.get('x-amzn-RequestId'),
      route: 'aws-ListFlowExecutionMessages',
      method: 'POST',
      status: 200,
      keyId: key.slice(4, 12),
      execution: ID,
      source: 'things-graph',
      upstreamCalls: 1,
    });
  });

  it('has times in fractional epoch seconds, and omits members that the upstream omitted', async () => {
    const messages = [
      {
        messageId: '0',
        eventType: 'EXECUTION_STARTED',
        timestamp: 1559247540.656,
        payload: 'Flow execution started',
      },
      { messageId: '1', eventType: 'STEP_STARTED', timestamp: 1559247541, payload: '' },
      { messageId: '2', eventType: 'A_TYPE_OF_TOMORROW', timestamp: 1559247541.123456 },
      { eventType: 'STEP_SUCCEEDED', timestamp: null, payload: '{stepId: S, "ü\u2028\ud800' },
    ];
    await service.script(ID, messages);
    const { timestamp: _, ...last } = messages[3] ?? {};
    expect(await list({})).toEqual({ messages: [...messages.slice(0, 3), last] });
  });

  it('has at most 100 messages by default, or 1 to 250 with maxResults', async () => {
    await service.script(ID, endedLongAgo(service.clock, 300));
    expect((await list({})).messages).toHaveLength(100);
    expect((await list({ maxResults: null })).messages).toHaveLength(100);
    expect((await list({ maxResults: 1 })).messages).toHaveLength(1);
    expect((await list({ maxResults: 250 })).messages).toHaveLength(250);
  });

  it('has a nextToken only if more messages exist, and omits it otherwise', async () => {
    await service.script(ID, endedLongAgo(service.clock, 4));
    const first = await list({ maxResults: 2 });
    expect(first.nextToken).toMatch(/^[\w-]{40}$/);
    expect(await list({ maxResults: 2, nextToken: first.nextToken })).not.toHaveProperty('nextToken');
    expect(await list({ maxResults: 4 })).not.toHaveProperty('nextToken');
  });

  it('is an empty list for an execution without messages', async () => {
    await service.script(ID, []);
    expect(await list({})).toEqual({ messages: [] });
  });

  it('shows no payloads to a key without access to them, live or archived', async () => {
    await service.script(ID, endedLongAgo(service.clock, 4));
    const shy = await service.key({ payloads: 'none' });
    const read = async (nextToken?: string) =>
      awsPageOf(callAws(service, { key: shy, input: { flowExecutionId: ID, maxResults: 2, nextToken } }));
    const isBare = (messages: readonly AwsMessage[]) => messages.every((message) => !('payload' in message));
    const live = await read();
    expect(isBare(live.messages) && isBare((await read(live.nextToken)).messages)).toBe(true);
    await untilArchived();
    const archived = await read();
    expect(archived.messages).toHaveLength(2);
    expect(isBare(archived.messages) && isBare((await read(archived.nextToken)).messages)).toBe(true);
  });

  it('of an archived execution costs no upstream call, even if the upstream has deleted it', async () => {
    await service.script(ID, endedLongAgo(service.clock, 30));
    const live = await listAll(() => 7);
    await untilArchived();
    const calls = service.calls();
    service.stopUpstream();
    service.restart();
    expect(await listAll(() => 7)).toEqual(live);
    expect(service.calls()).toBe(calls);
  });
});

describe('tokens', () => {
  it('of either protocol work in the other, and both return the same messages', async () => {
    await service.script(ID, endedLongAgo(service.clock, 9));
    const rest = await pageOf(service.get(path(ID, 'maxResults=3')));
    const aws = await list({ maxResults: 3 });
    expect(aws.nextToken).toBe(rest.nextToken);

    const awsAfterRest = await list({ maxResults: 3, nextToken: rest.nextToken });
    const restAfterAws = await pageOf(service.get(path(ID, `maxResults=3&nextToken=${aws.nextToken ?? ''}`)));
    const inSeconds = restAfterAws.messages.map((message) => ({
      ...message,
      timestamp: epochSecondsFromIso(message.timestamp ?? ''),
    }));
    expect(awsAfterRest.messages).toEqual(inSeconds);
    expect(awsAfterRest.messages.map(({ messageId }) => messageId)).toEqual(['3', '4', '5']);
  });

  it('at the end of a running execution return an empty page, and later the new messages', async () => {
    await service.script(ID, [{ messageId: '0' }, { messageId: '1', afterMs: 60_000 }]);
    const { cursor } = await pageOf(service.get(path(ID)));
    expect(await list({ nextToken: cursor })).toEqual({ messages: [] });
    await service.clock.advance(61_000);
    expect((await list({ nextToken: cursor })).messages).toMatchObject([{ messageId: '1' }]);
  });

  it('are never repeated by an answer, even while a running execution grows', async () => {
    const messages = Array.from({ length: 40 }, (_, at) => ({ messageId: String(at), afterMs: at * 500 }));
    await service.script(ID, messages);
    for (let round = 0; round < 20; round++) {
      const read = await listAll(() => 3);
      expect(read.map(({ messageId }) => messageId)).toEqual(
        messages.slice(0, read.length).map(({ messageId }) => messageId),
      );
      await service.clock.advance(1_300);
    }
  });

  it('yield each message exactly once, with any page sizes, even if the execution is archived half-way', async () => {
    const all = endedLongAgo(service.clock, 60);
    const expected = all.map(({ messageId }) => messageId);
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }),
        fc.nat({ max: 3 }),
        async (sizes, archivedBefore) => {
          const id = `${ID}-${run++}`;
          await service.script(id, all);
          let page = 0;
          const read = await listAll(async () => {
            if (page === archivedBefore) await untilArchived(id);
            return sizes[page++ % sizes.length];
          }, id);
          expect(read.map(({ messageId }) => messageId)).toEqual(expected);
        },
      ),
      { numRuns: runs(25) },
    );
  });

  it('yield each message exactly once if the upstream sends short or empty pages and loses tokens', async () => {
    const all = endedLongAgo(service.clock, 600);
    await service.script(ID, all);
    await service.faults({ shortPageRate: 0.4, emptyPageRate: 0.2, tokenLifetimeMs: 50, seed: 7 });
    const read = await listAll(() => 40);
    expect(read.map(({ messageId }) => messageId)).toEqual(all.map(({ messageId }) => messageId));
  });
});
