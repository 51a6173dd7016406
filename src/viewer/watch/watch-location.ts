/**
 * Parses and builds the fragment of the page's address, which determines what the page shows. It names an execution
 * (core/watch-link.ts), or a list and its filters: `#flow=…&status=FAILED&namePrefix=…&since=24h`. So every view has
 * a link, and the browser's "back" works. The fragment never contains a key.
 */
import { STATUSES } from '../../messages/event-types.ts';
import type { Status } from '../../client/client.ts';
import { type WatchTarget, parseWatchFragment, watchFragment } from '../../core/watch-link.ts';
import type { ListQuery } from './list-source.ts';

/** The periods in the menu of start times, in hours, in the order of the menu. */
export const SINCE_HOURS: Readonly<Record<string, number>> = { '1h': 1, '24h': 24, '7d': 168, '30d': 720 };

export interface ListView {
  /** A flow, or `source:things-graph` for the executions of that source that belong to no flow. */
  readonly flow?: string;
  /** If empty, executions of all statuses are shown. */
  readonly statuses: readonly Status[];
  readonly namePrefix: string;
  /** A key of SINCE_HOURS. If absent, all start times are shown. */
  readonly since?: string;
  /** `from` and `to` are local dates and times as a reader enters them: `2026-11-29T16:00`. They replace `since`. */
  readonly from?: string;
  readonly to?: string;
}

export type WatchLocation =
  { readonly type: 'list'; readonly view: ListView } | ({ readonly type: 'execution' } & WatchTarget);

export const EMPTY_VIEW: ListView = { statuses: [], namePrefix: '' };

const SOURCE = 'source:';
const LOCAL_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d$/;

export function parseLocation(hash: string): WatchLocation {
  const target = parseWatchFragment(hash);
  if (target.execution !== undefined || target.ticket !== undefined) return { type: 'execution', ...target };
  const members = new URLSearchParams(hash.replace(/^#/, ''));
  const text = (name: string) => members.get(name) ?? '';
  const local = (name: 'from' | 'to') => (LOCAL_TIME.test(text(name)) ? { [name]: text(name) } : {});
  const wanted = text('status').split(',');
  return {
    type: 'list',
    view: {
      ...(text('flow') !== '' && { flow: text('flow') }),
      statuses: STATUSES.filter((status) => wanted.includes(status)),
      namePrefix: text('namePrefix'),
      ...(Object.hasOwn(SINCE_HOURS, text('since')) && { since: text('since') }),
      ...local('from'),
      ...local('to'),
    },
  };
}

export function listFragment({ flow, statuses, namePrefix, since, from, to }: ListView): string {
  const members = new URLSearchParams();
  if (flow !== undefined) members.set('flow', flow);
  if (statuses.length > 0) members.set('status', statuses.join(','));
  if (namePrefix !== '') members.set('namePrefix', namePrefix);
  for (const [name, value] of Object.entries({ since, from, to }))
    if (value !== undefined) members.set(name, value);
  const text = members.toString().replaceAll('%3A', ':').replaceAll('%2F', '/').replaceAll('%2C', ',');
  return text === '' ? '#' : `#${text}`;
}

export const executionFragment = (target: WatchTarget): string => watchFragment(target);

/** Returns the query for the service. Undefined until a flow is chosen. */
export function queryOf(view: ListView, nowMs: number): ListQuery | undefined {
  const { flow, statuses, namePrefix, since, from, to } = view;
  if (flow === undefined) return undefined;
  const sinceMs = nowMs - (SINCE_HOURS[since ?? ''] ?? 0) * 3_600_000;
  const startedAfter = isoOf(from) ?? (since === undefined ? undefined : new Date(sinceMs).toISOString());
  const startedBefore = isoOf(to);
  return {
    ...(flow.startsWith(SOURCE) ? { source: flow.slice(SOURCE.length) } : { flow }),
    ...(statuses.length > 0 && { statuses }),
    ...(namePrefix !== '' && { namePrefix }),
    ...(startedAfter !== undefined && { startedAfter }),
    ...(startedBefore !== undefined && { startedBefore }),
  };
}

function isoOf(local: string | undefined): string | undefined {
  const at = new Date(local ?? '');
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
