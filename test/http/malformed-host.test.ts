/** Requests with a malformed Host on workerd. test/deno/requests.test.ts tests the same on Deno. */
import { connect } from 'node:net';
import { expect, test } from 'vitest';

import { type WorkerUnderTest, WORKER_VARS, startWorker } from '../support/on-workerd.ts';

const MALFORMED = [
  'my_host:99999',
  'a b',
  '[',
  '[::1',
  '%00',
  'a:b',
  'flowtap/v1/admin/keys?',
  'flowtap?',
  'flowtap#',
  'somebody@flowtap',
];

async function ask(
  worker: WorkerUnderTest,
  host: string,
): Promise<{ status: number; head: string; body: string }> {
  const socket = connect(Number(worker.url.port), worker.url.hostname);
  socket.write(`GET /v1/key HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  let text = '';
  for await (const bytes of socket) text += String(bytes);
  const [head = '', body = ''] = text.split('\r\n\r\n');
  return { status: Number(head.split(' ')[1]), head, body };
}

test('the Worker answers a malformed Host with a 400 problem', async () => {
  await using worker = await startWorker({ vars: WORKER_VARS, assets: false });
  for (const host of MALFORMED) {
    const { status, head, body } = await ask(worker, host);
    expect([host, status]).toEqual([host, 400]);
    expect(head).toContain('application/problem+json');
    expect(JSON.parse(body)).toMatchObject({
      code: 'InvalidRequestException',
      errors: [{ in: 'header', name: 'Host' }],
    });
  }
  for (const host of ['flowtap', 'my_host:8787', '[::1]:1', 'a,b']) {
    expect([host, (await ask(worker, host)).status]).toEqual([host, 401]);
  }
});

// Cloudflare itself answers 400 to such requests. If this test fails because miniflare's router now passes them
// to the Worker, delete the test, `assets: false` above, and the note in docs/http-api.md.
test('miniflare’s router for static files answers 500 in place of the Worker if it cannot parse the URL', async () => {
  await using worker = await startWorker({ vars: WORKER_VARS });
  expect(await ask(worker, '[')).toMatchObject({ status: 500, body: 'Internal Server Error' });
});
