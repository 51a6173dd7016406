/** Turns an error of the client into the result of a check. */
import { FlowtapProblem } from '../client/wire/problem.ts';
import { isTransient } from '../client/retry-policy.ts';
import { type Check, fail } from './check.ts';
import type { Terminal } from './command.ts';
import type { Variable } from './connect.ts';
import { explain } from './explain.ts';

/** `credential` is the variable whose value was sent. Rethrows bugs, and the signal's reason. */
export function refused(name: string, error: unknown, credential: Variable, { signal }: Terminal): Check {
  signal.throwIfAborted();
  const explained = explain(error, credential);
  if (!explained) throw error;
  const text = explained.lines.map((line) => line.trim()).join(' ');
  const remedy = explained.remedies.join(' ');
  // A temporary refusal does not show whether the credential is right. After many wrong credentials, the
  // service refuses even the right one.
  const isUnknown = name !== 'execution' && isTransient(error);
  return fail(
    name,
    isUnknown ? `could not be checked. ${text}` : text,
    remedy === '' ? defaultRemedy(error) : remedy,
  );
}

function defaultRemedy(error: unknown): string {
  if (isTransient(error)) return 'Try again later.';
  // `explain` accepts only problems and connection errors, and the latter are transient.
  return error instanceof FlowtapProblem ? `See ${error.code} at /docs/problems of the service.` : '';
}
