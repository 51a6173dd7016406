/**
 * Builds the headers of JSON answers that clients can cache: pages, lists and summaries. The contract is
 * docs/http-api.md.
 */
import type { Served } from '../executions/executions.ts';
import type { BodyForm } from '../messages/encoded-page.ts';
import type { Draft } from './response-headers.ts';

/** Final pages never change. Clients may cache them for this long. */
const FINAL_MAX_AGE_SECONDS = 300;

/** The Cache-Status header (RFC 9211). Its `detail` names where the answer came from. */
export const cacheStatus = ({ layer, forward }: Served): string => {
  const detail = `detail=${layer}`;
  if (forward === 'hit') return `flowtap; hit; ${detail}`;
  return `flowtap; fwd=miss${forward === 'collapsed' ? '; collapsed' : ''}; ${detail}`;
};

export const cacheControl = (isFinal: boolean): string =>
  isFinal ? `private, max-age=${FINAL_MAX_AGE_SECONDS}` : 'private, no-cache';

/**
 * The Link header for the next page. `kept` is the result of `keptParameters`. The link is relative and
 * repeats only known parameters. If a ticket was sent under a misspelt name, the header must not repeat it,
 * because people copy these links.
 */
export const nextLink = (kept: string, cursor: string): string => `<?${kept}cursor=${cursor}>; rel="next"`;

/** Writes these parameters of a query as text for `nextLink`. */
export const keptParameters = <N extends string>(
  query: { readonly [K in N]?: string | number | readonly string[] },
  names: readonly N[],
): string =>
  names
    .map((name) => {
      const value = query[name];
      return value === undefined ? '' : `${name}=${[value].flat().map(encodeURIComponent).join('%2C')}&`;
    })
    .join('');

/** A JSON response with a strong ETag, or a 304 without a body if the client already has this version. */
export function jsonWithEtag(
  request: Request,
  { body, etag }: { readonly body: BodyForm; readonly etag: string },
  headers: Readonly<Record<string, string>>,
): Draft {
  if (matchesEtag(request.headers.get('If-None-Match'), etag)) {
    return { status: 304, headers: { ...headers, ETag: etag }, body: null };
  }
  // Safety: a TextEncoder made these bytes, so they are never in shared memory.
  const bytes = body as Uint8Array<ArrayBuffer> | string;
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json', ...headers, ETag: etag },
    body: bytes,
  };
}

/**
 * Matches If-None-Match (RFC 9110, 13.1.2), which is `*` or a list. Ignores `W/`, because caches on the way
 * might have weakened the ETag.
 */
const matchesEtag = (ifNoneMatch: string | null, etag: string): boolean =>
  ifNoneMatch !== null &&
  (ifNoneMatch.trim() === '*' ||
    ifNoneMatch.split(',').some((given) => given.trim().replace(/^W\//, '') === etag));
