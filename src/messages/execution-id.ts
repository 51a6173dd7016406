/**
 * Validates execution ids. A valid id can be used in the scope check, in cursors, and in calls to the source.
 */
import { CONTROL_CHARACTER } from '../core/control-character.ts';
import * as z from 'zod/mini';

import { containsApiKey } from '../core/api-key-format.ts';
import { decodedAscii } from '../core/decoded-ascii.ts';
import { notAnExecution } from '../core/execution-arn.ts';
import { type ExecutionRef, parseExecutionRef } from '../core/execution-ref.ts';
import type { Result } from '../core/errors.ts';

/** The maximum length of an id. Well above a Things Graph URN (about 200) and a Step Functions ARN (256). */
export const EXECUTION_ID_CHARACTERS_MAX = 512;

/** Matches a ticket (a JWT), even if its end is missing. */
const TICKET = /eyJ[\w-]{16,}\.eyJ[\w-]{16,}/;

/** Ids are logged and sent to AWS, so no id may contain a credential. */
function containsCredential(id: string): boolean {
  const text = decodedAscii(id, EXECUTION_ID_CHARACTERS_MAX);
  return containsApiKey(text) || TICKET.test(text);
}

/** The schema of ids, for requests of all kinds and for the OpenAPI document. */
export const executionIdSchema = z.string({ error: 'must be given' }).check(
  z.minLength(1, { error: 'must not be empty', abort: true }),
  z.maxLength(EXECUTION_ID_CHARACTERS_MAX, {
    error: ({ input }) =>
      `must be at most ${EXECUTION_ID_CHARACTERS_MAX} characters: it has ${typeof input === 'string' ? input.length : 'more'}`,
    abort: true,
  }),
  // Lone surrogates cannot be encoded as UTF-8. If they were replaced, two different ids could become the
  // same id upstream.
  z.refine((id) => id.isWellFormed(), { error: 'must be well-formed Unicode' }),
  z.refine((id) => !CONTROL_CHARACTER.test(id), { error: 'must not contain control characters' }),
  z.refine((id) => !containsCredential(id), {
    error: 'must not contain an API key or a ticket',
  }),
);

/**
 * Returns what is wrong with an id, or undefined if it is valid. The text is the rest of a sentence, such as
 * "must not be empty".
 */
export function executionIdProblem(id: string): string | undefined {
  return executionIdSchema.safeParse(id).error?.issues[0]?.message;
}

/**
 * Parses an id from a caller. A failure is the rest of a sentence about the id, such as "must not be empty."
 */
export function readExecutionId(id: string): Result<ExecutionRef, string> {
  const read = readAnyExecutionId(id);
  if (!read.ok) return read;
  const ref = read.value;
  // SFN_ALLOWED is not checked here, so that archives stay readable if their account is removed from it.
  if (ref.arn?.type === 'standard') return read;
  const mistake = notAnExecution(id);
  return mistake === undefined ? read : { ok: false, failure: mistake };
}

/**
 * Also accepts ids that only earlier versions accepted, such as the ARN of a state machine. Histories might
 * be archived under them.
 */
export function readAnyExecutionId(id: string): Result<ExecutionRef, string> {
  const problem = executionIdProblem(id);
  if (problem !== undefined) return { ok: false, failure: `${problem}.` };
  return { ok: true, value: parseExecutionRef(id) };
}
