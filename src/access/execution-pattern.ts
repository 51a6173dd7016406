/**
 * Which executions a key is for: patterns in which `*` stands for any run of characters, `/` and none at all included, and
 * everything else for itself. No regular expressions: a pattern is cut at its stars, and each piece is looked for by
 * Knuth, Morris and Pratt, so that matching takes time linear in pattern and id, whatever both are.
 */
import { EXECUTION_ID_CHARACTERS_MAX, executionIdProblem } from '../messages/execution-id.ts';
import { containsApiKey } from './keys/api-key.ts';

/** Every request of a key may try each of its patterns. */
export const EXECUTION_PATTERNS_MAX = 50;
/** As long as the longest id: a longer pattern could match nothing that its stars do not. */
export const EXECUTION_PATTERN_CHARACTERS_MAX = EXECUTION_ID_CHARACTERS_MAX;

/** Says what is wrong with a pattern, or undefined. What no id can contain, no pattern needs to. */
export function executionPatternProblem(pattern: string): string | undefined {
  const problem = executionIdProblem(pattern);
  if (problem !== undefined) return problem;
  if (containsApiKey(pattern)) return 'must not contain an API key';
  return undefined;
}

/** Whether any of the patterns matches; none of none. */
export const matchesAnyPattern = (patterns: readonly string[], executionId: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, executionId));

export function matchesPattern(pattern: string, executionId: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return executionId === pattern;
  if (executionId.length < first.length + last.length) return false;
  if (!executionId.startsWith(first) || !executionId.endsWith(last)) return false;
  // The leftmost place for each piece leaves the most room for the rest, so no choice is ever taken back.
  const end = executionId.length - last.length;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = indexOf(executionId, piece, position, end);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return true;
}

/** The first place of `piece` wholly within `start` and `end`, or -1. `String.indexOf` may take their product. */
function indexOf(text: string, piece: string, start: number, end: number): number {
  const borders = bordersOf(piece);
  let matched = 0;
  for (let index = start; matched < piece.length; index++) {
    if (index >= end) return -1;
    while (matched > 0 && text[index] !== piece[matched]) matched = borders[matched - 1] ?? 0;
    if (text[index] === piece[matched]) matched += 1;
    if (matched === piece.length) return index - piece.length + 1;
  }
  return start;
}

/** For each prefix of `piece`: the length of its longest proper prefix that is its suffix, too. */
function bordersOf(piece: string): readonly number[] {
  const borders: number[] = [];
  let border = 0;
  for (let index = 0; index < piece.length; index++) {
    while (border > 0 && piece[index] !== piece[border]) border = borders[border - 1] ?? 0;
    if (index > 0 && piece[index] === piece[border]) border += 1;
    borders.push(border);
  }
  return borders;
}
