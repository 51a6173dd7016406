/**
 * The archive's keys. The first part of page 0 has its own prefix, so that listing this prefix returns one
 * key for each execution. All other parts are grouped by generation. See docs/storage.md.
 *
 *     archive/1/head/<source>/<id>                            first part of page 0; the head is its metadata
 *     archive/1/page/<source>/<id>/<generation>/<page>.<part> all other parts of all pages
 *
 * <id> is the percent-encoded execution id. If that is too long for a key of 512 bytes, <id> is `~` and the
 * SHA-256 of the execution id.
 */
import { createHash } from 'node:crypto';

import type { ExecutionName, ExecutionRef } from '../core/execution-ref.ts';

export const HEAD_PREFIX = 'archive/1/head/';
const PAGE_PREFIX = 'archive/1/page/';
/** The rest of the 512 bytes is for prefix, source, generation, page and part. */
const ID_BYTES_MAX = 380;

/**
 * Returns the `<id>` of a key. It is percent-encoded, so that an id that contains '/' cannot collide with
 * keys of another id.
 */
export function idPart(executionId: string): string {
  const encoded = encodeURIComponent(executionId);
  if (encoded.length <= ID_BYTES_MAX && !encoded.startsWith('~')) return encoded;
  return `~${createHash('sha256').update(executionId).digest('hex')}`;
}

export const headKey = ({ source, executionId }: ExecutionRef): string =>
  `${HEAD_PREFIX}${source}/${idPart(executionId)}`;

/** Returns the execution that a head's key belongs to, or undefined if the key contains a hash. */
export function nameOfHeadKey(key: string): ExecutionName | undefined {
  const [source, id] = key.slice(HEAD_PREFIX.length).split('/');
  return source && id && !id.startsWith('~') ? { source, executionId: decodeURIComponent(id) } : undefined;
}

export const pagesPrefix = ({ source, executionId }: ExecutionRef, generation?: string): string =>
  `${PAGE_PREFIX}${source}/${idPart(executionId)}/${generation === undefined ? '' : `${generation}/`}`;

export const partKey = (ref: ExecutionRef, generation: string, page: number, part: number): string =>
  page === 0 && part === 0 ? headKey(ref) : `${pagesPrefix(ref, generation)}${page}.${part}`;
