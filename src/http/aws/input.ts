/**
 * The input of ListFlowExecutionMessages, checked in two steps as AWS does: a body that is not a JSON object, or a member of the
 * wrong type, cannot be read (SerializationException); a value out of range is an invalid request. Source: botocore's model
 * iotthingsgraph/2018-09-06.
 */
import * as z from 'zod/mini';

import type { Clock } from '../../core/clock.ts';
import { type Failure, type FieldError, type Result, fail, ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { PAGE_MESSAGES_MAX } from '../../executions/cut-page.ts';
import { executionIdSchema } from '../../messages/execution-id.ts';
import type { UnreadableInput } from './exceptions.ts';
import { readText } from '../body.ts';
import { MAX_RESULTS_DEFAULT } from '../messages.ts';

/** As everywhere in AWS JSON, unknown members are ignored, and null means absent. */
const inputSchema = z.object(
  {
    flowExecutionId: z.nullish(z.string({ error: 'must be a string.' })),
    maxResults: z.nullish(z.int({ error: 'must be a whole number.' })),
    nextToken: z.nullish(z.string({ error: 'must be a string.' })),
  },
  { error: 'must be a JSON object.' },
);

export type Input = z.infer<typeof inputSchema>;

const MAX_RESULTS = { error: `must be a whole number from 1 to ${PAGE_MESSAGES_MAX}` };

/** The allowed values; also the source of the OpenAPI document. */
export const listInputSchema = z.object({
  flowExecutionId: executionIdSchema,
  maxResults: z.nullish(z.int().check(z.gte(1, MAX_RESULTS), z.lte(PAGE_MESSAGES_MAX, MAX_RESULTS))),
  nextToken: z.nullish(
    z.string().check(z.minLength(1, { error: 'must not be empty; leave it out to start at the beginning' })),
  ),
});

/** The requested page. */
export interface ListInput {
  readonly ref: ExecutionRef;
  readonly maxResults: number;
  readonly nextToken?: string;
}

/** The body's members, each of the right JSON type. `checkInput` checks their values. */
export async function readInput(
  request: Request,
  clock: Clock,
): Promise<Result<Input, Failure | UnreadableInput>> {
  const text = await readText(request, clock);
  if (!text.ok) return text.failure.type === 'invalid-input' ? unreadable('The body must be UTF-8.') : text;
  let body: unknown;
  try {
    body = JSON.parse(text.value);
  } catch {
    return unreadable('The body must be JSON.');
  }
  const parsed = inputSchema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const { issues } = parsed.error;
  return unreadable(
    issues.map(({ path, message }) => `${path[0] === undefined ? 'The body' : String(path[0])}: ${message}`),
  );
}

const unreadable = (details: string | readonly string[]) => ({
  ok: false as const,
  failure: { type: 'unreadable-input' as const, detail: [details].flat().join(' ') },
});

/**
 * Checks the values. A failure names every invalid one: JavaScript's clients check nothing before sending, boto3 does not check
 * the upper bound. `ref` is the result of `readExecutionId`, if an id was sent.
 */
export function checkInput(input: Input, ref: Result<ExecutionRef, string> | undefined): Result<ListInput> {
  const parsed = listInputSchema.safeParse(input);
  const errors = (parsed.error?.issues ?? []).map(({ path, message }): FieldError => ({
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
  if (ref && !ref.ok && !errors.some(({ name }) => name === 'flowExecutionId')) {
    errors.push({ in: 'body', name: 'flowExecutionId', detail: ref.failure });
  }
  return fail({ type: 'invalid-input', errors });
}
