/** True if all members that can change are equal. An execution's id, name and start time never change. */
import type { ListItem } from '../lists.ts';

export const isSameState = (a: ListItem, b: ListItem): boolean =>
  a.status === b.status &&
  a.upstreamStatus === b.upstreamStatus &&
  a.endedAt === b.endedAt &&
  a.redriveCount === b.redriveCount &&
  a.archived === b.archived &&
  a.final === b.final;
