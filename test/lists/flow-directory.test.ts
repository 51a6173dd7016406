import { describe, expect, test } from 'vitest';
import { ExecutionIndex } from '../../src/archive/execution-index.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { FLOWS_FRESH_MS, FLOWS_RETRY_MS, FlowDirectory } from '../../src/lists/flow-directory.ts';
import type { FlowsPage, FlowsRequest } from '../../src/lists/lists.ts';
import { READING_WAIT_MS_MAX } from '../../src/lists/shared-reading.ts';
import type { SourceFlow } from '../../src/sources/listing-source.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ScriptedListing } from '../support/scripted-listing.ts';

const machine = (name: string, type = 'STANDARD'): SourceFlow => ({
  flow: `arn:aws:states:us-west-2:123456789012:stateMachine:${name}`,
  name,
  type,
  members: { name, type },
});
const WORKFLOW = 'urn:tdm:us-west-2/123456789012/default:Workflow:Alarm';

function directoryUnderTest(flows: readonly SourceFlow[], pageSizeMax = 2, isIndexComplete = true) {
  const clock = new ManualClock();
  const store = new FaultyStore(createMemoryStore({ clock }));
  const index = Object.assign(new ExecutionIndex({ store, clock }), {
    isComplete: async () => isIndexComplete,
  });
  const source = new ScriptedListing({ pageSizeMax });
  source.flows = flows;
  const directory = new FlowDirectory({ sources: [source], index, clock });
  const archive = (executionId: string) =>
    index.put(parseExecutionRef(executionId), {
      v: 1,
      generation: '0'.repeat(16),
      count: 1,
      status: 'SUCCEEDED',
      archivedAt: new Date(clock.now()).toISOString(),
      from: 'import',
    });
  const ask = (request: Partial<FlowsRequest> = {}, signal?: AbortSignal) =>
    directory.flows({ patterns: ['*'], maxResults: 50, tenant: 'key/a', ...request }, signal);
  const flowsOf = async (request: Partial<FlowsRequest> = {}): Promise<FlowsPage> => {
    const page = await ask(request);
    if (!page.ok) throw new Error(page.failure.type);
    return page.value;
  };
  return { clock, store, source, directory, archive, ask, flowsOf };
}

const names = ({ flows }: FlowsPage) => flows.map(({ name }) => name);

describe('the flows of a key', () => {
  test('come from all upstream pages and the archive, each once and sorted, without EXPRESS state machines', async () => {
    const { archive, flowsOf } = directoryUnderTest([
      machine('Window'),
      machine('Fast', 'EXPRESS'),
      machine('Door'),
      machine('Bell'),
    ]);
    await archive('arn:aws:states:us-west-2:123456789012:execution:Door:front-7');
    await archive('arn:aws:states:us-west-2:123456789012:execution:Deleted:old');
    await archive(`${WORKFLOW}_2019-05-11T19:39:55.317Z_MotionSensor_1`);
    await archive('69b151ad-a611-42f5-ac21-fe537f9868ad');
    expect(await flowsOf()).toEqual({
      flows: [
        { flow: machine('Bell').flow, source: 'step-functions', name: 'Bell' },
        { flow: machine('Deleted').flow, source: 'step-functions', name: 'Deleted' },
        { flow: machine('Door').flow, source: 'step-functions', name: 'Door' },
        { flow: machine('Window').flow, source: 'step-functions', name: 'Window' },
        { flow: WORKFLOW, source: 'things-graph', name: 'Alarm' },
      ],
      upstreamCalls: 2,
    });
  });

  test('are only those whose executions it may read; no call is made for accounts and regions outside its patterns', async () => {
    const { source, flowsOf } = directoryUnderTest([machine('Window'), machine('Door'), machine('Bell')]);
    const region = 'arn:aws:states:us-west-2:123456789012:execution:';
    expect(names(await flowsOf({ patterns: [`${region}Do*`] }))).toEqual(['Door']);
    expect(names(await flowsOf({ patterns: ['arn:aws:states:*:execution:Bell:*'] }))).toEqual(['Bell']);
    const calls = source.calls.length;
    const elsewhere = directoryUnderTest([machine('Door')]);
    expect(
      names(await elsewhere.flowsOf({ patterns: ['arn:aws:states:*:210987654321:execution:*', 'urn:*'] })),
    ).toEqual([]);
    expect([calls, elsewhere.source.calls.length]).toEqual([2, 0]);
  });

  test('come in pages', async () => {
    const { flowsOf } = directoryUnderTest(['A', 'B', 'C', 'D', 'E'].map((name) => machine(name)));
    const first = await flowsOf({ maxResults: 2 });
    const second = await flowsOf({ maxResults: 2, ...(first.next !== undefined && { after: first.next }) });
    const third = await flowsOf({ maxResults: 2, ...(second.next !== undefined && { after: second.next }) });
    expect([first, second, third].map(names)).toEqual([['A', 'B'], ['C', 'D'], ['E']]);
    expect(third.next).toBeUndefined();
  });

  test("in one region have AWS's own members, and include EXPRESS state machines", async () => {
    const { flowsOf } = directoryUnderTest([machine('Door'), machine('Fast', 'EXPRESS')]);
    const { flows } = await flowsOf({ upstreamRegion: 'us-west-2' });
    expect(flows.map(({ members }) => members)).toEqual([
      { name: 'Door', type: 'STANDARD' },
      { name: 'Fast', type: 'EXPRESS' },
    ]);
    expect((await flowsOf({ upstreamRegion: 'eu-west-1' })).flows).toEqual([]);
  });
});

describe('upstream calls for flows', () => {
  test('are as many for 200 readers as for one, and are repeated after half a minute', async () => {
    const { clock, source, flowsOf } = directoryUnderTest([machine('A'), machine('B'), machine('C')]);
    source.hold();
    const readers = Array.from({ length: 200 }, (_, reader) => flowsOf({ tenant: `key/${reader % 20}` }));
    await clock.advance(500);
    source.release();
    await clock.advance(500);
    for (const page of await Promise.all(readers)) expect(names(page)).toEqual(['A', 'B', 'C']);
    expect(source.calls.length).toBe(2);
    await clock.advance(FLOWS_FRESH_MS - 1_100);
    await flowsOf();
    expect(source.calls.length).toBe(2);
    await clock.advance(1_100);
    await flowsOf();
    expect(source.calls.length).toBe(4);
  });

  test('are repeated some seconds after a failure, and during these seconds only archived flows are listed', async () => {
    const { clock, source, archive, flowsOf } = directoryUnderTest([machine('Window')]);
    await archive('arn:aws:states:us-west-2:123456789012:execution:Door:front-7');
    source.conduct = () => ({ failure: 'upstream-broken' });
    for (let again = 0; again < 3; again++)
      expect(await flowsOf()).toMatchObject({ flows: [{ name: 'Door' }], partial: true });
    expect(source.calls.length).toBe(1);
    source.conduct = () => ({});
    await clock.advance(FLOWS_RETRY_MS);
    const page = await flowsOf();
    expect(names(page)).toEqual(['Door', 'Window']);
    expect(page.partial).toBeUndefined();
  });

  test('stop when the upstream repeats a token', async () => {
    const { source, flowsOf } = directoryUnderTest([]);
    source.listFlows = async (_place, token, { origin }) => {
      source.calls.push({ token, upstreamStatus: undefined, origin });
      return { ok: true, value: { flows: [machine('Window')], nextToken: token === 'a' ? 'b' : 'a' } };
    };
    expect(await flowsOf()).toMatchObject({ flows: [{ name: 'Window' }], partial: true });
    expect(source.calls.map(({ token }) => token)).toEqual([undefined, 'a', 'b']);
  });

  test('that are throttled fail the request if there are no archived flows to list', async () => {
    const { source, ask } = directoryUnderTest([machine('Window')]);
    source.conduct = () => ({ failure: 'upstream-throttled' });
    expect(await ask()).toMatchObject({ ok: false, failure: { type: 'upstream-throttled' } });
  });
});

test('a request that waits for the upstream calls of another request gives up after some seconds, or when its caller leaves', async () => {
  const { clock, source, ask } = directoryUnderTest([machine('Window')]);
  source.hold();
  const reading = ask();
  await settle();
  const left = new AbortController();
  const leaving = ask({}, left.signal);
  const waiting = ask();
  left.abort();
  expect(await leaving).toMatchObject({ ok: false });
  await clock.advance(READING_WAIT_MS_MAX + 100);
  expect(await waiting).toMatchObject({
    ok: false,
    failure: { type: 'upstream-throttled', retryAfterSeconds: 5 },
  });
  source.release();
  expect(await reading).toMatchObject({ ok: true });
  expect(source.calls).toHaveLength(1);
});

test('a tenant that exceeds its share of the budget does not make the requests of other tenants fail', async () => {
  const { clock, source, flowsOf } = directoryUnderTest([machine('Window')]);
  source.conduct = ({ origin }) =>
    origin.class === 'reader' && origin.tenant === 'key/a' ? { failure: 'upstream-share-exceeded' } : {};
  const both = Promise.allSettled([flowsOf(), flowsOf({ tenant: 'key/b' })]);
  await clock.advance(100);
  expect(await both).toMatchObject([
    { status: 'rejected' },
    { status: 'fulfilled', value: { flows: [{ name: 'Window' }] } },
  ]);
});

test('if the store fails, the upstream flows are listed and marked as partial', async () => {
  const { store, flowsOf } = directoryUnderTest([machine('Window')]);
  store.failReads();
  expect(await flowsOf()).toMatchObject({ flows: [{ name: 'Window' }], partial: true });
});
