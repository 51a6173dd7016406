/** Parses a JSON body with zod. Reports one error for each invalid member. */
import * as z from 'zod/mini';

import { containsApiKey } from './api-key-format.ts';
import { fail, ok, type FieldError, type Result } from './errors.ts';

/** The maximum length of a member's name in error messages. */
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
    // A name that contains an API key must not be repeated.
    return issue.keys.map((key) =>
      bodyError(containsApiKey(key) ? 'body' : key.slice(0, NAME_CHARACTERS_MAX), 'is not known here'),
    );
  }
  return [name === '' ? bodyError('body', 'must be a JSON object') : bodyError(name, issue.message)];
}

/** Adds a full stop to a schema's error text. */
const bodyError = (name: string, words: string): FieldError => ({ in: 'body', name, detail: `${words}.` });
