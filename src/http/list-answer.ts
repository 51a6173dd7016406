/** Functions that all paged lists share: they decode a cursor, and build the answer with its headers. */
import type { Result } from '../core/errors.ts';
import { decodeListCursor } from '../lists/list-cursor.ts';
import { strongEtag } from '../messages/encoded-page.ts';
import type { SigningKeys } from '../messages/signed-text.ts';
import { readCursor } from './cursor-parameter.ts';
import { cacheControl, cacheStatus, jsonWithEtag, keptParameters, nextLink } from './cacheable-json.ts';
import type { CursorQuery } from './query-parameters.ts';
import type { Draft } from './response-headers.ts';
import type { Exchange } from './routing.ts';

/**
 * Builds the answer for one page. Members that are undefined are left out. `kept` names the parameters that
 * the link to the next page repeats. The list can change at any time, so caches must revalidate on each use.
 */
export function listAnswer<N extends string>(
  { request, facts }: Pick<Exchange, 'request' | 'facts'>,
  { upstreamCalls, ...content }: { readonly nextToken: string | undefined; readonly upstreamCalls: number },
  query: { readonly [K in N]?: string | number | readonly string[] },
  kept: readonly N[],
): Draft {
  facts.upstreamCalls = upstreamCalls;
  const { nextToken } = content;
  const body = `${JSON.stringify(content)}\n`;
  const forward = upstreamCalls > 0 ? 'miss' : 'hit';
  return jsonWithEtag(
    request,
    { body, etag: strongEtag(body) },
    {
      'Cache-Control': cacheControl(false),
      'Cache-Status': cacheStatus({ layer: 'live', forward, upstreamCalls }),
      ...(nextToken !== undefined && { Link: nextLink(keptParameters(query, kept), nextToken) }),
    },
  );
}

/**
 * Decodes the place in the cursor, see `Place` in docs/design.md. Fails if this service did not issue the
 * cursor for this list.
 */
export function readPlace(
  keys: SigningKeys,
  listName: string,
  query: CursorQuery,
): Result<string | undefined> {
  return readCursor(
    query,
    (text) => decodeListCursor(keys, listName, text),
    'is not a cursor of this list. Copy nextToken unchanged from the page before and keep the same flow and filters, or ' +
      'leave it out to start with the newest.',
  );
}
