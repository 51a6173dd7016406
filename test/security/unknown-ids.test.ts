/**
 * Tests that requests for ids that do not exist, on every route that takes an id, leave no entry in the store and no
 * timer.
 */
import { expect, test } from 'vitest';

import { requestsForFlow, requestsForId } from '../executions/unknown-id-requests.ts';
import { openService } from '../http/service-under-test.ts';
import { answered, everythingStored } from './tenants.ts';

const PLACE = 'arn:aws:states:us-west-2:123456789012';

test.each([
  ['an id', (key: string) => requestsForId('unknown-flow', key)],
  ['an ARN', (key: string) => requestsForId(`${PLACE}:execution:flow:run`, key)],
  ['a flow', (key: string) => requestsForFlow(`${PLACE}:stateMachine:flow`, key)],
])('%s that does not exist leaves no stored entry and no timer after any request', async (_, requests) => {
  const service = await openService();
  const key = await service.key();
  // The first use of a key is stored. Use it now, before the comparison.
  await service.fetch('/v1/key', { headers: { authorization: `Bearer ${key}` } });
  const before = await everythingStored(service);
  for (const [status, path, init] of requests(key)) {
    const what = `${init.method ?? 'GET'} ${path}`;
    const response = await answered(service, service.fetch(path, init));
    await response.text();
    expect(response.status, what).toBe(status);
    expect(await everythingStored(service), what).toBe(before);
    expect(service.clock.sleepers, what).toBe(0);
  }
});
