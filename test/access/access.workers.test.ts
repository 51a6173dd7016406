/** Access inside workerd, with its KV and rate-limit bindings, node:crypto and Web Crypto. */
import { reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { afterEach, describe, expect, test } from 'vitest';

import { type Access, createAccess } from '../../src/access/access.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import {
  createWorkersRateLimiter,
  type RateLimitBinding,
} from '../../src/access/limits/workers-rate-limit.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { createWorkersKvStore } from '../../src/storage/workers-kv.ts';
import { testLog } from '../support/secret-search.ts';
import {
  createKey,
  EXECUTION,
  failureOf,
  pageRequest,
  SIGNING_SECRET,
  urlOf,
  valueOf,
} from './access-under-test.ts';

afterEach(async () => {
  await reset();
});

// Safety: wrangler.toml defines these bindings. Their generated types exist only for the Worker's entry.
const bindings = env as unknown as { STORE: KVNamespace } & Record<
  'RATE_STANDARD' | 'RATE_HIGH' | 'RATE_AUTH_FAILURES',
  RateLimitBinding
>;

function openIsolate(logged: LogRecord[] = []): Access {
  const log = testLog(logged);
  return createAccess({
    store: createWorkersKvStore(bindings.STORE),
    clock: systemClock,
    random: (length) => crypto.getRandomValues(new Uint8Array(length)),
    log,
    tiers: {
      standard: createWorkersRateLimiter(bindings.RATE_STANDARD, RATE_TIERS.standard, log),
      high: createWorkersRateLimiter(bindings.RATE_HIGH, RATE_TIERS.high, log),
    },
    failedAuthentications: createWorkersRateLimiter(bindings.RATE_AUTH_FAILURES, FAILED_AUTHENTICATIONS, log),
    signingSecret: SIGNING_SECRET,
  });
}

describe('on Workers, a key', () => {
  test('can be created, used, changed, rotated and revoked, and can create a ticket', async () => {
    const logged: LogRecord[] = [];
    const access = openIsolate(logged);
    const { text, view } = await createKey(access);
    const caller = valueOf(await openIsolate().authenticator.authenticate(pageRequest(text)));
    const { ticket } = valueOf(await access.createTicket(caller, EXECUTION, { ttlSeconds: 60 }));
    const url = urlOf(`/v1/executions/x/messages?ticket=${ticket}`);
    expect(valueOf(await access.authenticator.authenticate(pageRequest(undefined, { url }))).keyId).toBe(
      view.id,
    );

    await access.noteUse(view.id);
    expect(valueOf(await access.keys.change(view.id, { tier: 'high' })).tier).toBe('high');
    const second = valueOf(await access.keys.rotate(view.id, { overlapSeconds: 0 }));
    expect(failureOf(await openIsolate().authenticator.authenticate(pageRequest(text)))).toBe('expired-key');
    expect(failureOf(await openIsolate().authenticator.authenticate(pageRequest(second.text)))).toBe(
      'no failure',
    );

    const revoked = valueOf(await access.keys.revoke(view.id));
    expect(failureOf(await openIsolate().authenticator.authenticate(pageRequest(second.text)))).toBe(
      'revoked-key',
    );
    const { keys } = valueOf(await access.keys.list());
    expect(keys).toEqual([{ ...revoked, lastUsedAt: expect.any(String) }]);
    expect(logged.map(({ event }) => event)).toEqual([
      'key-created',
      'key-changed',
      'key-rotated',
      'key-revoked',
    ]);
  });

  test('that is wrong locks out its address after too many attempts', async () => {
    const access = openIsolate();
    const answers = new Set<string>();
    for (let request = 0; request < 3 * FAILED_AUTHENTICATIONS.requests; request++) {
      answers.add(failureOf(await access.authenticator.authenticate(pageRequest('junk'))));
    }
    expect(answers).toEqual(new Set(['invalid-key', 'rate-limited']));
  });
});
