/**
 * GET /v1/executions/{flowExecutionId}: the summary. With `waitTimeSeconds`, waits for the execution to end.
 */
import { type Caller, callerAllows, readerOf } from '../../access/caller.ts';
import { ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { SummaryAnswer } from '../../executions/executions.ts';
import { encodeCursor } from '../../messages/cursor.ts';
import { strongEtag } from '../../messages/encoded-page.ts';
import { cacheControl, cacheStatus, jsonWithEtag } from '../cacheable-json.ts';
import { readQuery, waitMsOf } from '../query-parameters.ts';
import type { ReadingPorts } from '../reading-ports.ts';
import type { Answered, Exchange } from '../routing.ts';

export async function getSummary(
  { executions, cursorKeys }: ReadingPorts,
  { request, address: { parameters }, facts, client }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const query = readQuery(parameters, ['waitTimeSeconds']);
  if (!query.ok) return query;
  const summary = await executions.summary(
    ref,
    { waitMs: waitMsOf(request, query.value), payloads: caller.payloads, ...readerOf(caller) },
    client.signal,
  );
  if (!summary.ok) return summary;
  facts.upstreamCalls = summary.value.served.upstreamCalls;
  const cursorOf = (position: NonNullable<SummaryAnswer['failure']>) =>
    encodeCursor(cursorKeys, ref, {
      position: position.position,
      fingerprint: position.fingerprint,
      end: 'none',
    });
  const { parent, ...rest } = summary.value;
  const visible = parent !== undefined && callerAllows(caller, parent) ? { ...rest, parent } : rest;
  const body = `${JSON.stringify(summaryBody(ref, visible, cursorOf))}\n`;
  return ok(
    jsonWithEtag(
      request,
      { body, etag: strongEtag(body) },
      {
        'Cache-Control': cacheControl(summary.value.final),
        'Cache-Status': cacheStatus(summary.value.served),
      },
    ),
  );
}

/**
 * Unknown values are undefined, so JSON leaves them out. `failure.cursor` points to the message of the
 * failure: a page that starts at this cursor begins with that message.
 */
function summaryBody(
  { source, executionId }: ExecutionRef,
  summary: SummaryAnswer,
  cursorOf: (position: NonNullable<SummaryAnswer['failure']>) => string,
) {
  const {
    status,
    upstreamStatus,
    startedAt,
    endedAt,
    messageCount,
    failure,
    parent,
    final,
    archivedAt,
    asOf,
  } = summary;
  const durationMs = Date.parse(endedAt ?? '') - Date.parse(startedAt ?? '');
  const { position: _position, fingerprint: _fingerprint, ...facts } = failure ?? {};
  return {
    flowExecutionId: executionId,
    source,
    status,
    upstreamStatus,
    startedAt,
    endedAt,
    // Leave the duration out if the end is before the start.
    durationMs: durationMs >= 0 ? durationMs : undefined,
    messageCount,
    parent,
    failure: failure && { ...facts, cursor: cursorOf(failure) },
    final,
    archivedAt,
    asOf,
  };
}
