/**
 * Answers two questions about a key: may it read any execution of a given flow, or of a given place (an
 * account and region)? And do all its patterns name the same flow? Uses only the key's patterns for
 * executions, so that the answer does not disclose which flows or executions exist.
 *
 * Execution names contain no colons, except those of the start time in Things Graph. So all other colons of a
 * pattern must match within the prefix that the ids of a flow share. Otherwise,
 * `arn:aws:states:*:execution:Other:*` could match an id `…:execution:Mine:<name>`, because a star matches
 * anything. With this rule, the answer is exact for all ids that AWS creates.
 */
import { type ArnPlace, statesArn } from '../../core/execution-arn.ts';
import { type FlowRef, executionPrefix, flowOf } from '../../core/flow-ref.ts';
import { parseExecutionRef } from '../../core/execution-ref.ts';
import { bordersOf, indexOf } from './execution-pattern.ts';

/** Describes the rest of an id: the text after the prefix that all ids of a flow or place share. */
export interface Rest {
  /** The length of the pattern's head: the characters at its start that must match within the prefix. */
  readonly headOf: (pattern: string) => number;
  /** Whether the rest of an id can begin with this text. */
  readonly canBegin: (text: string) => boolean;
}

const anything = () => true;

/** The rest of an id after the prefix of a state machine: the execution's name. */
const executionName: Rest = {
  headOf: (pattern) => Math.max(pattern.lastIndexOf(':'), pattern.lastIndexOf('/')) + 1,
  canBegin: anything,
};

/**
 * The rest of an id after the prefix of a place: `<state machine>:<execution name>`, with a label if a map
 * run started the execution.
 */
const namesInPlace: Rest = {
  headOf: (pattern) => pattern.lastIndexOf(':', pattern.lastIndexOf(':') - 1) + 1,
  canBegin: anything,
};

/** The format of a start time. `0` stands for any digit. */
const START_TIME = '0000-00-00T00:00:00.000Z';

const isTimeCharacter = (character: string, index: number): boolean =>
  START_TIME[index] === '0' ? character >= '0' && character <= '9' : character === START_TIME[index];

/**
 * The rest of an id after the prefix of a workflow of Things Graph: `<start time>_…`. Its colons are all
 * between digits.
 */
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

/** Whether the patterns can match any execution of this flow. */
export function mayReadFlow(patterns: readonly string[], flow: FlowRef): boolean {
  const prefix = executionPrefix(flow);
  const rest = flow.arn ? executionName : workflowExecutionName;
  return patterns.some((pattern) => mayMatchPrefix(pattern, prefix, rest));
}

/** Whether the patterns can match any execution of any state machine in this place. */
export function mayReadPlace(patterns: readonly string[], place: ArnPlace): boolean {
  const prefix = statesArn(place, 'execution', '');
  return patterns.some((pattern) => mayMatchPrefix(pattern, prefix, namesInPlace));
}

/** Whether the patterns can match any id that belongs to no flow, such as a UUID. */
export const mayReadFlowless = (patterns: readonly string[]): boolean =>
  patterns.some((pattern) => !/^arn:/i.test(pattern) && flowNamedBy(pattern) === undefined);

/** The flow that all patterns name. Undefined if they name several flows, or if one of them names none. */
export function soleFlowOf(patterns: readonly string[]): FlowRef | undefined {
  const [first, ...others] = patterns.map(flowNamedBy);
  return others.every((other) => other?.flow === first?.flow) ? first : undefined;
}

/**
 * The flow that a pattern names before its first star. `…:Workflow:Door_*` names the workflow `Door`. The
 * pattern also matches executions of `Door_2`, but its author means `Door`.
 */
function flowNamedBy(pattern: string): FlowRef | undefined {
  const [literal = '', ...afterStars] = pattern.split('*');
  if (afterStars.length === 0) return flowOf(parseExecutionRef(pattern));
  // Complete the text before the star to an id, and parse that. If the star cuts off a start time, the time
  // is recognised only with a complete year, because `Door_20` might be a name.
  const written = /_(\d{4}-[-\dT:.]*)$/.exec(literal)?.[1]?.length ?? 0;
  const name = literal.startsWith('arn:') ? 'x' : START_TIME.slice(written);
  return flowOf(parseExecutionRef(literal + name));
}

/**
 * Whether the pattern can match an id that begins with `prefix` and continues as `rest` permits, with at
 * least one character. Takes linear time.
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
  // As in `matchesPattern`, the leftmost match of each piece leaves the most room for later pieces.
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

/**
 * Finds the piece in which the pattern's head ends, and how many characters of that piece belong to the head.
 */
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

/**
 * Whether the end of the prefix (searched from `position`) can match the beginning of the piece. That
 * beginning must include the piece's head, and the remainder of the piece must be able to begin the rest of
 * the id.
 */
function reachesBeyond(piece: string, prefix: string, position: number, head: number, rest: Rest): boolean {
  const borders = bordersOf(piece);
  let matched = 0;
  for (let index = position; index < prefix.length; index++) {
    if (matched === piece.length) matched = borders[matched - 1] ?? 0;
    while (matched > 0 && prefix[index] !== piece[matched]) matched = borders[matched - 1] ?? 0;
    if (prefix[index] === piece[matched]) matched++;
  }
  // Try the longest beginning of the piece that the prefix ends with, then all shorter ones.
  for (; matched >= head && matched > 0; matched = borders[matched - 1] ?? 0) {
    if (matched < piece.length && rest.canBegin(piece.slice(matched))) return true;
  }
  return false;
}
