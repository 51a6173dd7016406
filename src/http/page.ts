/** A page of messages as JSON: body and headers. The contract is docs/http-api.md. */
import { createHash } from 'node:crypto';

import type { PageAnswer, Served } from '../executions/executions.ts';
import type { Message } from '../messages/message.ts';
import type { Status } from '../messages/event-types.ts';

/** Settled pages never change. Clients may cache them as long as our own memory does. */
const SETTLED_MAX_AGE_SECONDS = 300;

export interface PageBody {
  readonly messages: readonly Message[];
  /** Present only if more messages exist now. */
  readonly nextToken?: string;
  /** Always: the position after the last message considered. */
  readonly cursor: string;
  readonly status?: Status;
  /** Only with `last`: a bound was reached before enough messages were found. */
  readonly partial?: true;
}

export const pageBody = (answer: PageAnswer, cursor: string): PageBody => ({
  messages: answer.messages,
  ...(answer.more && { nextToken: cursor }),
  cursor,
  ...(answer.status && { status: answer.status }),
  ...(answer.partial && { partial: true }),
});

/** RFC 9211; `detail` names the tier that the answer came from. */
export const cacheStatus = ({ tier, forward }: Served): string => {
  const detail = `detail=${tier}`;
  if (forward === 'hit') return `flowtap; hit; ${detail}`;
  return `flowtap; fwd=miss${forward === 'collapsed' ? '; collapsed' : ''}; ${detail}`;
};

export const cacheControl = (settled: boolean): string =>
  settled ? `private, max-age=${SETTLED_MAX_AGE_SECONDS}` : 'private, no-cache';

/** Parameters that the next page keeps. */
const KEPT_BY_NEXT = ['maxResults', 'eventTypes'] as const;

/**
 * The same address with the next cursor. Relative, and only with known parameters: a ticket under a misspelt name is still a
 * ticket, and Link headers get copied.
 */
export function nextLink(search: URLSearchParams, cursor: string): string {
  const next = new URLSearchParams();
  for (const name of KEPT_BY_NEXT) {
    const value = search.get(name);
    if (value !== null) next.set(name, value);
  }
  next.set('cursor', cursor);
  return `<?${next.toString()}>; rel="next"`;
}

/** JSON with a strong ETag; 304 without a body if the client already has it. */
export function jsonWithEtag(
  request: Request,
  body: unknown,
  headers: Readonly<Record<string, string>>,
): Response {
  const text = `${JSON.stringify(body)}\n`;
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  if (matchesEtag(request.headers.get('If-None-Match'), etag)) {
    return new Response(null, { status: 304, headers: { ...headers, ETag: etag } });
  }
  return new Response(text, { headers: { 'Content-Type': 'application/json', ...headers, ETag: etag } });
}

/** RFC 9110, 13.1.2: `*`, or a list that is compared weakly, because caches on the way may have weakened the ETag. */
const matchesEtag = (ifNoneMatch: string | null, etag: string): boolean =>
  ifNoneMatch !== null &&
  (ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((given) => given.trim().replace(/^W\//, '') === etag));
