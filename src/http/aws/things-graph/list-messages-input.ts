/** Parses the input of ListFlowExecutionMessages. Source: botocore's model iotthingsgraph/2018-09-06. */
import * as z from 'zod/mini';

import { type FieldError, type Result, fail, ok } from '../../../core/errors.ts';
import type { ExecutionRef } from '../../../core/execution-ref.ts';
import { PAGE_MESSAGES_MAX } from '../../../messages/page-messages.ts';
import { MAX_RESULTS_DEFAULT } from '../../query-parameters.ts';
import { WRONG_TYPE } from '../aws-input.ts';

/** Checks only the JSON types. Null means absent. */
export const membersSchema = z.object({
  flowExecutionId: z.nullish(z.string(WRONG_TYPE.text)),
  maxResults: z.nullish(z.int(WRONG_TYPE.number)),
  nextToken: z.nullish(z.string(WRONG_TYPE.text)),
});

const MAX_RESULTS = { error: `must be a whole number from 1 to ${PAGE_MESSAGES_MAX}` };

/** Checks the values, except the id. The OpenAPI document is also generated from this schema. */
export const pageMembersSchema = z.object({
  maxResults: z.nullish(z.int().check(z.gte(1, MAX_RESULTS), z.lte(PAGE_MESSAGES_MAX, MAX_RESULTS))),
  nextToken: z.nullish(
    z.string().check(z.minLength(1, { error: 'must not be empty; leave it out to start at the beginning' })),
  ),
});

/** The validated input. */
export interface ListInput {
  readonly ref: ExecutionRef;
  readonly maxResults: number;
  readonly nextToken?: string;
}

/**
 * Checks the values. A failure names every invalid value, because clients do not check all of them before
 * sending: AWS's JavaScript clients check none, and boto3 does not check upper bounds. `ref` is the result of
 * `readExecutionId`, or undefined if no id was sent.
 */
export function checkInput(
  input: z.infer<typeof membersSchema>,
  ref: Result<ExecutionRef, string> | undefined,
): Result<ListInput> {
  const parsed = pageMembersSchema.safeParse(input);
  const pageErrors = (parsed.error?.issues ?? []).map(({ path, message }): FieldError => ({
    in: 'body',
    name: String(path[0]),
    detail: `${message}.`,
  }));
  if (ref?.ok && parsed.success) {
    const { maxResults, nextToken } = parsed.data;
    return ok({
      ref: ref.value,
      maxResults: maxResults ?? MAX_RESULTS_DEFAULT,
      ...(nextToken != null && { nextToken }),
    });
  }
  const idErrors = ref?.ok
    ? []
    : [{ in: 'body', name: 'flowExecutionId', detail: ref?.failure ?? 'must be given.' } as const];
  return fail({ type: 'invalid-input', errors: [...idErrors, ...pageErrors] });
}
