/** Holds the suite to what it claims: each requirement is a sentence of the contract, the table is complete, no source is read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { expect, test } from 'vitest';
import { requirements, sections } from './requirements.ts';

const HERE = import.meta.dirname;
const README = join(HERE, 'README.md');

const CONTRACT = readFileSync(join(HERE, '../../docs/http-api.md'), 'utf8').replaceAll(/\s+/g, ' ');

test.each(requirements)('"$sentence" stands in docs/http-api.md', ({ sentence }) => {
  expect(CONTRACT).toContain(sentence);
});

test('each guarantee is one of its own', () => {
  const guarantees = requirements.map(({ guarantee }) => guarantee);
  expect(new Set(guarantees).size).toBe(guarantees.length);
});

test('what judges reads nothing of what is judged: only the file that starts the runtimes imports from src/', () => {
  const readers = readdirSync(HERE, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('traced'))
    .filter((name) => /from '(?:\.\.\/)+(?:src|deno|support)\//.test(readFileSync(join(HERE, name), 'utf8')));
  expect(readers).toEqual(['runtimes.test.ts']);
});

test('README.md has the table of all requirements (`npx vitest run test/conformance/traced -u` writes it)', async () => {
  const cell = (text: string) => text.replaceAll('|', String.raw`\|`);
  const tables = sections.map(({ title, requirements: rows }) =>
    [
      `## ${title}`,
      '',
      '| docs/http-api.md says | so it is held that | needs |',
      '| --- | --- | --- |',
      ...rows.map(
        ({ sentence, guarantee, needs }) =>
          `| ${cell(sentence)} | ${cell(guarantee)} | ${needs.join(', ')} |`,
      ),
      '',
    ].join('\n'),
  );
  const text = `# Conformance

A black box over HTTP: what [docs/http-api.md](../../docs/http-api.md) promises, checked with an HTTP client and an event stream reader of its own, which share nothing with our source. \`npm run test:all\` starts it on workerd and on Deno, with the same expectations. It judges any deployment:

    npm run conformance -- --url https://flowtap.example.com --key ftk_…

The key must read every execution, with payloads, and mint tickets; the tier \`high\` is best. With \`--admin-token\` the checks of the admin API run, too: they make keys named "conformance", which are revoked at the end and expire within an hour in any case. Most checks need an upstream under their control, \`--emulator-url\`: the emulator that \`npm start\` starts and prints. A check that lacks one of these is skipped, and listed as skipped. A run takes half a minute. It sends wrong keys, too, but fewer than one address may send in a minute.

Written by a test (traced.test.ts), which also looks every sentence up:

${tables.join('\n')}`;
  const options = await resolveConfig(README);
  await expect(await format(text, { ...options, filepath: README })).toMatchFileSnapshot(README);
});
