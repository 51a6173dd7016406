/** Access for tests, over a memory store that counts calls and can fail. Tests advance the clock. */
import { randomBytes } from 'node:crypto';

import { type Access, type AccessPorts, createAccess } from '../../src/access/access.ts';
import type { AccessRequest } from '../../src/access/authenticate.ts';
import type { RequestUrl } from '../../src/access/presented-credential.ts';
import { createInProcessRateLimiter } from '../../src/access/limits/in-process-rate-limit.ts';
import type { NewKey } from '../../src/access/keys/key-input.ts';
import type { IssuedKey } from '../../src/access/keys/key-administration.ts';
import { FAILED_AUTHENTICATIONS, RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import type { Result } from '../../src/core/errors.ts';
import type { LogRecord } from '../../src/core/log.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { FaultyStore } from '../support/faulty-store.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { ADMIN_TOKEN, SIGNING_SECRET } from '../support/secret-patterns.ts';
import { testLog } from '../support/secret-search.ts';

export { ADMIN_TOKEN, SIGNING_SECRET };

export const EXECUTION = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019_1';
export const OTHER_EXECUTION = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlowAdmin_2019_1';

export const NEW_KEY: NewKey = {
  name: 'partner',
  executions: ['*:Workflow:SecurityFlow_*'],
  payloads: 'full',
  tickets: true,
  tier: 'standard',
  streamLimit: 100,
  totalStreamLimit: 1000,
};

export interface AccessUnderTest extends Access {
  readonly clock: ManualClock;
  readonly store: FaultyStore;
  readonly logged: LogRecord[];
  /** Opens access as in another isolate: same store and clock, empty caches. */
  another(ports?: Partial<AccessPorts>): Access;
}

export function openAccess(overrides: Partial<AccessPorts> = {}): AccessUnderTest {
  const clock = new ManualClock();
  const store = new FaultyStore(createMemoryStore({ clock }));
  const logged: LogRecord[] = [];
  const another = (more: Partial<AccessPorts> = {}) =>
    createAccess({
      store,
      clock,
      random: randomBytes,
      log: testLog(logged),
      tiers: {
        standard: createInProcessRateLimiter(RATE_TIERS.standard, clock),
        high: createInProcessRateLimiter(RATE_TIERS.high, clock),
      },
      failedAuthentications: createInProcessRateLimiter(FAILED_AUTHENTICATIONS, clock),
      signingSecret: SIGNING_SECRET,
      adminToken: ADMIN_TOKEN,
      ...overrides,
      ...more,
    });
  return { ...another(), clock, store, logged, another };
}

/** Returns the value of a successful result. Throws on a failure. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`expected a value: ${JSON.stringify(result.failure)}`);
  return result.value;
}

export const failureOf = (result: Result<unknown>): string =>
  result.ok ? 'no failure' : result.failure.type;

export const createKey = async ({ keys }: Access, input: Partial<NewKey> = {}): Promise<IssuedKey> =>
  valueOf(await keys.create({ ...NEW_KEY, ...input }));

/** Returns the `RequestUrl` of a path on this service. */
export function urlOf(path: string): RequestUrl {
  const { href, searchParams } = new URL(path, 'https://flowtap.example');
  return { href, parameters: [...searchParams] };
}

export const executionOf = (executionId: string) => ({ source: 'things-graph', executionId });

/** A request for a page of EXECUTION, with `key` as its bearer token. */
export const pageRequest = (key: string | undefined, more: Partial<AccessRequest> = {}): AccessRequest => ({
  url: urlOf(`/v1/executions/${encodeURIComponent(more.execution?.executionId ?? EXECUTION)}/messages`),
  headers: new Headers(key === undefined ? {} : { Authorization: `Bearer ${key}` }),
  clientAddress: () => '192.0.2.1',
  execution: executionOf(EXECUTION),
  accepts: 'key-or-ticket',
  ...more,
});

/**
 * The request of an AWS client that sends `token` as its session token. The token can be any text, even one
 * that is invalid in a header.
 */
export const sessionTokenRequest = (token: string, more: Partial<AccessRequest> = {}): AccessRequest => ({
  url: urlOf('/'),
  headers: { get: (name) => (name === 'X-Amz-Security-Token' ? token : null) },
  clientAddress: () => '192.0.2.1',
  execution: executionOf(EXECUTION),
  accepts: 'session-token',
  ...more,
});
