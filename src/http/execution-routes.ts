/**
 * Routes about one execution: page, stream, summary, tickets. Who calls is asked for that very execution before anything of
 * it is read, caches included (invariant 5).
 */
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { parseTicketRequest } from '../access/mint-ticket.ts';
import { type Result, ok } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { acceptsEventStream } from './accept.ts';
import { readJson } from './body.ts';
import { EXECUTIONS_PATH, readExecutionRef, splitExecutionPath } from './execution-path.ts';
import { type MessagesPorts, getMessages } from './messages.ts';
import { refusedStream } from './event-stream.ts';
import { VARY, withHeaders } from './responses.ts';
import { type Exchange, type Handler, byMethod } from './routing.ts';
import { getSummary } from './summary.ts';

export interface ExecutionRoutesPorts extends MessagesPorts {
  readonly access: Access;
}

type AboutOne = (exchange: Exchange, ref: ExecutionRef, caller: Caller) => Promise<Result<Response>>;

export function executionRoutes(ports: ExecutionRoutesPorts): Handler {
  return async (exchange) => {
    const { resource, rawId } = splitExecutionPath(exchange.url.pathname.slice(EXECUTIONS_PATH.length));
    exchange.facts.route = `execution-${resource}`;
    const about =
      (ticketAccepted: boolean, handle: AboutOne): Handler =>
      () =>
        aboutOne(ports, exchange, rawId, ticketAccepted, handle);
    const methods = {
      messages: { GET: about(true, (...asked) => getMessages(ports, ...asked)) },
      summary: { GET: about(true, (...asked) => getSummary(ports, ...asked)) },
      tickets: { POST: about(false, (...asked) => postTicket(ports, ...asked)) },
    };
    return byMethod(methods[resource])(exchange);
  };
}

/** Authenticates the caller for the execution, and only then handles the request. */
async function aboutOne(
  ports: ExecutionRoutesPorts,
  exchange: Exchange,
  rawId: string,
  ticketAccepted: boolean,
  handle: AboutOne,
): Promise<Result<Response>> {
  const { facts, request } = exchange;
  const ref = readExecutionRef(rawId);
  // An id that cannot be an execution's is refused as such, whatever the credential may read.
  const caller = await letIn(ports, exchange, ticketAccepted, ref.ok ? ref.value.executionId : undefined);
  const answered = await (async () => {
    if (!caller.ok) return caller;
    if (!ref.ok) return ref;
    facts.execution = ref.value.executionId;
    facts.source = ref.value.source;
    return handle(exchange, ref.value, caller.value);
  })();
  // A temporary refusal (a rate limit, a store that is down) must not end an EventSource for good.
  const isStream = request.method === 'GET' && acceptsEventStream(request.headers.get('Accept'));
  const answer = answered.ok || !isStream ? answered : refusedStream(answered.failure, facts);
  return answer.ok ? ok(withHeaders(answer.value, { Vary: VARY })) : answer;
}

/** Asks who calls; for the log, and for the key's last use. */
export async function letIn(
  { access }: Pick<ExecutionRoutesPorts, 'access'>,
  { request, facts, runtime }: Exchange,
  ticketAccepted: boolean,
  executionId?: string,
): Promise<Result<Caller>> {
  const caller = await access.authenticator.request({
    url: request.url,
    headers: request.headers,
    clientAddress: runtime.clientAddress,
    ticketAccepted,
    ...(executionId !== undefined && { executionId }),
  });
  if (!caller.ok) return caller;
  facts.keyId = caller.value.keyId;
  const noted = access.noteUse(caller.value.keyId);
  if (noted) runtime.waitUntil(noted);
  return caller;
}

async function postTicket(
  { access }: ExecutionRoutesPorts,
  { request, url }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Result<Response>> {
  const body = await readJson(request);
  if (!body.ok) return body;
  const asked = parseTicketRequest(body.value);
  if (!asked.ok) return asked;
  const minted = await access.mintTicket(caller, ref.executionId, asked.value);
  if (!minted.ok) return minted;
  const { ticket, expiresAt } = minted.value;
  const path = `${EXECUTIONS_PATH}${encodeURIComponent(ref.executionId)}/messages`;
  const streamUrl = new URL(`${path}?ticket=${encodeURIComponent(ticket)}`, url.origin).href;
  return ok(
    Response.json(
      { ticket, expiresAt, streamUrl },
      { status: 201, headers: { 'Cache-Control': 'no-store' } },
    ),
  );
}
