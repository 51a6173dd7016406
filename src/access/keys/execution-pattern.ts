/**
 * Matches the patterns that say which executions a key may read. In a pattern, `*` matches any text,
 * including `/` and the empty text. All other characters match themselves. A pattern is split at its stars,
 * and the pieces are searched with the Knuth-Morris-Pratt algorithm, so matching takes linear time for any
 * pattern and id.
 */
import { executionPatternMistake } from '../../core/execution-arn.ts';
import { executionIdProblem } from '../../messages/execution-id.ts';

/** Bounds the work of a request, which may have to try all patterns of its key. */
export const EXECUTION_PATTERNS_MAX = 50;

/**
 * Returns what is wrong with a pattern, or undefined if it is valid. A pattern may contain all characters
 * that ids may contain.
 */
export const executionPatternProblem = (pattern: string): string | undefined =>
  executionIdProblem(pattern) ?? executionPatternMistake(pattern);

/** Whether any of the patterns matches. */
export const matchesAnyPattern = (patterns: readonly string[], executionId: string): boolean =>
  patterns.some((pattern) => matchesPattern(pattern, executionId));

export function matchesPattern(pattern: string, executionId: string): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const last = pieces.at(-1) ?? '';
  if (pieces.length === 1) return executionId === pattern;
  if (executionId.length < first.length + last.length) return false;
  if (!executionId.startsWith(first) || !executionId.endsWith(last)) return false;
  // The leftmost match of each piece leaves the most room for later pieces, so backtracking is never needed.
  const end = executionId.length - last.length;
  let position = first.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = indexOf(executionId, piece, position, end);
    if (found === -1) return false;
    position = found + piece.length;
  }
  return true;
}

/**
 * The first index of `piece` between `start` and `end`, or -1. Replaces `String.indexOf`, which can take
 * quadratic time.
 */
export function indexOf(text: string, piece: string, start: number, end: number): number {
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

/**
 * Knuth-Morris-Pratt's table: for each prefix of `piece`, the length of its longest proper prefix that is
 * also its suffix.
 */
export function bordersOf(piece: string): readonly number[] {
  const borders: number[] = [];
  let border = 0;
  for (let index = 0; index < piece.length; index++) {
    while (border > 0 && piece[index] !== piece[border]) border = borders[border - 1] ?? 0;
    if (index > 0 && piece[index] === piece[border]) border += 1;
    borders.push(border);
  }
  return borders;
}
