/**
 * Parses the input of an operation in two steps, as AWS does. First, a body that is not a JSON object, or
 * that has a member of the wrong JSON type, is a SerializationException. Then the operation checks the
 * values.
 */
import type * as z from 'zod/mini';

import type { Clock } from '../../core/clock.ts';
import { ok } from '../../core/errors.ts';
import { parseJson } from '../../core/parse-json.ts';
import { readText } from '../request-body.ts';
import { type AwsResult, refused } from './aws-answer.ts';

/** Reads the body as JSON of any type. */
export async function readBody(request: Request, clock: Clock): Promise<AwsResult<unknown>> {
  const text = await readText(request, clock);
  if (!text.ok) return text.failure.type === 'invalid-input' ? unreadable('The body must be UTF-8.') : text;
  const json = parseJson(text.value);
  return json === undefined ? unreadable('The body must be JSON.') : ok(json);
}

/**
 * Returns the members of the body's object, each checked for its JSON type. Unknown members are ignored, as
 * always in AWS JSON.
 */
export function parseMembers<T extends z.ZodMiniType>(schema: T, body: unknown): AwsResult<z.infer<T>> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const details = parsed.error.issues.map(({ path, message }) =>
    path[0] === undefined ? 'The body must be a JSON object.' : `${String(path[0])}: ${message}`,
  );
  return unreadable(details.join(' '));
}

/** Error texts for members of the wrong JSON type. */
export const WRONG_TYPE = {
  text: { error: 'must be a string.' },
  number: { error: 'must be a whole number.' },
  flag: { error: 'must be true or false.' },
} as const;

const unreadable = (message: string) => refused('SerializationException', message);
