import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every row of docs/security.md names tests, and those exist', () => {
  const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const rows = text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (-|protected against)/.test(line));
  expect(rows.length).toBeGreaterThan(20);
  for (const row of rows) expect(row).toMatch(/`[\w-]+\/[\w-]+\.test\.ts`/);
  const named = [...text.matchAll(/`([\w-]+\/[\w-]+\.test\.ts)`/g)].map(([, name]) => name ?? '');
  const missing = named.filter((name) => !existsSync(new URL(`../${name}`, import.meta.url)));
  expect(missing).toEqual([]);
});
