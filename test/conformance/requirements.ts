/** All requirements, in the order of docs/http-api.md. */
import type { Requirement, Section } from './requirement.ts';
import { admin } from './requirements/admin.ts';
import { aws } from './requirements/aws.ts';
import { credentials } from './requirements/credentials.ts';
import { general } from './requirements/general.ts';
import { ids } from './requirements/ids.ts';
import { lists } from './requirements/lists.ts';
import { liveList } from './requirements/live-list.ts';
import { pages } from './requirements/pages.ts';
import { problems } from './requirements/problems.ts';
import { stream } from './requirements/stream.ts';
import { summary } from './requirements/summary.ts';
import { tickets } from './requirements/tickets.ts';

export const sections: readonly Section[] = [
  general,
  credentials,
  ids,
  pages,
  summary,
  stream,
  lists,
  liveList,
  tickets,
  admin,
  problems,
  aws,
];

export const requirements: readonly Requirement[] = sections.flatMap((section) => section.requirements);
