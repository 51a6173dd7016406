/**
 * Derives from a key's patterns for executions whether the key may read any execution of a flow or of a
 * place, and which flow they name if it is only one. Uses the patterns alone, so that the answer does not
 * disclose which flows or executions exist.
 *
 * Names of executions contain no colons (Things Graph: only those of the start time). So all colons of a
 * pattern must match within the prefix that the ids of a flow have in common. Without this rule,
 * `arn:aws:states:*:execution:Other:*` could match `…:execution:Mine:<name>`, because a star matches
 * anything. With it, the answer is exact for ids as AWS makes them.
 */
import { type ArnPlace, statesArn } from '../../core/execution-arn.ts';
import { type FlowRef, executionPrefix, flowOf } from '../../core/flow-ref.ts';
import { parseExecutionRef } from '../../core/execution-ref.ts';
import { bordersOf, indexOf } from './execution-pattern.ts';

/** What follows the common prefix in the ids of a flow or place. */
export interface Rest {
  /** How many characters of the pattern, from its start, must match within the prefix. */
  readonly headOf: (pattern: string) => number;
  /** Whether what follows the prefix can begin with this text. */
  readonly canBegin: (text: string) => boolean;
}

const anything = () => true;

/** The name of a state machine's execution. */
const executionName: Rest = {
  headOf: (pattern) => Math.max(pattern.lastIndexOf(':'), pattern.lastIndexOf('/')) + 1,
  canBegin: anything,
};

/** `<state machine>:<execution name>`, with a label if a map run started it. */
const namesInPlace: Rest = {
  headOf: (pattern) => pattern.lastIndexOf(':', pattern.lastIndexOf(':') - 1) + 1,
  canBegin: anything,
};

/** The form of a start time: `0` stands for any digit. */
const START_TIME = '0000-00-00T00:00:00.000Z';

const isTimeCharacter = (character: string, index: number): boolean =>
  START_TIME[index] === '0' ? character >= '0' && character <= '9' : character === START_TIME[index];

/** `<start time>_…`, in which colons stand between digits only. */
const workflowExecutionName: Rest = {
  headOf: (pattern) => {
    let colon = pattern.lastIndexOf(':');
    while (colon > 0 && isBetweenDigits(pattern, colon)) colon = pattern.lastIndexOf(':', colon - 1);
    return colon + 1;
  },
  canBegin: (text) => text.slice(0, START_TIME.length).split('').every(isTimeCharacter),
};

const isBetweenDigits = (pattern: string, index: number): boolean =>
  /^[\d*]?$/.test(pattern.charAt(index - 1)) && /^[\d*]?$/.test(pattern.charAt(index + 1));

/** Whether the patterns allow any execution of this flow that its list may have. */
export function mayReadFlow(patterns: readonly string[], flow: FlowRef): boolean {
  const prefix = executionPrefix(flow);
  const rest = flow.arn ? executionName : workflowExecutionName;
  return patterns.some((pattern) => mayMatchPrefix(pattern, prefix, rest));
}

/** Whether the patterns allow any execution of any state machine of this place. */
export function mayReadPlace(patterns: readonly string[], place: ArnPlace): boolean {
  const prefix = statesArn(place, 'execution', '');
  return patterns.some((pattern) => mayMatchPrefix(pattern, prefix, namesInPlace));
}

/** Whether the patterns allow any id that belongs to no flow, such as a UUID. */
export const mayReadFlowless = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => !/^arn:/i.test(pattern) && flowNamedBy(pattern) === undefined);

/** The flow that all patterns name; undefined if they name several, or one of them names none. */
export function soleFlowOf(patterns: readonly string[]): FlowRef | undefined {
  const [first, ...others] = patterns.map(flowNamedBy);
  return others.every((other) => other?.flow === first?.flow) ? first : undefined;
}

/**
 * The flow in the part of a pattern before its first star. `…:Workflow:Door_*` names the workflow `Door`. It
 * matches executions of `Door_2`, too, but its author means `Door`.
 */
function flowNamedBy(pattern: string): FlowRef | undefined {
  const [literal = '', ...afterStars] = pattern.split('*');
  if (afterStars.length === 0) return flowOf(parseExecutionRef(pattern));
  // The text, completed to an id. A start time that the star cuts off is recognised only if its year is
  // complete: `Door_20` may be a name.
  const written = /_(\d{4}-[-\dT:.]*)$/.exec(literal)?.[1]?.length ?? 0;
  const name = literal.startsWith('arn:') ? 'x' : START_TIME.slice(written);
  return flowOf(parseExecutionRef(literal + name));
}

/**
 * Whether the pattern matches any id that begins with `prefix` and continues as `rest` can, with at least one
 * character. Takes linear time.
 */
function mayMatchPrefix(pattern: string, prefix: string, rest: Rest): boolean {
  const pieces = pattern.split('*');
  const first = pieces[0] ?? '';
  const { piece, head } = pieceWith(pieces, rest.headOf(pattern));
  if (piece === 0) {
    if (first.length < prefix.length) return pieces.length > 1 && prefix.startsWith(first);
    const behind = first.slice(prefix.length);
    return (
      first.startsWith(prefix) &&
      head <= prefix.length &&
      rest.canBegin(behind) &&
      (behind !== '' || pieces.length > 1)
    );
  }
  if (!prefix.startsWith(first)) return false;
  // As in `matchesPattern`: the leftmost match leaves the most room.
  let position = first.length;
  for (const earlier of pieces.slice(1, piece)) {
    const found = indexOf(prefix, earlier, position, prefix.length);
    if (found === -1) return false;
    position = found + earlier.length;
  }
  const last = pieces[piece] ?? '';
  const isWithin = piece < pieces.length - 1 && indexOf(prefix, last, position, prefix.length) !== -1;
  return isWithin || reachesBeyond(last, prefix, position, head, rest);
}

/** The piece with the end of the head, and how much of the head it has. */
function pieceWith(
  pieces: readonly string[],
  head: number,
): { readonly piece: number; readonly head: number } {
  let start = 0;
  for (const [piece, text] of pieces.entries()) {
    if (head <= start + text.length) return { piece, head: Math.max(0, head - start) };
    start += text.length + 1;
  }
  return { piece: 0, head: 0 };
}

/** Whether the prefix, from `position` on, can end in the middle of the piece, behind the piece's head. */
function reachesBeyond(piece: string, prefix: string, position: number, head: number, rest: Rest): boolean {
  const borders = bordersOf(piece);
  let matched = 0;
  for (let index = position; index < prefix.length; index++) {
    if (matched === piece.length) matched = borders[matched - 1] ?? 0;
    while (matched > 0 && prefix[index] !== piece[matched]) matched = borders[matched - 1] ?? 0;
    if (prefix[index] === piece[matched]) matched++;
  }
  // The longest part of the piece that the prefix ends with, then all shorter ones.
  for (; matched >= head && matched > 0; matched = borders[matched - 1] ?? 0) {
    if (matched < piece.length && rest.canBegin(piece.slice(matched))) return true;
  }
  return false;
}
