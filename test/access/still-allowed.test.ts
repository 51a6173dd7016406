import { describe, expect, test } from 'vitest';

import { streamGrantOf } from '../../src/access/caller.ts';
import type { NEW_KEY } from './access-under-test.ts';
import {
  createKey,
  EXECUTION,
  failureOf,
  openAccess,
  OTHER_EXECUTION,
  pageRequest,
  valueOf,
} from './access-under-test.ts';

/** Opens a stream in one isolate. Its Execution is in another isolate, `execution`. */
async function openStream(input: Partial<typeof NEW_KEY> = {}) {
  const access = openAccess();
  const { text, view } = await createKey(access, input);
  const caller = valueOf(await access.authenticator.authenticate(pageRequest(text)));
  const grant: unknown = JSON.parse(JSON.stringify(streamGrantOf(caller)));
  return { access, caller, view, grant, execution: access.another() };
}

describe('an open stream', () => {
  test('continues while its key is valid, and knows when the key expires', async () => {
    const { grant, execution } = await openStream();
    expect(await execution.stillAllowed(grant, EXECUTION)).toEqual({ ok: true, value: {} });
    const ending = await openStream({ expiresAt: '2026-01-01T01:00:00.000Z' });
    expect(await ending.execution.stillAllowed(ending.grant, EXECUTION)).toEqual({
      ok: true,
      value: { untilMs: Date.UTC(2026, 0, 1, 1) },
    });
  });

  test('is checked without a read while the cache is fresh, and with one read afterwards', async () => {
    const { access, grant, execution } = await openStream();
    for (let second = 0; second < 30; second++) {
      valueOf(await execution.stillAllowed(grant, EXECUTION));
      await access.clock.advance(1000);
    }
    expect(access.store.reads('key/credential/')).toBe(3);
  });

  test('ends within 10 s after the store shows the revocation of its key', async () => {
    const { access, view, grant, execution } = await openStream();
    valueOf(await execution.stillAllowed(grant, EXECUTION));
    await access.clock.advance(1000);
    valueOf(await access.keys.revoke(view.id));
    await access.clock.advance(9000);
    expect(failureOf(await execution.stillAllowed(grant, EXECUTION))).toBe('revoked-key');
  });

  test.each([
    [{ executions: ['other'] }, 'execution-forbidden'],
    [{ payloads: 'none' }, 'operation-forbidden'],
    [{ expiresAt: '2026-01-01T00:00:10.000Z' }, 'expired-key'],
    [{ tickets: false, tier: 'high', name: 'x', streamLimit: 1 }, 'no failure'],
  ] as const)('whose key is changed by %j gets the result: %s', async (change, answer) => {
    const { access, view, grant, execution } = await openStream();
    await access.clock.advance(1000);
    valueOf(await access.keys.change(view.id, change));
    await access.clock.advance(10_000);
    expect(failureOf(await execution.stillAllowed(grant, EXECUTION))).toBe(answer);
  });

  test('that was opened with a ticket ends when its key may no longer create tickets', async () => {
    const { access, caller, view, execution } = await openStream();
    const grant = streamGrantOf({ ...caller, ticket: { id: 't', executionId: EXECUTION, endsAtMs: 0 } });
    valueOf(await execution.stillAllowed(grant, EXECUTION));
    await access.clock.advance(1000);
    valueOf(await access.keys.change(view.id, { tickets: false }));
    await access.clock.advance(10_000);
    expect(failureOf(await execution.stillAllowed(grant, EXECUTION))).toBe('invalid-ticket');
  });

  test('ends when a rotation ends the credential that opened it', async () => {
    const { access, view, grant, execution } = await openStream();
    await access.clock.advance(1000);
    valueOf(await access.keys.rotate(view.id, { overlapSeconds: 60 }));
    expect(await execution.stillAllowed(grant, EXECUTION)).toEqual({
      ok: true,
      value: { untilMs: access.clock.now() + 60_000 },
    });
    await access.clock.advance(60_000);
    expect(failureOf(await execution.stillAllowed(grant, EXECUTION))).toBe('expired-key');
  });

  test('is allowed for its execution only, and an invalid grant allows nothing', async () => {
    const { grant, execution } = await openStream();
    expect(failureOf(await execution.stillAllowed(grant, OTHER_EXECUTION))).toBe('execution-forbidden');
    for (const none of [undefined, null, {}, 'x', { credentialId: 1 }]) {
      expect(failureOf(await execution.stillAllowed(none, EXECUTION))).toBe('invalid-key');
    }
  });
});
