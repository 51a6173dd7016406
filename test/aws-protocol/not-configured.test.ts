import { expect, it } from 'vitest';
import { startWorker } from '../support/on-workerd.ts';
import { TARGET, exceptionOf } from './aws-call.ts';

it('a Worker without settings answers AWS clients with an exception and a status that they retry', async () => {
  await using worker = await startWorker();
  const headers = { 'X-Amz-Target': TARGET };
  expect(await exceptionOf(worker.fetch('/', { method: 'POST', headers, body: '{}' }))).toEqual({
    name: 'InternalFailureException',
    status: 500,
    message: "This service is not configured. The operator's log says what is missing.",
  });
});
