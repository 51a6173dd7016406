import { expect, test } from 'vitest';
import { foundPhrases, phrasesIn } from './phrases.ts';

test('no file contains a phrase that readers stumble over', () => {
  const found = foundPhrases().map(({ path, phrase, instead }) => `${path}: "${phrase}"; write: ${instead}`);
  expect(found).toEqual([]);
});

test('a phrase is found even across lines of a comment, but never inside a word', () => {
  const found = phrasesIn(
    '/**\n * A stream that there\n * is none of. Whoever asks is\n * told.\n */\nconst unsaid = 1;',
  );
  expect(found.map(({ phrase }) => phrase)).toEqual(['is none', 'there is none', 'is told', 'Whoever']);
});
