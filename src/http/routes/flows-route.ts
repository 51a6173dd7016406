/** GET /v1/flows: the flows for which the caller's key may read at least some executions. */
import { ok } from '../../core/errors.ts';
import { FLOWS_LIST, encodeListCursor } from '../../lists/list-cursor.ts';
import type { Lists } from '../../lists/lists.ts';
import type { SigningKeys } from '../../messages/signed-text.ts';
import { type AuthenticationPorts, authenticate } from '../authenticate-request.ts';
import { listAnswer, readPlace } from '../list-answer.ts';
import { LISTED_DEFAULT } from '../list-query.ts';
import { CURSOR_PARAMETERS, readQuery } from '../query-parameters.ts';
import { withHeaders, VARY } from '../response-headers.ts';
import { type Answered, type Exchange, type Handler, byMethod } from '../routing.ts';

export interface FlowsPorts extends AuthenticationPorts {
  readonly lists: Pick<Lists, 'flows'>;
  readonly cursorKeys: SigningKeys;
}

export const flowsRoute = (ports: FlowsPorts): Handler =>
  byMethod({ GET: (exchange) => getFlows(ports, exchange) });

async function getFlows(ports: FlowsPorts, exchange: Exchange): Promise<Answered> {
  const { lists, cursorKeys } = ports;
  const { address, client } = exchange;
  // Tickets are not accepted, because each is valid for only one execution.
  const caller = await authenticate(ports, exchange, 'key', undefined);
  if (!caller.ok) return caller;
  const query = readQuery(address.parameters, ['maxResults', ...CURSOR_PARAMETERS]);
  if (!query.ok) return query;
  const after = readPlace(cursorKeys, FLOWS_LIST, query.value);
  if (!after.ok) return after;
  const page = await lists.flows(
    {
      patterns: caller.value.executions,
      maxResults: query.value.maxResults ?? LISTED_DEFAULT,
      ...(after.value !== undefined && { after: after.value }),
      tenant: caller.value.tenant,
    },
    client.signal,
  );
  if (!page.ok) return page;
  const { flows, next, partial, upstreamCalls } = page.value;
  const nextToken = next === undefined ? undefined : encodeListCursor(cursorKeys, FLOWS_LIST, next);
  const content = { flows, nextToken, partial, upstreamCalls };
  return ok(withHeaders(listAnswer(exchange, content, query.value, ['maxResults']), { Vary: VARY }));
}
