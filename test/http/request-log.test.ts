/** Which requests are logged. routes.test.ts tests the contents of a line. */
import { describe, expect, test } from 'vitest';

import { RATE_TIERS } from '../../src/access/limits/rate-limit.ts';
import { endedLongAgo, openService, path } from './service-under-test.ts';

const ID = 'flow-1';

describe('the request log', () => {
  test('with REQUEST_LOG=errors has only errors, including refused streams', async () => {
    const service = await openService({ logEveryNth: Infinity });
    await service.script(ID, endedLongAgo(service.clock, 3));
    const before = service.requests().length;
    await service.get(path(ID));
    await service.get('/nowhere');
    const headers = { 'X-API-Key': await service.key({ tier: 'standard' }), Accept: 'text/event-stream' };
    for (let n = 0; n < RATE_TIERS.standard.requests; n++)
      await service.fetch(path(ID), { headers: { ...headers, Accept: '*/*' } });
    await service.fetch(path(ID), { headers });
    expect(
      service
        .requests()
        .slice(before)
        .map(({ status, failure }) => ({ status, failure })),
    ).toEqual([
      { status: 404, failure: 'no-such-route' },
      { status: 200, failure: 'rate-limited' },
    ]);
  });

  test('with REQUEST_LOG=sample:n has all errors, and every n-th request, marked as a sample', async () => {
    const service = await openService({ logEveryNth: 3 });
    const before = service.requests().length;
    for (let n = 0; n < 9; n++) await service.fetch('/healthz');
    await service.get('/nowhere');
    const lines = service.requests().slice(before);
    expect(lines.map(({ status }) => status)).toEqual([200, 200, 200, 404]);
    expect(lines.map(({ sampleOf }) => sampleOf)).toEqual([3, 3, 3, undefined]);
  });
});
