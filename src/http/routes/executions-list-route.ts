/**
 * GET /v1/executions: a page of a list of executions or, for clients that prefer an event stream (accept.ts),
 * the live list. Reads the parameters and calls the port. list-query.ts reads the parameters that both forms
 * share.
 */
import type { Access } from '../../access/access.ts';
import { type Caller, grantedStreamOf, listGrantOf, readerOf } from '../../access/caller.ts';
import { type Result, invalid, ok } from '../../core/errors.ts';
import { encodeListCursor, nameOfList } from '../../lists/list-cursor.ts';
import type { ListOf, Lists } from '../../lists/lists.ts';
import type { SigningKeys } from '../../messages/signed-text.ts';
import { authenticate } from '../authenticate-request.ts';
import { givenCursor } from '../cursor-parameter.ts';
import { answerToReader, streamResponse, wantsStream } from '../stream-response.ts';
import { listAnswer, readPlace } from '../list-answer.ts';
import { LIST_PARAMETERS, type ListQuery, readListQuery } from '../list-query.ts';
import { withList } from '../not-found-details.ts';
import { CURSOR_PARAMETERS, readQuery } from '../query-parameters.ts';
import type { RequestFacts } from '../request-facts.ts';
import { type Answered, type Exchange, type Handler, byMethod } from '../routing.ts';

export interface ListsPorts {
  readonly access: Access;
  readonly lists: Pick<Lists, 'page' | 'follow'>;
  readonly cursorKeys: SigningKeys;
  /**
   * The address at which callers reach this service, including a path prefix. If absent, the origin of their
   * request.
   */
  readonly publicUrl?: string;
}

export const executionsRoute = (ports: ListsPorts): Handler =>
  byMethod({ GET: (exchange) => getList(ports, exchange) });

async function getList(ports: ListsPorts, exchange: Exchange): Promise<Answered> {
  const { request, facts } = exchange;
  const isStream = wantsStream(request);
  // Tickets are not accepted, because each is valid for only one execution.
  const caller = await authenticate(ports, exchange, 'key', undefined);
  const get = isStream ? getLiveList : getPage;
  const answered = caller.ok ? await get(ports, exchange, caller.value) : caller;
  return answerToReader(answered, isStream, facts, ports.publicUrl);
}

async function getPage(
  { lists, cursorKeys }: ListsPorts,
  exchange: Exchange,
  caller: Caller,
): Promise<Answered> {
  const { address, facts, client } = exchange;
  const query = readQuery(address.parameters, [...LIST_PARAMETERS, ...CURSOR_PARAMETERS]);
  if (!query.ok) return query;
  const wanted = readListQuery(query.value, caller.executions);
  if (!wanted.ok) return wanted;
  noteList(facts, wanted.value);
  const name = nameOfList(wanted.value);
  const after = readPlace(cursorKeys, name, query.value);
  if (!after.ok) return after;
  const page = await lists.page(
    {
      ...wanted.value,
      ...(after.value !== undefined && { after: after.value }),
      tenant: caller.tenant,
    },
    client.signal,
  );
  if (!page.ok) return refusedList(wanted.value.of, page);
  const { executions, next, partial, searchedBackTo, upstreamCalls } = page.value;
  const nextToken = next === undefined ? undefined : encodeListCursor(cursorKeys, name, next);
  const content = { executions, nextToken, partial, searchedBackTo, upstreamCalls };
  return ok(listAnswer(exchange, content, query.value, LIST_PARAMETERS));
}

async function getLiveList(
  { lists }: ListsPorts,
  { address, facts, client }: Exchange,
  caller: Caller,
): Promise<Answered> {
  const query = readQuery(address.parameters, [...LIST_PARAMETERS, ...CURSOR_PARAMETERS]);
  if (!query.ok) return query;
  const cursor = givenCursor(query.value);
  if (!cursor.ok) return cursor;
  if (cursor.value) {
    return invalid(
      'query',
      cursor.value.name,
      'must be left out: a live list begins with the newest executions. Read older ones in pages.',
    );
  }
  const wanted = readListQuery(query.value, caller.executions);
  if (!wanted.ok) return wanted;
  noteList(facts, wanted.value);
  const stream = await lists.follow(
    {
      ...wanted.value,
      ...readerOf(caller),
      ...grantedStreamOf(caller, listGrantOf(caller, wanted.value.patterns)),
    },
    client.signal,
  );
  return stream.ok ? ok(streamResponse(stream.value)) : refusedList(wanted.value.of, stream);
}

/**
 * If the upstream cannot list the executions of this flow, converts its failure to an error about the
 * parameter `flow`. Adds the list's name to a "not found".
 */
function refusedList<T>(of: ListOf, result: Result<T>): Result<T> {
  if (result.ok || result.failure.type !== 'upstream-invalid-request' || !('flow' in of))
    return withList(of, result);
  return invalid(
    'query',
    'flow',
    'is a flow whose executions the upstream does not list. Step Functions lists those of STANDARD state machines only.',
  );
}

function noteList(facts: RequestFacts, { of }: ListQuery): void {
  facts.source = 'flow' in of ? of.flow.source : of.source;
  if ('flow' in of) facts.flow = of.flow.flow;
}
