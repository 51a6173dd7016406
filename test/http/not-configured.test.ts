import { afterAll, beforeAll, expect, test } from 'vitest';

import { type WorkerUnderTest, startWorker } from '../support/on-workerd.ts';
import { problemOf } from './service-under-test.ts';

const SECRET = 'too short, but secret';

let worker: WorkerUnderTest;
beforeAll(async () => {
  const PUBLIC_URL = 'https://api.example.com/flowtap/';
  const vars = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', SIGNING_SECRET: SECRET, PUBLIC_URL };
  worker = await startWorker({ vars });
});
afterAll(() => worker.close());

test('a service without its settings answers 503, and only the log names the missing settings, in one line', async () => {
  for (const path of ['/v1/executions/x/messages', '/v1/admin/keys', '/healthz', '/nowhere']) {
    const response = await worker.fetch(path);
    expect(response.headers.get('X-Request-Id')).toMatch(/^[0-9a-f-]{36}$/);
    const problem = await problemOf(response);
    expect(problem).toMatchObject({
      status: 503,
      code: 'NotConfigured',
      type: 'https://api.example.com/flowtap/docs/problems#NotConfigured',
      requestId: response.headers.get('X-Request-Id'),
    });
    expect(JSON.stringify(problem)).not.toMatch(/AWS|SIGNING|SECRET/);
  }
  expect(worker.lines).toHaveLength(1);
  const [line = ''] = worker.lines;
  expect(JSON.parse(line)).toMatchObject({
    event: 'not-configured',
    level: 'error',
    time: expect.any(String),
  });
  expect(line).toContain('AWS_SECRET_ACCESS_KEY is missing');
  expect(line).toContain('SIGNING_SECRET must have at least 32 characters');
  expect(line).not.toContain(SECRET);
});
