/**
 * Converts failures to problem JSON (RFC 9457), using the catalogue in problems/. Internal texts are never
 * included (invariant 7). /docs/problems documents each code and what to do about it.
 */
import type { Failure, FieldError } from '../core/errors.ts';
import { problemEntry } from '../problems/problem-catalogue.ts';
import { PROBLEM_STATUS, type ServiceProblemCode } from '../problems/problem-codes.ts';
import { resolve } from '../problems/problem-entry.ts';
import { VARY } from './response-headers.ts';

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ServiceProblemCode;
  readonly requestId?: string;
  readonly errors?: readonly FieldError[];
  readonly retryAfterSeconds?: number;
}

/**
 * `publicUrl` is the address at which callers reach this service. The URL in `type` begins with it. If it is
 * not set, `type` is relative to the root.
 */
export function problemOf(failure: Failure, requestId?: string, publicUrl = ''): Problem {
  const { code, title, detail, retryAfterSeconds } = problemEntry(failure);
  return {
    type: `${publicUrl}/docs/problems#${code}`,
    title: resolve(title, failure),
    status: PROBLEM_STATUS[code],
    detail: resolve(detail, failure),
    code,
    ...(requestId !== undefined && { requestId }),
    ...(failure.type === 'invalid-input' && { errors: failure.errors }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds: resolve(retryAfterSeconds, failure) }),
  };
}

/**
 * The problem as a response. A 502 or 504 has no Retry-After, because the upstream service did not say when
 * to retry.
 */
export function problemResponse(failure: Failure, requestId: string, publicUrl?: string): Response {
  const problem = problemOf(failure, requestId, publicUrl);
  const { status, retryAfterSeconds } = problem;
  const { headers } = problemEntry(failure);
  return new Response(`${JSON.stringify(problem)}\n`, {
    status,
    headers: {
      'Content-Type': 'application/problem+json',
      'Cache-Control': 'no-store',
      Vary: VARY,
      ...((status === 429 || status === 503) &&
        retryAfterSeconds !== undefined && { 'Retry-After': String(retryAfterSeconds) }),
      ...(headers && resolve(headers, failure)),
    },
  });
}

/** The data of a stream's `problem` event. */
export const problemJson = (failure: Failure, publicUrl?: string): string =>
  JSON.stringify(problemOf(failure, undefined, publicUrl));

/**
 * Whether a retry can help. If so, a refused event stream gets status 200 and a `problem` event, and is then
 * closed. Any other status would stop an EventSource for good.
 */
export const isTransient = (failure: Failure): boolean =>
  problemEntry(failure).retryAfterSeconds !== undefined;
