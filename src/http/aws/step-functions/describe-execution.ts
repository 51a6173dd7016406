/**
 * DescribeExecution. Returns the archived description or, if the execution is not archived, the source's. All
 * callers share the source's answer for a second. The input and output of an archived execution are taken
 * from the first and the last event of its history.
 *
 * Source: botocore's model stepfunctions/2016-11-23.
 */
import * as z from 'zod/mini';

import { readerOf } from '../../../access/caller.ts';
import { ok } from '../../../core/errors.ts';
import type { ExecutionRef } from '../../../core/execution-ref.ts';
import { labelledFlow } from '../../../core/flow-ref.ts';
import type { DescriptionAnswer } from '../../../executions/executions.ts';
import { errorName } from '../../../messages/derive.ts';
import { type PayloadAccess, shows } from '../../../messages/payload-access.ts';
import { epochSecondsFromIso } from '../../../messages/timestamp.ts';
import { upstreamStatusAfter } from '../../../messages/upstream-statuses.ts';
import { withExecutionId } from '../../not-found-details.ts';
import { refused } from '../aws-answer.ts';
import { WRONG_TYPE, parseMembers } from '../aws-input.ts';
import type { AwsOperation, AwsPorts } from '../aws-operation.ts';
import { readExecutionArn } from './execution-arn-input.ts';

type Members = Readonly<Record<string, unknown>>;

const membersSchema = z.object({
  executionArn: z.nullish(z.string(WRONG_TYPE.text)),
  includedData: z.nullish(z.string(WRONG_TYPE.text)),
});

const INCLUDED_DATA = ['ALL_DATA', 'METADATA_ONLY'];

export const describeExecution: AwsOperation = async (call) => {
  const members = parseMembers(membersSchema, call.body);
  if (!members.ok) return members;
  const ref = readExecutionArn(call, members.value.executionArn);
  if (!ref.ok) return ref;
  const includedData = members.value.includedData ?? 'ALL_DATA';
  if (!INCLUDED_DATA.includes(includedData)) {
    return refused('ValidationException', `includedData: must be one of ${INCLUDED_DATA.join(', ')}.`);
  }
  const { ports, exchange, caller } = call;
  const asked = { withData: includedData === 'ALL_DATA', payloads: caller.payloads };
  const withData = asked.withData && shows(caller.payloads, 'full');
  const request = { withData, ...readerOf(caller) };
  const described = await ports.executions.describe(ref.value, request, exchange.client.signal);
  if (!described.ok) return withExecutionId(ref.value, described);
  exchange.facts.upstreamCalls = described.value.served.upstreamCalls;
  const description = descriptionOf(ref.value, described.value, asked.withData, ports);
  return ok(visibleMembers(description, caller.payloads, withData));
};

/** Returns all members. `visibleMembers` then removes those that the caller may not see. */
function descriptionOf(
  ref: ExecutionRef,
  described: DescriptionAnswer,
  withData: boolean,
  { eventOfMessage, clock }: Pick<AwsPorts, 'eventOfMessage' | 'clock'>,
): Members {
  // Descriptions are shared, so this one might contain data that only another caller requested.
  if (described.by === 'source') return { ...described.metadata, ...(withData && described.data) };
  const { metadata, head, first, last } = described;
  const started = detailsOf(eventOfMessage(first));
  const end = eventOfMessage(last);
  const ended = detailsOf(end);
  const known = metadata ?? {
    ...namesIn(ref),
    ...pick(started, ['stateMachineVersionArn', 'stateMachineAliasArn']),
    status: upstreamStatusAfter(end?.['type']) ?? head.status,
    ...(head.startedAt !== undefined && { startDate: epochSecondsFromIso(head.startedAt) }),
    ...(head.endedAt !== undefined && { stopDate: epochSecondsFromIso(head.endedAt) }),
  };
  const isExpired = head.finalAt !== undefined && Date.parse(head.finalAt) <= clock.now();
  return {
    ...(withData && {
      ...pick(started, ['input', 'inputDetails']),
      ...pick(ended, ['output', 'outputDetails', 'error', 'cause']),
    }),
    ...known,
    ...(isExpired && String(known['redriveStatus']).startsWith('REDRIVABLE') && REDRIVABLE_NO_MORE),
  };
}

/**
 * AWS reports this when the 14 days for a redrive are over. An archived description can be older than that.
 */
const REDRIVABLE_NO_MORE = {
  redriveStatus: 'NOT_REDRIVABLE',
  redriveStatusReason: 'Execution redrivable period exceeded',
};

/** The members that can be derived from the execution's ARN. */
const namesIn = ({ executionId: executionArn, arn }: ExecutionRef): Members => ({
  executionArn,
  ...(arn && { stateMachineArn: labelledFlow(arn).flow, name: arn.name }),
});

function detailsOf(event: Members = {}): Members {
  const [, details] = Object.entries(event).find(([name]) => name.endsWith('EventDetails')) ?? [];
  return Object(details);
}

const pick = (from: Members, names: readonly string[]): Members =>
  Object.fromEntries(names.filter((name) => from[name] != null).map((name) => [name, from[name]]));

/**
 * The members that callers without access to payloads may see. This is an allowlist, because members that AWS
 * adds later might contain payloads.
 */
const METADATA = [
  'executionArn',
  'stateMachineArn',
  'stateMachineVersionArn',
  'stateMachineAliasArn',
  'mapRunArn',
  'name',
  'status',
  'startDate',
  'stopDate',
  'traceHeader',
  'redriveCount',
  'redriveDate',
  'redriveStatus',
  'redriveStatusReason',
  'inputDetails',
  'outputDetails',
];

function visibleMembers(all: Members, payloads: PayloadAccess, withData: boolean): Members {
  const isFull = shows(payloads, 'full');
  const error = shows(payloads, 'names') ? errorName(all['error']) : undefined;
  const visible = isFull ? pick(all, Object.keys(all)) : { ...pick(all, METADATA), ...(error && { error }) };
  const details = (of: string) => ({ ...(visible[of] !== undefined && { [of]: { included: withData } }) });
  return { ...visible, ...details('inputDetails'), ...details('outputDetails') };
}
