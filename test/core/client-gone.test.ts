import { expect, test } from 'vitest';

import { ClientGone, isClientGone } from '../../src/core/client-gone.ts';

test('the error of a disconnected client is recognised by its text, and no other is', () => {
  const gone = new ClientGone('the client takes nothing');
  expect(isClientGone(gone)).toBe(true);
  // workerd reports an error in a response's stream as an uncaught exception, unless it has this.
  expect(gone.retryable).toBe(true);
  // As it arrives from a Durable Object.
  expect(isClientGone(new Error('the client takes nothing'))).toBe(false);
  expect(isClientGone(Object.assign(new Error('the client takes nothing'), { name: 'ClientGone' }))).toBe(
    true,
  );
});
