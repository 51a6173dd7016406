/** Compares the members of a listed execution that can change. Its id, name and start time cannot. */
import type { ListItem } from '../lists.ts';

export const isSameState = (a: ListItem, b: ListItem): boolean =>
  a.status === b.status &&
  a.upstreamStatus === b.upstreamStatus &&
  a.endedAt === b.endedAt &&
  a.redriveCount === b.redriveCount &&
  a.archived === b.archived &&
  a.final === b.final;
