/**
 * Revocations while the store fails: the key immediately stops working in this process, and the answer says that the
 * revocation is not stored.
 */
import { expect, test } from 'vitest';

import { createKey, failureOf, openAccess, pageRequest, valueOf } from './access-under-test.ts';

test('if the store is full, a revocation takes effect immediately in this process, and the answer says that it is not stored', async () => {
  const access = openAccess();
  const { text, view } = await createKey(access);
  valueOf(await access.authenticator.authenticate(pageRequest(text)));
  await access.clock.advance(1000);
  access.store.fill();
  expect(await access.keys.revoke(view.id)).toMatchObject({
    failure: { type: 'store-unavailable', revoked: true },
  });
  expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
  // The key stays revoked when the store, which lacks the revocation, is read again.
  await access.clock.advance(60_000);
  expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
  access.store.fill(false);
  expect(valueOf(await access.keys.revoke(view.id))).toMatchObject({ status: 'revoked' });
  expect(failureOf(await access.another().authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
});

test('if the store cannot be read, a revocation still takes effect in this process', async () => {
  const access = openAccess();
  const { text, view } = await createKey(access);
  valueOf(await access.authenticator.authenticate(pageRequest(text)));
  access.store.failReads();
  expect(await access.keys.revoke(view.id)).toMatchObject({ failure: { revoked: true } });
  expect(failureOf(await access.authenticator.authenticate(pageRequest(text)))).toBe('revoked-key');
});
