/** The key of a requested page in caches of encoded pages. */
import type { ArchivedPageKey } from '../../archive/archived-pages.ts';
import type { PageQuery, PageStart } from '../cut-page.ts';

/**
 * Contains everything that the page depends on, except the state of the history. Callers with different
 * access to payloads never share a cached page (invariant 5).
 */
export const pageKey = ({
  from,
  maxResults,
  payloads,
  eventTypes = [],
  step,
}: PageQuery): ArchivedPageKey => ({
  page: `${payloads}/${maxResults}/${startKey(from)}`,
  filter: step === undefined ? eventTypes.join() : `${eventTypes.join()} ${step}`,
});

function startKey(from: PageStart): string {
  if (from.at === 'start') return '';
  return from.at === 'last' ? `last ${from.count}` : `${from.position} ${from.fingerprint}`;
}
