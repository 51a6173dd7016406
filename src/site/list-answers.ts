/** The schemas of lists: flows, executions, and the events of a live list. */
import * as z from 'zod/mini';

import { STATUSES } from '../messages/event-types.ts';
import { describe } from './describe.ts';

const text = (description: string) => describe(z.string(), description);
const maybe = (description: string) => describe(z.optional(z.string()), description);
const flag = (description: string) => describe(z.boolean(), description);
const source = () => text('The source of its executions: `things-graph` or `step-functions`.');

const partial = describe(
  z.optional(z.literal(true)),
  'A part is missing: the upstream service or the archive could not be read, or older archives are still being indexed.',
);
const searchedBackTo = describe(
  z.optional(z.iso.datetime()),
  'Only on a short page that might not be the last: all executions that started after this time have been searched.',
);

export const ListedExecution = z.strictObject({
  flowExecutionId: text('The id of the execution.'),
  flow: maybe('The flow of the execution. Absent if the execution’s id names no flow.'),
  name: maybe('The execution’s own name within the flow.'),
  source: source(),
  status: describe(z.enum(STATUSES), 'The status when it was last read.'),
  upstreamStatus: maybe('The status in Step Functions, such as `TIMED_OUT`.'),
  startedAt: maybe('When it started.'),
  endedAt: maybe('When it ended.'),
  durationMs: describe(z.optional(z.number()), 'Time from start to end.'),
  redriveCount: describe(z.optional(z.int().check(z.gte(0))), 'How often the execution was redriven.'),
  archived: flag('True if its history is archived.'),
  final: flag('True if the history can no longer change.'),
});

export const ChildList = z.strictObject({
  executions: describe(
    z.array(
      z.extend(ListedExecution, {
        step: maybe('The step that started it. Absent if the payload access is `none`.'),
      }),
    ),
    'In the order in which they were started, except that executions of the same map run are newest first. May be empty even if more follow.',
  ),
  nextToken: maybe('Present if more executions may follow. Follow it until it is absent.'),
  partial: describe(
    z.optional(z.literal(true)),
    'Some executions are missing because they could not be read.',
  ),
});

export const LiveListCaughtUp = z.strictObject({ partial, searchedBackTo });

export const Flows = z.strictObject({
  flows: describe(
    z.array(
      z.strictObject({
        flow: text('The ARN of a state machine, or the id of a workflow up to and including its name.'),
        source: source(),
        name: text('The name of the flow.'),
      }),
    ),
    'By source, then by flow.',
  ),
  nextToken: maybe('Present if more flows follow. Follow it until it is absent.'),
  partial,
});

export const ExecutionList = z.strictObject({
  executions: describe(z.array(ListedExecution), 'Newest start first. May be empty even if more follow.'),
  nextToken: maybe('Present if more executions may follow. Follow it until it is absent.'),
  partial,
  searchedBackTo,
});
