/**
 * The archive's keys. Page 0 has a prefix of its own, so that listing this prefix lists executions, one key
 * each. The other pages are grouped by generation. See docs/storage.md.
 *
 *     archive/1/head/<source>/<id>                            page 0, its metadata is the head
 *     archive/1/page/<source>/<id>/<generation>/<page>.<part> all other parts
 *
 * <id> is the execution id percent-encoded, or `~` and its SHA-256 when that is long: a key has at most 512
 * bytes.
 */
import { createHash } from 'node:crypto';

import type { ExecutionName, ExecutionRef } from '../core/execution-ref.ts';

export const HEAD_PREFIX = 'archive/1/head/';
const PAGE_PREFIX = 'archive/1/page/';
/** Leaves room for prefix, source, generation, page and part. */
const ID_BYTES_MAX = 380;

/** `<id>` of a key. Percent-encoded, so that an id with '/' cannot collide with another id's keys. */
export function idPart(executionId: string): string {
  const encoded = encodeURIComponent(executionId);
  if (encoded.length <= ID_BYTES_MAX && !encoded.startsWith('~')) return encoded;
  return `~${createHash('sha256').update(executionId).digest('hex')}`;
}

export const headKey = ({ source, executionId }: ExecutionRef): string =>
  `${HEAD_PREFIX}${source}/${idPart(executionId)}`;

/** The execution that a head's key belongs to; undefined for a hashed id. */
export function nameOfHeadKey(key: string): ExecutionName | undefined {
  const [source, id] = key.slice(HEAD_PREFIX.length).split('/');
  return source && id && !id.startsWith('~') ? { source, executionId: decodeURIComponent(id) } : undefined;
}

export const pagesPrefix = ({ source, executionId }: ExecutionRef, generation?: string): string =>
  `${PAGE_PREFIX}${source}/${idPart(executionId)}/${generation === undefined ? '' : `${generation}/`}`;

export const partKey = (ref: ExecutionRef, generation: string, page: number, part: number): string =>
  page === 0 && part === 0 ? headKey(ref) : `${pagesPrefix(ref, generation)}${page}.${part}`;
