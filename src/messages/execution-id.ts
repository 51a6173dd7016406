/** What an execution's id must be. The id goes to the scope check, the cursor and the source. */
import { CONTROL_CHARACTER } from '../core/control-character.ts';
import * as z from 'zod/mini';

import { containsApiKey } from '../core/api-key-format.ts';
import { decodedAscii } from '../core/decoded-ascii.ts';
import { notAnExecution } from '../core/execution-arn.ts';
import { type ExecutionRef, parseExecutionRef } from '../core/execution-ref.ts';
import type { Result } from '../core/errors.ts';

/** Longest id: well above a Things Graph URN (about 200) and a Step Functions ARN (256). */
export const EXECUTION_ID_CHARACTERS_MAX = 512;

/** A ticket (a JWT), possibly cut short. */
const TICKET = /eyJ[\w-]{16,}\.eyJ[\w-]{16,}/;

/** Ids are logged and sent to AWS, so no id may contain a credential. */
function containsCredential(id: string): boolean {
  const text = decodedAscii(id, EXECUTION_ID_CHARACTERS_MAX);
  return containsApiKey(text) || TICKET.test(text);
}

/** Checks ids from every entry, and describes them in the OpenAPI document. */
export const executionIdSchema = z.string({ error: 'must be given' }).check(
  z.minLength(1, { error: 'must not be empty', abort: true }),
  z.maxLength(EXECUTION_ID_CHARACTERS_MAX, {
    error: ({ input }) =>
      `must be at most ${EXECUTION_ID_CHARACTERS_MAX} characters: it has ${typeof input === 'string' ? input.length : 'more'}`,
    abort: true,
  }),
  // Lone surrogates have no UTF-8 form: two different ids would become one upstream.
  z.refine((id) => id.isWellFormed(), { error: 'must be well-formed Unicode' }),
  z.refine((id) => !CONTROL_CHARACTER.test(id), { error: 'must not contain control characters' }),
  z.refine((id) => !containsCredential(id), {
    error: 'must not contain an API key or a ticket',
  }),
);

/** What is wrong with an id, as the end of a sentence without a full stop; undefined if it is valid. */
export function executionIdProblem(id: string): string | undefined {
  return executionIdSchema.safeParse(id).error?.issues[0]?.message;
}

/** The reference of an id that a caller gave. The failure is a sentence about the id, without a subject. */
export function readExecutionId(id: string): Result<ExecutionRef, string> {
  const read = readAnyExecutionId(id);
  if (!read.ok) return read;
  const ref = read.value;
  // SFN_ALLOWED is not checked here: what is archived of an account that it no longer names stays readable.
  if (ref.arn?.type === 'standard') return read;
  const mistake = notAnExecution(id);
  return mistake === undefined ? read : { ok: false, failure: mistake };
}

/**
 * The same for ids that only an earlier version accepted, such as the ARN of a state machine: something may
 * be archived there.
 */
export function readAnyExecutionId(id: string): Result<ExecutionRef, string> {
  const problem = executionIdProblem(id);
  if (problem !== undefined) return { ok: false, failure: `${problem}.` };
  return { ok: true, value: parseExecutionRef(id) };
}
