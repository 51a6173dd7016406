/** `GET /` redirects browsers to the viewer. API clients still get a 404, and POST still speaks AWS's protocol. */
import { beforeAll, describe, expect, test } from 'vitest';

import { openService, problemOf, type ServiceUnderTest } from './service-under-test.ts';

const CHROMIUM =
  'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7';
const FIREFOX = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';

let service: ServiceUnderTest;
beforeAll(async () => {
  service = await openService();
});

describe('GET /', () => {
  test.each([CHROMIUM, FIREFOX, 'text/html', 'application/json;q=0.5, text/html'])(
    'with "Accept: %s" redirects to the viewer with a relative URL',
    async (accept) => {
      for (const method of ['GET', 'HEAD']) {
        const answer = await service.fetch('/', { method, headers: { Accept: accept } });
        expect(answer.status).toBe(302);
        expect(answer.headers.get('Location')).toBe('./watch');
        expect(answer.headers.get('Vary')).toBe('Accept');
        expect(await answer.text()).toBe('');
      }
    },
  );

  test.each([undefined, '*/*', 'application/json', 'application/json, text/html', 'text/html;q=0, */*'])(
    'with "Accept: %s" is the 404 of an unknown path',
    async (accept) => {
      const answer = service.fetch('/', { headers: accept === undefined ? {} : { Accept: accept } });
      expect(await problemOf(answer)).toMatchObject({ status: 404, code: 'NotFound' });
    },
  );

  test("is refused in AWS's protocol if an AWS client sends it", async () => {
    const headers = { 'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages' };
    const answer = await service.fetch('/', { headers });
    expect(answer.headers.get('x-amzn-ErrorType')).toBeTruthy();
  });
});

test('POST / is answered in AWS’s protocol, whatever its Accept header', async () => {
  const answer = await service.fetch('/', { method: 'POST', headers: { Accept: 'text/html' } });
  expect(answer.headers.get('x-amzn-ErrorType')).toBeTruthy();
});
