/**
 * Concurrent access: reads while a key changes, simultaneous changes of one key, and thousands of simultaneous
 * requests with wrong keys. As in real stores, a read returns the value that was stored when the read began.
 */
import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { generateApiKey } from '../../src/access/keys/api-key.ts';
import { LOOKUPS_AT_ONCE_MAX } from '../../src/access/limits/failed-authentications.ts';
import { KEY_FRESH_MS } from '../../src/access/keys/credential-cache.ts';
import { FAILED_AUTHENTICATIONS } from '../../src/access/limits/rate-limit.ts';
import type { KeyValueStore } from '../../src/storage/key-value.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { ManualClock, settle } from '../support/manual-clock.ts';
import { createKey, failureOf, openAccess, pageRequest, valueOf } from './access-under-test.ts';
import { runs } from '../support/seeded-random.ts';

/** After `slow()`, a read fetches its answer but returns it only after `release()`. Writes are never delayed. */
class SlowStore {
  readonly store: KeyValueStore;
  underWay = 0;
  mostUnderWay = 0;
  total = 0;
  #gate: PromiseWithResolvers<void> | undefined;

  constructor(inner: KeyValueStore) {
    const slow = async <T>(read: Promise<T>): Promise<T> => {
      this.total++;
      this.underWay++;
      this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
      const answer = await read;
      await this.#gate?.promise;
      this.underWay--;
      return answer;
    };
    this.store = {
      get: (...arguments_) => slow(inner.get(...arguments_)),
      getMany: (...arguments_) => slow(inner.getMany(...arguments_)),
      put: (...arguments_) => inner.put(...arguments_),
      delete: (...arguments_) => inner.delete(...arguments_),
      list: (...arguments_) => inner.list(...arguments_),
    };
  }

  slow(): void {
    this.#gate = Promise.withResolvers<void>();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }
}

function open() {
  const clock = new ManualClock();
  const memory = createMemoryStore({ clock, oneWritePerSecond: false });
  const slow = new SlowStore(memory);
  const { another } = openAccess({ clock, store: slow.store });
  return { clock, slow, admin: another({ store: memory }), place: another() };
}

describe('a read in progress', () => {
  test('does not restore a revoked key when other keys change meanwhile', async () => {
    const { clock, slow, admin, place } = open();
    const { text, view } = await createKey(place);
    const other = await createKey(place);
    await clock.advance(60 * 60_000);
    valueOf(await admin.keys.revoke(view.id));
    slow.slow();
    const reading = place.authenticator.authenticate(pageRequest(text));
    await settle();
    const changing = place.keys.change(other.view.id, { name: 'another name' });
    const creating = place.keys.create({
      name: 'new',
      executions: [],
      payloads: 'none',
      tickets: false,
      tier: 'standard',
      streamLimit: 1,
      totalStreamLimit: 1,
    });
    await settle();
    slow.release();
    expect((await changing).ok && (await creating).ok).toBe(true);
    expect(failureOf(await reading)).toBe('revoked-key');
  });

  test.each([
    ['change', 'execution-forbidden'],
    ['rotate', 'expired-key'],
    ['revoke', 'revoked-key'],
  ] as const)(
    'of an uncached key reflects a change that the same isolate makes meanwhile: %s',
    async (what, answer) => {
      const { clock, slow, admin, place } = open();
      const { text, view } = await createKey(admin);
      await clock.advance(1000);
      // Releases the change's own read first, so that only the request's read stays slow.
      const { keys } = place;
      slow.slow();
      const acting =
        what === 'change'
          ? keys.change(view.id, { executions: [] })
          : what === 'rotate'
            ? keys.rotate(view.id, { overlapSeconds: 0 })
            : keys.revoke(view.id);
      await settle();
      const admins = slow;
      admins.release();
      slow.slow();
      const reading = place.authenticator.authenticate(pageRequest(text));
      expect((await acting).ok).toBe(true);
      await settle();
      slow.release();
      expect(failureOf(await reading)).toBe(answer);
      await clock.advance(KEY_FRESH_MS - 1);
      expect(failureOf(await place.authenticator.authenticate(pageRequest(text)))).toBe(answer);
    },
  );
});

describe('simultaneous changes of one key', () => {
  test('are all applied, whatever they change and however slow the store is', async () => {
    const changes = fc.constantFrom('name', 'owner', 'tier', 'streamLimit', 'rotate', 'rotate at once');
    await fc.assert(
      fc.asyncProperty(fc.array(changes, { minLength: 2, maxLength: 6 }), async (acts) => {
        const { clock, slow, place } = open();
        const { text, view } = await createKey(place);
        const members = { name: 'changed', owner: 'Ada', tier: 'high', streamLimit: 7 } as const;
        slow.slow();
        await clock.advance(1000);
        const texts = [text];
        const acting = acts.map(async (act) => {
          if (act !== 'rotate' && act !== 'rotate at once') {
            return void valueOf(await place.keys.change(view.id, { [act]: members[act] }));
          }
          const overlapSeconds = act === 'rotate' ? 3600 : 0;
          texts.push(valueOf(await place.keys.rotate(view.id, { overlapSeconds })).text);
        });
        await settle();
        slow.release();
        await clock.advance(10_000);
        await Promise.all(acting);
        const key = valueOf(await place.keys.get(view.id));
        for (const act of acts) {
          if (act in members) expect(key).toMatchObject({ [act]: members[act as keyof typeof members] });
        }
        if (acts.includes('rotate at once'))
          expect(failureOf(await place.authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
        expect(key.credentials).toHaveLength(texts.length);
      }),
      { numRuns: runs(50) },
    );
  });

  test('wait for each other for at most 10 s, and an abandoned one blocks the others for at most 15 s', async () => {
    const { clock, slow, place } = open();
    const { view } = await createKey(place);
    slow.slow();
    const abandoned = place.keys.change(view.id, { name: 'abandoned' });
    const second = place.keys.change(view.id, { name: 'second' });
    await clock.advance(10_000);
    expect(failureOf(await second)).toBe('conflict');
    const third = place.keys.change(view.id, { name: 'third' });
    const revoking = place.keys.revoke(view.id);
    await clock.advance(5_000);
    slow.release();
    // A revocation takes no lock.
    expect(valueOf(await revoking).status).toBe('revoked');
    await Promise.all([abandoned, third]);
  });
});

describe('5,000 well-formed unknown keys sent at the same time from one address', () => {
  test('cost no more reads than the limits allow, and are all refused', async () => {
    const { clock, slow, place } = open();
    const asking = Array.from({ length: 5_000 }, async () =>
      failureOf(await place.authenticator.authenticate(pageRequest(generateApiKey(randomBytes).text))),
    );
    await clock.advance(3_000);
    const answers = new Set(await Promise.all(asking));
    expect([...answers].toSorted()).toEqual(['invalid-key', 'rate-limited']);
    expect(slow.total).toBeLessThanOrEqual(FAILED_AUTHENTICATIONS.requests + LOOKUPS_AT_ONCE_MAX);
    expect(slow.mostUnderWay).toBeLessThanOrEqual(LOOKUPS_AT_ONCE_MAX);
  });

  test('get a retry time while the store hangs and all look-up slots are taken, but verified keys still pass', async () => {
    const { clock, slow, place, admin } = open();
    const known = await createKey(place);
    const elsewhere = await createKey(admin);
    slow.slow();
    const asking = Array.from({ length: 5_000 }, () =>
      place.authenticator.authenticate(pageRequest(generateApiKey(randomBytes).text)),
    );
    await clock.advance(3_000);
    expect(slow.underWay).toBe(LOOKUPS_AT_ONCE_MAX);
    expect(await Promise.race(asking.slice(LOOKUPS_AT_ONCE_MAX))).toEqual({
      ok: false,
      failure: { type: 'rate-limited', retryAfterSeconds: 1, because: 'unverified-keys' },
    });
    expect(failureOf(await place.authenticator.authenticate(pageRequest(known.text)))).toBe('no failure');
    const fromElsewhere = place.authenticator.authenticate(
      pageRequest(elsewhere.text, { clientAddress: () => '192.0.2.2' }),
    );
    await settle();
    slow.release();
    expect(failureOf(await fromElsewhere)).toBe('no failure');
    await Promise.all(asking);
  });

  test('block their address for at most 10 s if no look-up ends', async () => {
    const { clock, slow, place, admin } = open();
    const { text } = await createKey(admin);
    slow.slow();
    const abandoned = Array.from({ length: LOOKUPS_AT_ONCE_MAX }, () =>
      place.authenticator.authenticate(pageRequest(generateApiKey(randomBytes).text)),
    );
    await clock.advance(8_100);
    const waiting = place.authenticator.authenticate(pageRequest(text));
    await clock.advance(1_900);
    expect(slow.underWay).toBe(LOOKUPS_AT_ONCE_MAX + 1);
    slow.release();
    expect(failureOf(await waiting)).toBe('no failure');
    await Promise.all(abandoned);
  });

  test('are throttled, but 300 simultaneous requests with valid keys all pass', async () => {
    const { clock, place, admin } = open();
    // A page with 100 streams, and an office whose 200 users reconnect after a deploy.
    const one = await createKey(admin);
    const many = await Promise.all(Array.from({ length: 200 }, () => createKey(admin)));
    const texts = [...Array.from({ length: 100 }, () => one.text), ...many.map(({ text }) => text)];
    const asking = texts.map(async (text) =>
      failureOf(await place.authenticator.authenticate(pageRequest(text))),
    );
    await clock.advance(1_000);
    expect(new Set(await Promise.all(asking))).toEqual(new Set(['no failure']));
  });
});
