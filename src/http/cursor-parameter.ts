/** Reads a cursor from the query. It may be named `cursor` (Flowtap's name) or `nextToken` (AWS's name). */
import { type Result, invalid, ok } from '../core/errors.ts';
import type { CursorQuery } from './query-parameters.ts';

export interface GivenCursor {
  /** The name that the caller used. */
  readonly name: keyof CursorQuery;
  readonly text: string;
}

export function givenCursor({ cursor, nextToken }: CursorQuery): Result<GivenCursor | undefined> {
  if (cursor !== undefined && nextToken !== undefined && cursor !== nextToken) {
    return invalid(
      'query',
      'cursor',
      'must equal nextToken, which is another name for it. Send only one of them.',
    );
  }
  if (cursor !== undefined) return ok({ name: 'cursor', text: cursor });
  return ok(nextToken === undefined ? undefined : { name: 'nextToken', text: nextToken });
}

/**
 * Returns the decoded cursor, or undefined if none was sent. `mistake` is the error text if this service did
 * not issue the cursor for this use.
 */
export function readCursor<T>(
  query: CursorQuery,
  decode: (text: string) => T | undefined,
  mistake: string,
): Result<T | undefined> {
  const given = givenCursor(query);
  if (!given.ok || given.value === undefined) return given.ok ? ok(undefined) : given;
  const decoded = decode(given.value.text);
  return decoded === undefined ? invalid('query', given.value.name, mistake) : ok(decoded);
}
