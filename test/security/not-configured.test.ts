/**
 * Tests that on workerd, a deployment whose settings are missing or invalid discloses nothing about these settings.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';

import { type WorkerUnderTest, startWorker } from '../support/on-workerd.ts';

const SECRET = 'AKIAQWERTYUIOPASDFGH';

let worker: WorkerUnderTest;
beforeAll(async () => {
  worker = await startWorker({ vars: { AWS_ACCESS_KEY_ID: SECRET, ADMIN_TOKEN: 'short' } });
});
afterAll(() => worker.close());

test.each<[string, string, Record<string, string>]>([
  ['GET', '/v1/executions/x/messages', { Accept: 'text/event-stream' }],
  ['HEAD', '/v1/executions/x/messages', {}],
  [
    'OPTIONS',
    '/v1/executions/x/messages',
    { Origin: 'https://a.example', 'Access-Control-Request-Method': 'GET' },
  ],
  ['POST', '/', { 'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages' }],
  ['GET', '/v1/admin/keys', { Authorization: 'Bearer short' }],
])(
  'without valid settings, the answer to %s %s has the security headers and a request id, and discloses no setting',
  async (method, path, headers) => {
    const response = await worker.fetch(path, { method, headers });
    expect(response.status).toBe(headers['X-Amz-Target'] === undefined ? 503 : 500);
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(response.headers.get('X-Content-Type-Options')).toBe('nosniff');
    expect(response.headers.get('Strict-Transport-Security')).toMatch(/^max-age=/);
    expect(response.headers.get('Referrer-Policy')).toBe('no-referrer');
    const text = JSON.stringify([...response.headers]) + (await response.text());
    expect(text).not.toMatch(/AWS_|ADMIN_TOKEN|SIGNING|AKIA|short/);
  },
);
