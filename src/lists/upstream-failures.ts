/** Classifies failures of the upstream by what they mean for a list. */
import type { SourceFailure } from '../core/errors.ts';

/** True if the upstream has no such list, so that only archived executions can be listed. */
export const hasNoList = ({ type }: SourceFailure): boolean =>
  type === 'upstream-not-found' || type === 'source-forbidden' || type === 'upstream-invalid-request';

/** True if the upstream rejected the request. If the request had a token, the token has expired. */
export const isRefusal = ({ type }: SourceFailure): boolean =>
  type === 'upstream-invalid-token' || type === 'upstream-invalid-request';

/** True if a retry will soon succeed. After any other failure, the upstream might be down for long. */
export const isBrief = ({ type }: SourceFailure): boolean =>
  type === 'upstream-throttled' || type === 'upstream-share-exceeded' || type === 'upstream-unfinished';
