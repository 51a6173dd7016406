/** Tests the order in which waiting calls get their turns. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  BACKGROUND_EVERY_MS,
  CallQueue,
  type WaitingCall,
  WAITING_MAX,
} from '../../src/sources/call-budget/call-queue.ts';
import type { CallOrigin } from '../../src/sources/source.ts';

const reader = (tenant: string): CallOrigin => ({ class: 'reader', tenant });
const POLL: CallOrigin = { class: 'poll' };
const BACKGROUND: CallOrigin = { class: 'background' };

/** Grants the next call, as a budget does while polls have not used up their part. */
const grantNext = (queue: CallQueue, nowMs = 0) => queue.grantPoll(nowMs) ?? queue.grantRead(nowMs);

class QueueUnderTest {
  readonly queue = new CallQueue({ tenantWaitingMax: 150 });
  readonly #calls: { readonly name: string; readonly call: WaitingCall }[] = [];

  add(name: string, origin: CallOrigin, { executionId = name, nowMs = 0 } = {}): WaitingCall {
    const call = this.queue.add(executionId, origin, nowMs);
    if (!call) throw new Error(`refused: ${name}`);
    this.#calls.push({ name, call });
    return call;
  }

  /** Grants all waiting calls. Returns their names in the order of their turns. */
  grantAll(nowMs = 0): string[] {
    const order: string[] = [];
    for (;;) {
      const before = new Set(this.#calls.filter(({ call }) => call.granted));
      if (!grantNext(this.queue, nowMs)) return order;
      order.push(
        ...this.#calls.filter((known) => known.call.granted && !before.has(known)).map(({ name }) => name),
      );
    }
  }
}

const tenants = fc.constantFrom('a', 'b', 'c', 'd');
const anyOrigin = fc.oneof(tenants.map(reader), fc.constant(POLL), fc.constant(BACKGROUND));
/** A call arrives, a turn is granted, or a retry is charged to a tenant. */
const anyCommand = fc.oneof(
  anyOrigin.map((add) => ({ add })),
  fc.constant('grant' as const),
  tenants.map((charge) => ({ charge })),
);

test('the first call of a tenant waits for at most one call of each other tenant, whatever happened before', () => {
  fc.assert(
    fc.property(fc.array(anyCommand, { maxLength: 60 }), fc.nat(20), (before, flood) => {
      const { queue } = new QueueUnderTest();
      for (const command of before) {
        if (command === 'grant') grantNext(queue);
        else if ('charge' in command) queue.charge(reader(command.charge));
        else queue.add('earlier', command.add, 0);
      }
      while (queue.polls > 0) grantNext(queue);
      for (let n = 0; n < flood; n++) queue.add('flood', reader('a'), 0);
      const victim = queue.add('victim', reader('victim'), 0);
      if (!victim) throw new Error('refused');
      const others = queue.readers().size - 1;
      expect(queue.aheadOf(victim)).toBeLessThanOrEqual(others);
      for (let turn = 0; turn < others; turn++) if (!victim.granted) grantNext(queue);
      if (!victim.granted) grantNext(queue);
      expect(victim.granted).toBe(true);
    }),
  );
});

test('no turn is wasted while calls wait, and each call gets exactly one turn', () => {
  fc.assert(
    fc.property(fc.array(anyOrigin, { maxLength: 80 }), (origins) => {
      const under = new QueueUnderTest();
      origins.forEach((origin, n) => under.add(String(n), origin));
      expect(under.grantAll().toSorted()).toEqual(origins.map((_, n) => String(n)).toSorted());
      expect(under.queue.size).toBe(0);
      expect(under.queue.readers().size).toBe(0);
    }),
  );
});

test('polls go first, then one call of each tenant in turn, then background work', () => {
  const under = new QueueUnderTest();
  under.add('background', BACKGROUND);
  for (const n of [1, 2, 3]) under.add(`a${n}`, reader('a'));
  for (const n of [1, 2]) under.add(`b${n}`, reader('b'));
  under.add('poll', POLL);
  expect(under.grantAll()).toEqual(['poll', 'a1', 'b1', 'a2', 'b2', 'a3', 'background']);
});

test('an idle tenant saves up no turns, and a tenant that was alone owes none', () => {
  const under = new QueueUnderTest();
  for (let n = 0; n < 50; n++) under.add('a', reader('a'));
  under.grantAll();
  for (const n of [1, 2]) under.add(`a${n}`, reader('a'));
  for (const n of [1, 2, 3]) under.add(`b${n}`, reader('b'));
  expect(under.grantAll()).toEqual(['b1', 'a1', 'b2', 'a2', 'b3']);
});

test('the retries of a tenant delay only its own calls', () => {
  const under = new QueueUnderTest();
  for (const n of [1, 2]) under.add(`a${n}`, reader('a'));
  for (const n of [1, 2, 3]) under.add(`b${n}`, reader('b'));
  under.queue.charge(reader('a'));
  under.queue.charge(reader('a'));
  expect(under.grantAll()).toEqual(['b1', 'b2', 'a1', 'b3', 'a2']);
});

test('background work still gets an occasional turn while readers wait all the time', () => {
  const under = new QueueUnderTest();
  for (const n of [1, 2]) under.add(`background${n}`, BACKGROUND);
  const served: string[] = [];
  for (let nowMs = 0; nowMs <= 2 * BACKGROUND_EVERY_MS; nowMs += 100) {
    const reads = [1, 2].map(() => under.add('read', reader('a'), { nowMs }));
    grantNext(under.queue, nowMs);
    served.push(reads[0]?.granted || under.queue.background === 2 ? 'read' : 'background');
  }
  expect(under.queue.background).toBe(0);
  expect(served.slice(0, BACKGROUND_EVERY_MS / 100)).not.toContain('background');
});

test('a call that several tenants share waits no longer than a call of any one of them would', () => {
  const under = new QueueUnderTest();
  for (const n of [1, 2, 3]) under.add(`a${n}`, reader('a'));
  under.add('shared', reader('a'), { executionId: 'flow' });
  under.add('b1', reader('b'));
  under.queue.raisePriority('flow', reader('c'));
  expect(under.grantAll()).toEqual(['a1', 'b1', 'shared', 'a2', 'a3']);

  for (const n of [1, 2]) under.add(`a${n}`, reader('a'));
  under.add('shared', BACKGROUND, { executionId: 'flow' });
  under.queue.raisePriority('other', POLL);
  under.queue.raisePriority('flow', POLL);
  under.queue.raisePriority('flow', reader('b'));
  expect(under.grantAll()).toEqual(['shared', 'a1', 'a2']);
});

test('calls whose callers have left get no turn', () => {
  const under = new QueueUnderTest();
  const left = under.add('left', reader('a'));
  under.add('stays', reader('a'));
  under.queue.remove(left);
  expect(under.grantAll()).toEqual(['stays']);
});

test('the number of waiting calls is bounded, for each tenant and in total', () => {
  const { queue } = new QueueUnderTest();
  for (let n = 0; n < 150; n++) expect(queue.add('id', reader('a'), 0)).toBeDefined();
  expect(queue.add('id', reader('a'), 0)).toBeUndefined();
  expect(queue.add('id', reader('b'), 0)).toBeDefined();
  for (let n = 0; queue.size < WAITING_MAX; n++) queue.add('id', reader(`tenant-${n}`), 0);
  expect(queue.add('id', reader('new'), 0)).toBeUndefined();
});

test('polls and background work are accepted while the queue of readers is full, up to their own bounds', () => {
  const { queue } = new QueueUnderTest();
  for (let n = 0; n < WAITING_MAX; n++) queue.add('id', reader(`tenant-${n}`), 0);
  expect(queue.add('id', reader('new'), 0)).toBeUndefined();
  for (const origin of [POLL, BACKGROUND]) {
    for (let n = 0; n < WAITING_MAX; n++) expect(queue.add('id', origin, 0)).toBeDefined();
    expect(queue.add('id', origin, 0)).toBeUndefined();
  }
});

test('a shared call is charged to the tenant that caused it, even if a poll or another tenant raised its priority', () => {
  for (const raisedBy of [reader('poor'), POLL]) {
    const under = new QueueUnderTest();
    for (const n of [1, 2]) under.add(`greedy${n}`, reader('greedy'));
    under.add('shared', reader('greedy'), { executionId: 'flow' });
    under.queue.raisePriority('flow', raisedBy);
    under.queue.remove(under.add('left', reader('poor')));
    for (const n of [1, 2, 3]) under.add(`poor${n}`, reader('poor'));
    const order = under.grantAll();
    const before = order.slice(0, order.indexOf('greedy2'));
    // Before greedy2, greedy has been charged for two calls: greedy1 and the shared call. So poor has had two calls
    // as well.
    expect(before.filter((name) => name.startsWith('poor'))).toHaveLength(2);
  }
});

test('two tenants that share all their calls get at most two turns for each turn of a third tenant', () => {
  for (const raised of [10, 100]) {
    const under = new QueueUnderTest();
    for (let n = 0; n < raised; n++) under.add(`shared ${n}`, reader('causes'));
    for (let n = 0; n < raised; n++) under.queue.raisePriority(`shared ${n}`, reader('waits'));
    for (let n = 0; n < 10; n++) under.add(`victim ${n}`, reader('victim'));
    const order = under.grantAll();
    for (let n = 0; n < Math.min(10, raised / 2 - 2); n++)
      expect(order.indexOf(`victim ${n}`)).toBeLessThanOrEqual(3 * n + 4);
  }
});
