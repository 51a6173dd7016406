import { expect, test } from 'vitest';
import { foundPhrases, phrasesIn } from './phrases.ts';

test('no text uses a phrase that must be read twice', () => {
  const found = foundPhrases().map(({ path, phrase, instead }) => `${path}: "${phrase}"; write: ${instead}`);
  expect(found).toEqual([]);
});

test('a phrase is found across the lines of a comment, but not inside a word', () => {
  const found = phrasesIn(
    '/**\n * A stream that there\n * is none of. Whoever asks is\n * told.\n */\nconst unsaid = 1;',
  );
  expect(found.map(({ phrase }) => phrase)).toEqual(['is none', 'there is none', 'is told', 'Whoever']);
});
