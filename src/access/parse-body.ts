/** Parses a JSON body with zod; what is wrong with it comes out as one error for each member. */
import * as z from 'zod/mini';

import { fail, ok, type FieldError, type Result } from '../core/errors.ts';
import { containsApiKey } from './keys/api-key.ts';

/** A member's name is repeated to the caller: shortened, should it be absurd. */
const NAME_CHARACTERS_MAX = 64;

export function parseBody<T>(schema: z.ZodMiniType<T>, body: unknown): Result<T> {
  const parsed = z.safeParse(schema, body);
  return parsed.success
    ? ok(parsed.data)
    : fail({ type: 'invalid-input', errors: parsed.error.issues.flatMap(fieldErrorsOf) });
}

function fieldErrorsOf(issue: z.core.$ZodIssue): readonly FieldError[] {
  const name = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') {
    // A name that is a key itself is not to be repeated.
    return issue.keys.map((key) =>
      bodyError(containsApiKey(key) ? 'body' : key.slice(0, NAME_CHARACTERS_MAX), 'is not known here'),
    );
  }
  return [name === '' ? bodyError('body', 'must be a JSON object') : bodyError(name, issue.message)];
}

/** Schemas say what is wrong in a few words: here they become a sentence. */
const bodyError = (name: string, words: string): FieldError => ({ in: 'body', name, detail: `${words}.` });
