/**
 * Checks the suite itself: each requirement quotes a sentence of the contract, the README's tables are
 * complete, and no check imports sources of the service.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { requirements, sections } from './requirements.ts';

const HERE = import.meta.dirname;
const README = join(HERE, 'README.md');

const CONTRACT = readFileSync(join(HERE, '../../docs/http-api.md'), 'utf8').replaceAll(/\s+/g, ' ');

test.each(requirements)('docs/http-api.md contains "$sentence"', ({ sentence }) => {
  expect(CONTRACT).toContain(sentence);
});

test('no two requirements state the same guarantee', () => {
  const guarantees = requirements.map(({ guarantee }) => guarantee);
  expect(new Set(guarantees).size).toBe(guarantees.length);
});

test('the checks share no code with the service: only the file that starts the runtimes imports its sources', () => {
  const readers = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('traced'))
    .filter((name) => /from '(?:\.\.\/)+(?:src|deno|support)\//.test(readFileSync(join(HERE, name), 'utf8')));
  expect(readers).toEqual(['runtimes.test.ts']);
});

test('README.md lists all requirements (`npx vitest run test/conformance/traced -u` writes it)', async () => {
  const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
  const tables = sections.map(({ title, requirements: rows }) =>
    [
      `## ${title}`,
      '',
      '| docs/http-api.md says | the check | needs |',
      '| --- | --- | --- |',
      ...rows.map(
        ({ sentence, guarantee, needs }) =>
          `| ${cell(sentence)} | ${cell(guarantee)} | ${needs.join(', ')} |`,
      ),
      '',
    ].join('\n'),
  );
  const text = `# Conformance

Checks a deployment from outside against [docs/http-api.md](../../docs/http-api.md), over HTTP. The checks share no code with \`src/\`. \`npm run test:all\` runs them on workerd and on Deno, with the same expectations. They can check any deployment:

    npm run conformance -- --url https://flowtap.example.com --key ftk_…

- The key must be able to read every execution, with payloads, and to create tickets. Prefer the tier \`high\`.
- \`--admin-token\` adds the checks of the admin API. They create keys named "conformance" and revoke them at the end. If the run is killed, the keys expire within an hour.
- \`--emulator-url\` names the emulator that \`npm start\` starts and prints. Most checks need it.
- Checks whose option is missing are skipped, and listed as skipped.
- A run takes half a minute. It stays below the number of wrong keys that one address may send in a minute.

traced.test.ts writes this file, and verifies that docs/http-api.md contains each quoted sentence.

${tables.join('\n')}`;
  const options = await resolveConfig(README);
  await expect(await format(text, { ...options, filepath: README })).toMatchFileSnapshot(README);
});
