/** What may change of an execution in a list. Id, name and start time stay. */
import type { ListItem } from '../lists.ts';

export const isSameState = (a: ListItem, b: ListItem): boolean =>
  a.status === b.status &&
  a.upstreamStatus === b.upstreamStatus &&
  a.endedAt === b.endedAt &&
  a.redriveCount === b.redriveCount &&
  a.archived === b.archived &&
  a.final === b.final;
