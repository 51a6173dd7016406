/** The tables of limits in docs/design.md name only existing files. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT } from './source-files.ts';

test('the file that docs/design.md names for a limit exists', () => {
  const [, limits = ''] = readFileSync(join(PROJECT, 'docs/design.md'), 'utf8').split('\n## Limits\n');
  const files = limits
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => line.split('|').at(-2)?.split(';') ?? [])
    .map((file) => file.trim())
    .filter((file) => file.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((file) => !existsSync(join(PROJECT, 'src', file)))).toEqual([]);
});
