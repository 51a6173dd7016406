import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

test('every entry of docs/security.md, except notes (**Note:**), names tests that exist', () => {
  const text = readFileSync(new URL('../../docs/security.md', import.meta.url), 'utf8');
  const threats = text.split(/^(?=- |\n)/m).filter((item) => /^- \*\*[^*]*[^:*]\*\*/.test(item));
  expect(threats.length).toBeGreaterThan(20);
  for (const threat of threats) expect(threat).toMatch(/Tests:\s+`[\w-]+\/[\w-]+\.test\.ts`/);
  const named = [...text.matchAll(/`([\w-]+\/[\w-]+\.test\.ts)`/g)].map(([, name]) => name ?? '');
  const missing = named.filter((name) => !existsSync(new URL(`../${name}`, import.meta.url)));
  expect(missing).toEqual([]);
});
