import { expect, test } from 'vitest';
import { foundPhrases, phrasesIn } from './phrases.ts';
import { PHRASES_LEFT } from './phrases-left.ts';

test('no text uses a phrase that must be read twice', () => {
  const found = foundPhrases()
    .filter(({ path }) => !PHRASES_LEFT.includes(path))
    .map(({ path, phrase, instead }) => `${path}: "${phrase}"; write: ${instead}`);
  expect(found).toEqual([]);
});

test('the list of files that still have such phrases only shrinks', () => {
  const having = new Set(foundPhrases().map(({ path }) => path));
  // Remove these from phrases-left.ts.
  expect(PHRASES_LEFT.filter((path) => !having.has(path))).toEqual([]);
});

test('a phrase is found across the lines of a comment, and inside a word it is not', () => {
  const found = phrasesIn(
    '/**\n * A stream that there\n * is none of. Whoever asks is\n * told.\n */\nconst unsaid = 1;',
  );
  expect(found.map(({ phrase }) => phrase)).toEqual(['is none', 'there is none', 'is told', 'Whoever']);
});
