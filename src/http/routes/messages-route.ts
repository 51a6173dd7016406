/**
 * GET /v1/executions/{flowExecutionId}/messages: a page of JSON or, for clients that prefer an event stream
 * (accept.ts), the stream. Reads the parameters and calls the port. cacheable-json.ts formats pages.
 * stream-response.ts formats streams and their refusals.
 */
import { type Caller, grantedStreamOf, readerOf, streamGrantOf } from '../../access/caller.ts';
import { type Result, fail, invalid, ok } from '../../core/errors.ts';
import type { MessageFilter, PageStart } from '../../executions/cut-page.ts';
import { PAGE_MESSAGES_MAX } from '../../messages/page-messages.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { StreamStart } from '../../executions/executions.ts';
import { shows } from '../../messages/payload-access.ts';
import { readCursor } from '../cursor-parameter.ts';
import { streamResponse } from '../stream-response.ts';
import { cacheControl, cacheStatus, jsonWithEtag, keptParameters, nextLink } from '../cacheable-json.ts';
import {
  MAX_RESULTS_DEFAULT,
  PAGE_PARAMETERS,
  type Query,
  STREAM_PARAMETERS,
  readQuery,
  waitMsOf,
} from '../query-parameters.ts';
import { oncePer } from '../../core/once-per.ts';
import type { RequestAddress } from '../request-address.ts';
import type { ReadingPorts } from '../reading-ports.ts';
import type { Answered, Exchange } from '../routing.ts';

export async function getMessages(
  ports: ReadingPorts,
  exchange: Exchange,
  ref: ExecutionRef,
  caller: Caller,
  isStream: boolean,
): Promise<Answered> {
  return isStream ? getStream(ports, exchange, ref, caller) : getPage(ports, exchange, ref, caller);
}

const keptOf = oncePer((query: Query<'maxResults' | 'eventTypes' | 'step'>) =>
  keptParameters(query, ['maxResults', 'eventTypes', 'step']),
);

const pageQueryOf = oncePer(({ parameters }: RequestAddress) => readQuery(parameters, PAGE_PARAMETERS));

async function getPage(
  { executions, cursors }: ReadingPorts,
  { request, address, facts, client }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const query = pageQueryOf(address);
  if (!query.ok) return query;
  const filter = readFilter(query.value, caller);
  if (!filter.ok) return filter;
  const { maxResults = MAX_RESULTS_DEFAULT, last } = query.value;
  const cursor = readCursor(query.value, (text) => cursors.read(ref, text), NOT_ITS_CURSOR);
  if (!cursor.ok) return cursor;
  if (last !== undefined && cursor.value) {
    return invalid('query', 'last', 'must not be combined with a cursor: last selects the newest messages.');
  }
  const from: PageStart =
    last !== undefined
      ? { at: 'last', count: last }
      : cursor.value
        ? { at: 'position', position: cursor.value.position, fingerprint: cursor.value.fingerprint }
        : { at: 'start' };
  const page = await executions.page(
    ref,
    {
      from,
      maxResults: last === undefined ? maxResults : PAGE_MESSAGES_MAX,
      ...filter.value,
      payloads: caller.payloads,
      ...readerOf(caller),
      waitMs: waitMsOf(request, query.value),
    },
    client,
  );
  if (!page.ok) return page;
  facts.upstreamCalls = page.value.served.upstreamCalls;
  return ok(
    jsonWithEtag(request, page.value, {
      'Cache-Control': cacheControl(page.value.final),
      'Cache-Status': cacheStatus(page.value.served),
      ...(page.value.more && {
        Link: nextLink(keptOf(query.value), page.value.cursor),
      }),
    }),
  );
}

async function getStream(
  { executions, cursors }: ReadingPorts,
  { request, address: { parameters }, client }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const query = readQuery(parameters, STREAM_PARAMETERS);
  if (!query.ok) return query;
  const filter = readFilter(query.value, caller);
  if (!filter.ok) return filter;
  const { from = 'start' } = query.value;
  // An empty value means that the client has no last event id.
  const lastEventId = request.headers.get('Last-Event-ID') || query.value.lastEventId || undefined;
  const given =
    lastEventId === undefined
      ? readCursor(query.value, (text) => cursors.read(ref, text), NOT_ITS_CURSOR)
      : undefined;
  if (given && !given.ok) return given;
  const cursor = given ? given.value : cursors.read(ref, lastEventId ?? '');
  if (cursor?.end === 'final') return ok(nothingMore());
  const start: StreamStart = cursor
    ? {
        at: 'position',
        position: cursor.position,
        fingerprint: cursor.fingerprint,
        ...(cursor.end === 'settled' && { ended: true }),
      }
    : // If the last event id is unknown, start over. A 400 would end an EventSource, which cannot drop the id.
      { at: lastEventId === undefined ? from : 'reset' };
  const stream = await executions.stream(
    ref,
    {
      from: start,
      ...filter.value,
      payloads: caller.payloads,
      ...readerOf(caller),
      ...grantedStreamOf(caller, streamGrantOf(caller)),
    },
    client.signal,
  );
  if (!stream.ok) return stream;
  return ok(stream.value ? streamResponse(stream.value) : nothingMore());
}

/** The answer to a client that already has every message of a final history. A 204 stops an EventSource. */
const nothingMore = (): Response =>
  new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });

/**
 * Parses the filter. Refuses a filter by step to callers that may not see steps, because the result would
 * disclose which steps exist.
 */
function readFilter(
  { eventTypes, step }: { readonly eventTypes?: readonly string[]; readonly step?: string },
  { payloads }: Caller,
): Result<MessageFilter> {
  if (step !== undefined && !shows(payloads, 'names')) {
    return fail({
      type: 'operation-forbidden',
      detail: 'This key may not see steps, so it cannot filter by step.',
    });
  }
  return ok({ ...(eventTypes && { eventTypes }), ...(step !== undefined && { step }) });
}

/** The error text for a cursor that this service did not issue for this execution. */
const NOT_ITS_CURSOR =
  'is not a cursor of this execution. Copy it unchanged from a page (cursor, nextToken) or an event (id) of the ' +
  'same flowExecutionId, or leave it out to start at the beginning.';
