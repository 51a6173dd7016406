import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type Credential, endsOfCredential, type KeyRotation } from '../../src/access/keys/key-record.ts';
import { CUTOFFS_MAX, nextCredentialTimeMs, rotated } from '../../src/access/keys/rotation.ts';
import { runs } from '../support/seeded-random.ts';

const iso = (ms: number) => new Date(ms).toISOString();

const credentialAt = (ms: number): Credential => ({
  v: 1,
  keyId: 'k',
  id: `k${ms}`,
  hash: new Uint8Array(32),
  createdAt: iso(ms),
});

const fresh = (ms: number): KeyRotation => ({
  v: 1,
  keyId: 'k',
  credentials: [{ id: `k${ms}`, createdAt: iso(ms) }],
  cutoffs: [],
});

const endOf = (rotation: KeyRotation, createdAtMs: number) =>
  Math.min(...endsOfCredential(rotation, iso(createdAtMs)), Number.POSITIVE_INFINITY);

describe('successive rotations', () => {
  test('end each credential at the earliest time that a later rotation sets, even after the record is pruned', () => {
    const step = fc.record({ afterMs: fc.nat(5000), overlapMs: fc.oneof(fc.constant(0), fc.nat(20_000)) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let now = 1_000_000;
        let rotation = fresh(now);
        /** The expected end of each credential, by its creation time. */
        const ends = new Map([[now, Number.POSITIVE_INFINITY]]);
        for (const { afterMs, overlapMs } of steps) {
          now += afterMs;
          const createdAtMs = nextCredentialTimeMs(rotation, now);
          const next = rotated(rotation, credentialAt(createdAtMs), now + overlapMs, now);
          if (next === undefined) continue;
          rotation = next;
          for (const [made, end] of ends) ends.set(made, Math.min(end, now + overlapMs));
          expect(ends.has(createdAtMs)).toBe(false);
          ends.set(createdAtMs, Number.POSITIVE_INFINITY);
          for (const [made, end] of ends) {
            // Once a credential has ended, the record need not keep its exact end.
            const seen = endOf(rotation, made);
            if (end > now) expect(seen).toBe(end);
            else expect(seen).toBeLessThanOrEqual(now);
          }
          expect(rotation.cutoffs.length).toBeLessThanOrEqual(CUTOFFS_MAX);
          expect(rotation.credentials.length).toBeLessThanOrEqual(10);
        }
      }),
      { numRuns: runs(500) },
    );
  });

  test('are refused while too many overlaps last, except rotations without an overlap', () => {
    let rotation = fresh(0);
    for (let count = 1; count <= CUTOFFS_MAX; count++) {
      const next = rotated(rotation, credentialAt(count), 1_000_000 + count, count);
      expect(next).toBeDefined();
      rotation = next ?? rotation;
    }
    expect(rotated(rotation, credentialAt(100), 2_000_000, 100)).toBeUndefined();
    expect(rotated(rotation, credentialAt(100), 100, 100)?.cutoffs).toHaveLength(1);
  });

  test('drop past cutoffs (ends of older credentials), so that the record stays small', () => {
    let rotation = fresh(0);
    for (let count = 1; count <= 50; count++) {
      const nowMs = count * 1000;
      const next = rotated(rotation, credentialAt(nowMs), nowMs + 10, nowMs);
      expect(next?.cutoffs.length).toBeLessThanOrEqual(2);
      rotation = next ?? rotation;
    }
    expect(endOf(rotation, 0)).toBeLessThan(50_000);
  });

  test('make credentials with distinct times even within one millisecond', () => {
    const first = fresh(5);
    const secondMs = nextCredentialTimeMs(first, 5);
    const second = rotated(first, credentialAt(secondMs), 5, 5) ?? first;
    const thirdMs = nextCredentialTimeMs(second, 5);
    expect([secondMs, thirdMs]).toEqual([6, 7]);
    expect(endOf(second, 5)).toBe(5);
    expect(endOf(second, secondMs)).toBe(Number.POSITIVE_INFINITY);
  });
});
