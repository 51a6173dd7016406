/**
 * Tests that docs/embed.md names exactly what pages can rely on: the attributes, events, parts etc. of the element.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

import { PROJECT, sourceFiles } from '../architecture/source-files.ts';

const GUIDE = readFileSync(join(PROJECT, 'docs/embed.md'), 'utf8');
const reference = GUIDE.slice(GUIDE.indexOf('## The element in full'));
const viewer = sourceFiles('src/viewer').filter(({ path }) => !path.startsWith('src/viewer/watch/'));
const code = viewer.map((file) => file.text).join('\n');
const element = viewer.find(({ path }) => path.endsWith('/flowtap-execution.ts'))?.text ?? '';

const unique = (names: Iterable<string | undefined>): string[] =>
  [...new Set(names)].filter((name) => name !== undefined).toSorted();
const found = (text: string, pattern: RegExp): string[] =>
  unique([...text.matchAll(pattern)].map(([, name]) => name));

/** Returns the names in a column of the table whose header row starts with `title`. */
function documented(title: string, column = 0): string[] {
  const rows =
    reference
      .slice(reference.indexOf(`| ${title}`))
      .split(/\n\n/)[0]
      ?.split('\n')
      .slice(2) ?? [];
  return unique(rows.flatMap((row) => found(row.split('|')[column + 1] ?? '', /`([^`]+)`/g)));
}

const declared = /static override properties = \{([\s\S]*?)\n {2}\};/.exec(element)?.[1] ?? '';
const properties = [...declared.matchAll(/^ {4}(\w+): \{(.*)\},?$/gm)];

describe('docs/embed.md names exactly', () => {
  test('the attributes of the element', () => {
    const attributes = properties.flatMap(([, name, options = '']) =>
      options.includes('attribute: false') ? [] : [/attribute: '([^']+)'/.exec(options)?.[1] ?? name],
    );
    expect(attributes.length).toBeGreaterThan(3);
    expect(documented('attribute')).toEqual(unique(attributes));
  });

  test('the properties of the element', () => {
    const getters = found(element, /^ {2}get (\w+)\(/gm);
    expect(documented('attribute', 1)).toEqual(unique([...properties.map(([, name]) => name), ...getters]));
  });

  test('the events of the element', () => {
    expect(documented('event')).toEqual(found(element, /#emit\('([\w-]+)'/g));
  });

  test('the phases of the store', () => {
    const declaration = /export type Phase =([^;]*);/.exec(code)?.[1] ?? '';
    const phases = found(declaration, /'([\w-]+)'/g);
    expect(phases.length).toBeGreaterThan(10);
    expect(documented('`phase`')).toEqual(phases);
  });

  test('the parts that pages can style', () => {
    const parts = found(code, /\bpart="([^"$]+)"/g).flatMap((names) => names.split(' '));
    expect(documented('part')).toEqual(unique(parts));
  });

  test('the custom properties of the styles', () => {
    expect(documented('custom property')).toEqual(found(code, /var\(\s*(--flowtap-[\w-]+)/g));
  });
});
