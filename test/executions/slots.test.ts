/** One tenant cannot fill all slots of an execution, whether it uses one key or many. */
import { expect, test } from 'vitest';

import { FEW_SLOTS, LISTENERS_MAX, Slots } from '../../src/executions/following/slots.ts';

const reader = (keyId: string, tenant = keyId, streamLimit = LISTENERS_MAX) => ({
  keyId,
  tenant,
  streamLimit,
});
const TOO_MANY = { type: 'too-many-streams', retryAfterSeconds: 10 };
const FULL = { type: 'overloaded', retryAfterSeconds: 10 };
const RESERVED = { ...FULL, reserved: true };

/** Takes slots for these readers in rotation until one is refused. */
function fill(slots: Slots, readers: readonly ReturnType<typeof reader>[]): (() => void)[] {
  const held: (() => void)[] = [];
  for (let n = 0; ; n++) {
    const next = readers[n % readers.length];
    if (!next || slots.refusal(next)) return held;
    held.push(slots.take(next));
  }
}

test('a key gets slots up to its limit, and another slot once it releases one', () => {
  const slots = new Slots();
  const held = fill(slots, [reader('key', 'tenant', 2)]);
  expect(held).toHaveLength(2);
  expect(slots.refusal(reader('key', 'tenant', 2))).toEqual(TOO_MANY);
  expect(slots.refusal(reader('other key', 'tenant', 2))).toBeUndefined();
  held[0]?.();
  // Releasing the same slot again has no effect.
  held[0]?.();
  expect(slots.count).toBe(1);
  expect(slots.refusal(reader('key', 'tenant', 2))).toBeUndefined();
});

test('the last 250 slots go only to tenants that hold fewer than 10 slots', () => {
  const slots = new Slots();
  expect(fill(slots, [reader('key')])).toHaveLength(750);
  expect(slots.refusal(reader('key'))).toEqual(RESERVED);
  for (let n = 0; n < 25; n++) expect(fill(slots, [reader(`small ${n}`)])).toHaveLength(FEW_SLOTS);
  expect(slots.count).toBe(LISTENERS_MAX);
  expect(slots.refusal(reader('new'))).toEqual(FULL);
});

test('a hundred keys of one tenant get no more slots than one key, and the reserve stays free for others', () => {
  const slots = new Slots();
  const keys = Array.from({ length: 100 }, (_, n) => reader(`key ${n}`, 'owner', 10));
  expect(fill(slots, keys)).toHaveLength(750);
  for (const key of keys) expect(slots.refusal(key)).toEqual(RESERVED);
  expect(slots.refusal(reader('key', 'other', 10))).toBeUndefined();
});

test('a slot that a small tenant releases is free for a large tenant and for the small one', () => {
  const slots = new Slots();
  const small = fill(slots, [reader('small', 'small', 9)]);
  expect(fill(slots, [reader('large')])).toHaveLength(741);
  small.pop()?.();
  expect(slots.refusal(reader('large'))).toBeUndefined();
  expect(slots.refusal(reader('small', 'small', 9))).toBeUndefined();
});
