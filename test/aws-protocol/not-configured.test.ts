import { expect, it } from 'vitest';
import { startWorkerd } from '../../src/local/workerd.ts';
import { TARGET, exceptionOf } from './aws-call.ts';

it('a Worker without settings answers AWS clients with an exception and a status that they retry', async () => {
  await using workerd = await startWorkerd({ vars: {} });
  const headers = { 'X-Amz-Target': TARGET };
  expect(await exceptionOf(fetch(workerd.url, { method: 'POST', headers, body: '{}' }))).toEqual({
    name: 'InternalFailureException',
    status: 500,
    message: "This service is not configured. The operator's log says what is missing.",
  });
});
