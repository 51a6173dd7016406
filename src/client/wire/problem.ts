/**
 * The two error classes of this client. `FlowtapProblem`: the service answered with an error (RFC 9457
 * problem JSON, or a `problem` event). `FlowtapConnectionError`: no usable answer arrived. retry-policy.ts
 * decides what is retried, and for how long.
 */

import { type ProblemCode, UNEXPECTED_ANSWER } from './problem-code.ts';

/** One invalid input, as the server names it. */
export interface FlowtapFieldError {
  readonly in: 'path' | 'query' | 'header' | 'body';
  readonly name: string;
  readonly detail: string;
}

/** The members of problem JSON. */
export interface ProblemFacts {
  readonly status: number;
  /** Stable, for comparisons: `AccessDeniedException`, `ResourceNotFoundException`, `ExpiredTicket`, … */
  readonly code: ProblemCode;
  readonly title: string;
  /** A sentence for people that says what is wrong and what to do. */
  readonly detail: string;
  /** Identifies the request in the service's log, for its operator. */
  readonly requestId?: string;
  readonly errors?: readonly FlowtapFieldError[];
  /** How long to wait before a retry. */
  readonly retryAfterSeconds?: number;
}

/** Longer than any problem of Flowtap. A longer error page of a proxy is cut off. */
const PROBLEM_CHARACTERS_MAX = 64 * 1024;

export class FlowtapProblem extends Error implements ProblemFacts {
  override readonly name = 'FlowtapProblem';
  readonly status: number;
  readonly code: ProblemCode;
  readonly title: string;
  readonly detail: string;
  readonly requestId?: string;
  readonly errors?: readonly FlowtapFieldError[];
  readonly retryAfterSeconds?: number;

  constructor(facts: ProblemFacts) {
    super(`${facts.code}: ${facts.detail}`);
    this.status = facts.status;
    this.code = facts.code;
    this.title = facts.title;
    this.detail = facts.detail;
    if (facts.requestId !== undefined) this.requestId = facts.requestId;
    if (facts.errors !== undefined) this.errors = facts.errors;
    if (facts.retryAfterSeconds !== undefined) this.retryAfterSeconds = facts.retryAfterSeconds;
  }
}

/**
 * The service could not be reached, was silent for too long, or sent an answer that is cut off or not
 * understood.
 */
export class FlowtapConnectionError extends Error {
  override readonly name = 'FlowtapConnectionError';
}

/** Parses the problem in an unsuccessful answer. Rejects if the body cannot be read. */
export async function problemFromResponse(response: Response, nowMs: number): Promise<FlowtapProblem> {
  const text = (await response.text()).slice(0, PROBLEM_CHARACTERS_MAX);
  const stated = retryAfterSeconds(response.headers.get('Retry-After'), nowMs);
  const requestId = response.headers.get('X-Request-Id') ?? undefined;
  return problemFromText(text, {
    status: response.status,
    ...(requestId !== undefined && { requestId }),
    ...(stated !== undefined && { retryAfterSeconds: stated }),
  });
}

/**
 * Parses problem JSON. Any other text becomes an UnexpectedAnswer. `known` has the members that the text
 * might lack, from the status line and the headers.
 */
export function problemFromText(
  text: string,
  known: Pick<ProblemFacts, 'status' | 'requestId' | 'retryAfterSeconds'>,
): FlowtapProblem {
  const body = parseObject(text);
  if (typeof body?.['code'] !== 'string' || typeof body['detail'] !== 'string') {
    return new FlowtapProblem({
      ...known,
      code: UNEXPECTED_ANSWER,
      title: 'Not an answer from Flowtap',
      detail: `The answer has status ${known.status} and does not come from Flowtap. Is this the address of a Flowtap service?`,
    });
  }
  const { code, detail, title, status, requestId, errors, retryAfterSeconds: wait } = body;
  return new FlowtapProblem({
    ...known,
    code,
    detail,
    title: typeof title === 'string' ? title : code,
    ...(typeof status === 'number' && { status }),
    ...(typeof requestId === 'string' && { requestId }),
    ...(typeof wait === 'number' && { retryAfterSeconds: wait }),
    // Safety: the filter keeps only objects that have these members as strings.
    ...(Array.isArray(errors) && { errors: errors.filter(isFieldError) as FlowtapFieldError[] }),
  });
}

const isFieldError = (error: unknown): boolean =>
  typeof error === 'object' &&
  error !== null &&
  ['in', 'name', 'detail'].every((member) => typeof Reflect.get(error, member) === 'string');

/** Parses text as a JSON object; undefined for anything else. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    // Safety: an object that is not null has string keys.
    return value as Record<string, unknown>;
  } catch {
    // Not JSON: the caller handles it.
  }
  return undefined;
}

/** Parses Retry-After, which is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryAfterSeconds(header: string | null, nowMs: number): number | undefined {
  if (header === null) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? undefined : Math.max(0, Math.ceil((atMs - nowMs) / 1000));
}
