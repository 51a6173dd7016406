import { expect, test } from 'vitest';
import { readOptions } from './options.ts';

const ENVIRONMENT = {
  FLOWTAP_URL: 'https://flowtap.example.com',
  FLOWTAP_API_KEY: 'ftk_environment',
  FLOWTAP_ADMIN_TOKEN: 'an admin token that is set for other commands',
};

test('address and key are also read from the environment, and the admin token is read only from its option', () => {
  const fromEnvironment = { url: 'https://flowtap.example.com', key: 'ftk_environment' };
  expect(readOptions([], ENVIRONMENT)).toEqual(fromEnvironment);
  expect(readOptions(['--admin-token', 'given'], ENVIRONMENT)).toEqual({
    ...fromEnvironment,
    adminToken: 'given',
  });
  expect(readOptions(['--url', 'http://other', '--key', 'ftk_other'], ENVIRONMENT)).toEqual({
    url: 'http://other',
    key: 'ftk_other',
  });
});

test('without an address or a key, or with --help, readOptions returns undefined so that the usage is printed', () => {
  expect(readOptions([], {})).toBeUndefined();
  expect(readOptions(['--url', 'http://x'], {})).toBeUndefined();
  expect(readOptions(['--help'], ENVIRONMENT)).toBeUndefined();
});
