/**
 * Parses paths under /v1/executions/. If the last raw segment is `messages`, `tickets` or `children`, that
 * names the resource, and everything before it is the id. The id is percent-decoded once, so ids with `:` `/`
 * `.` may be sent raw or encoded. If an id itself ends in `/messages`, that slash must be encoded.
 */
import { type Result, invalid } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { readExecutionId } from '../messages/execution-id.ts';
import { oncePer } from '../core/once-per.ts';
import type { RequestAddress } from './request-address.ts';

export const EXECUTIONS_PATH = '/v1/executions/';
export const ADMIN_EXECUTIONS_PATH = '/v1/admin/executions/';

const RESOURCES = ['messages', 'tickets', 'children'] as const;
export type ExecutionResource = 'summary' | (typeof RESOURCES)[number];

export interface ExecutionPath {
  readonly resource: ExecutionResource;
  /** The id, still percent-encoded. */
  readonly rawId: string;
}

/** Splits a path whose prefix was removed. Never fails, because `readExecutionRef` checks the id later. */
export function splitExecutionPath(rest: string): ExecutionPath {
  const slash = rest.lastIndexOf('/');
  const last = rest.slice(slash + 1);
  const resource = RESOURCES.find((known) => known === last);
  if (!resource) return { resource: 'summary', rawId: rest };
  return { resource, rawId: rest.slice(0, Math.max(0, slash)) };
}

/** Splits an address under EXECUTIONS_PATH, and reads its id. */
export const executionOf = oncePer(({ pathname }: RequestAddress) => {
  const { resource, rawId } = splitExecutionPath(pathname.slice(EXECUTIONS_PATH.length));
  return { resource, ref: readExecutionRef(rawId) };
});

/** Decodes, checks and parses the raw id of a path. No other code does this. */
export function readExecutionRef(rawId: string, read = readExecutionId): Result<ExecutionRef> {
  let id: string;
  try {
    id = decodeURIComponent(rawId);
  } catch {
    return invalid(
      'path',
      'flowExecutionId',
      'must be percent-encoded UTF-8: two hex digits must follow each %.',
    );
  }
  const ref = read(id);
  return ref.ok ? ref : invalid('path', 'flowExecutionId', ref.failure);
}
