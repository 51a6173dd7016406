/**
 * Paths under /v1/executions/. If the last raw segment is `messages`, `tickets` or `children`, it is the
 * resource; the rest is the id. The id is decoded once, so that ids with `:` `/` `.` work raw and encoded. An
 * id that itself ends in `/messages` needs that slash encoded.
 */
import { type Result, invalid } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { readExecutionId } from '../messages/execution-id.ts';

export const EXECUTIONS_PATH = '/v1/executions/';
export const ADMIN_EXECUTIONS_PATH = '/v1/admin/executions/';

const RESOURCES = ['messages', 'tickets', 'children'] as const;
export type ExecutionResource = 'summary' | (typeof RESOURCES)[number];

export interface ExecutionPath {
  readonly resource: ExecutionResource;
  /** Still percent-encoded. */
  readonly rawId: string;
}

/** Splits a path without its prefix. Never fails: `readExecutionRef` checks the id. */
export function splitExecutionPath(rest: string): ExecutionPath {
  const slash = rest.lastIndexOf('/');
  const last = rest.slice(slash + 1);
  const resource = RESOURCES.find((known) => known === last);
  if (!resource) return { resource: 'summary', rawId: rest };
  return { resource, rawId: rest.slice(0, Math.max(0, slash)) };
}

/** The reference that a path's raw id names: decoded, checked and parsed here and nowhere else. */
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
