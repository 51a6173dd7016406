import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withKeptSecret } from '../../src/local/kept-secret.ts';
import { readStartRequest, type StartOptions } from '../../src/local/start-options.ts';

let scratch: string;
let directory: string;
beforeEach(async () => {
  scratch = await mkdtemp(join(tmpdir(), 'flowtap-secret-'));
  directory = join(scratch, 'emulator');
});
afterEach(() => rm(scratch, { recursive: true }));

function started(env: Record<string, string> = {}): StartOptions {
  const request = readStartRequest([], env);
  if (request.type !== 'start') throw new Error(JSON.stringify(request));
  return request.options;
}

test('all starts with the same state directory share one generated secret, which only the owner can read', async () => {
  const first = withKeptSecret(started(), directory)['SIGNING_SECRET'];
  expect(first?.length).toBeGreaterThanOrEqual(32);
  expect(withKeptSecret(started(), directory)['SIGNING_SECRET']).toBe(first);
  expect(withKeptSecret(started(), join(scratch, 'other'))['SIGNING_SECRET']).not.toBe(first);
  expect((await stat(join(directory, 'signing-secret'))).mode & 0o777).toBe(0o600);
});

test('a secret in the environment takes precedence and is never written to disk', async () => {
  const SIGNING_SECRET = 'x'.repeat(32);
  expect(withKeptSecret(started({ SIGNING_SECRET }), directory)).toMatchObject({ SIGNING_SECRET });
  await expect(readFile(join(directory, 'signing-secret'))).rejects.toThrow('ENOENT');
});

test('a file without a valid secret is reported and never overwritten', async () => {
  withKeptSecret(started(), directory);
  const file = join(directory, 'signing-secret');
  await writeFile(file, 'short\n');
  expect(() => withKeptSecret(started(), directory)).toThrow(`Cannot start: ${file} holds no secret of 32`);
  expect(await readFile(file, 'utf8')).toBe('short\n');
});
