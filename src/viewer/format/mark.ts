/**
 * The mark of an execution or step. It is the status, or `handled` or `retried` for a failure that the execution
 * survived. Pure.
 */
import type { Status, Step } from '../../client/client.ts';

export type Mark = 'running' | 'succeeded' | 'failed' | 'aborted' | 'handled' | 'retried';

const MARK_OF_STATUS: Readonly<Record<Status, Mark>> = {
  RUNNING: 'running',
  SUCCEEDED: 'succeeded',
  FAILED: 'failed',
  ABORTED: 'aborted',
};

export const WORDS: Readonly<Record<Mark, string>> = {
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  aborted: 'Aborted',
  handled: 'Handled',
  retried: 'Retried',
};

export const markOfStatus = (status: Status): Mark => MARK_OF_STATUS[status];

export function markOfStep({ status, attempts }: Step, isHandled: boolean): Mark {
  if (status === 'FAILED' && isHandled) return 'handled';
  return status === 'SUCCEEDED' && attempts > 1 ? 'retried' : MARK_OF_STATUS[status];
}
