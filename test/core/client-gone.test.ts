import { expect, test } from 'vitest';

import { ClientGone, isClientGone } from '../../src/core/client-gone.ts';

test('isClientGone recognises the error of a disconnected client, even if the error has lost its class', () => {
  const gone = new ClientGone('the client takes nothing');
  expect(isClientGone(gone)).toBe(true);
  // workerd reports an error in a response's stream as an uncaught exception, unless it is `retryable`.
  expect(gone.retryable).toBe(true);
  // An error from a Durable Object loses its class, but keeps its name.
  expect(isClientGone(new Error('the client takes nothing'))).toBe(false);
  expect(isClientGone(Object.assign(new Error('the client takes nothing'), { name: 'ClientGone' }))).toBe(
    true,
  );
});
