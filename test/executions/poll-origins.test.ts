/**
 * How the calls of polls are classified and charged. Only a poll whose interval has passed is queued before
 * the calls of readers.
 */
import { afterEach, expect, test } from 'vitest';

import type { StreamRequest } from '../../src/executions/executions.ts';
import type { CallOrigin } from '../../src/sources/source.ts';
import { someHistory } from '../support/histories.ts';
import { ExecutionsUnderTest, READER, REF, valueOf } from './executions-under-test.ts';

const origins = (under: ExecutionsUnderTest) => under.source.calls.map(({ origin }) => origin);
const classesOf = (of: readonly CallOrigin[]) => new Set(of.map((origin) => origin.class));
const open: AbortController[] = [];

afterEach(() => {
  for (const stream of open.splice(0)) stream.abort();
});

/** Opens a stream, and returns a function that closes it. */
async function follow(under: ExecutionsUnderTest, tenant: string): Promise<() => Promise<void>> {
  const request: StreamRequest = {
    ...READER,
    keyId: tenant,
    tenant,
    from: { at: 'start' },
    payloads: 'full',
    grant: {},
  };
  const closed = new AbortController();
  open.push(closed);
  const opened = under.executions.stream(REF, request, closed.signal);
  await under.clock.advance(1);
  valueOf(await opened);
  return async () => {
    closed.abort();
    await under.clock.advance(1);
  };
}

test('the first poll for a new listener is classified as a reader call, and later polls as poll calls', async () => {
  // The last page is not the first one, so in later rounds a stream can open from memory, without a call.
  const under = new ExecutionsUnderTest({ messages: someHistory({ length: 3 }), pageSizeMax: 2 });
  const wanted: CallOrigin[] = [];
  Object.assign(under.source, {
    raisePriority: (_ref: unknown, origin: CallOrigin) => wanted.push(origin),
  });
  for (let times = 0; times < 3; times++) {
    under.source.forgetCalls();
    wanted.length = 0;
    const close = await follow(under, 'tenant');
    await under.clock.advance(200);
    expect(under.source.calls).not.toEqual([]);
    expect(classesOf([...origins(under), ...wanted])).toEqual(new Set(['reader']));
    under.source.forgetCalls();
    await under.clock.advance(3_000);
    expect(under.source.calls.length).toBeGreaterThanOrEqual(3);
    expect(classesOf(origins(under))).toEqual(new Set(['poll']));
    await close();
    await under.clock.advance(60_000);
  }
});

test('a poll that finds many unread pages makes one call as a poll, and the others as reads of its listeners', async () => {
  const under = new ExecutionsUnderTest({ messages: someHistory({ length: 3 }), pageSizeMax: 10 });
  await follow(under, 'one');
  await follow(under, 'two');
  await under.clock.advance(2_000);
  const payers = new Set<string>();
  for (let bursts = 0; bursts < 4; bursts++) {
    under.source.forgetCalls();
    under.source.append(...someHistory({ length: 303 + 300 * bursts }).slice(3 + 300 * bursts));
    await under.clock.advance(1_100);
    const [poll, ...walk] = origins(under);
    expect(poll?.class).toBe('poll');
    const reads = walk.filter((origin) => origin.class === 'reader');
    expect(reads.length).toBeGreaterThanOrEqual(29);
    for (const { tenant } of reads) payers.add(tenant);
  }
  expect(payers).toEqual(new Set(['one', 'two']));
});
