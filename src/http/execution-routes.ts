/**
 * Routes about one execution: page, stream, summary, tickets. Who calls is asked for that very execution before anything of
 * it is read, caches included (invariant 5).
 */
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { parseTicketRequest } from '../access/mint-ticket.ts';
import { type Result, ok } from '../core/errors.ts';
import type { ExecutionRef } from '../executions/executions.ts';
import { acceptsEventStream } from './accept.ts';
import { readJson } from './body.ts';
import { EXECUTIONS_PATH, decodeExecutionId, splitExecutionPath } from './execution-path.ts';
import { type MessagesPorts, getMessages } from './messages.ts';
import { refusedStream } from './event-stream.ts';
import { VARY, withHeaders } from './responses.ts';
import { type Exchange, type Handler, byMethod } from './routing.ts';
import { getSummary } from './summary.ts';

export interface ExecutionRoutesPorts extends MessagesPorts {
  readonly access: Access;
  /** Which source an id belongs to. */
  readonly sourceOf: (executionId: string) => Result<string>;
}

type AboutOne = (exchange: Exchange, ref: ExecutionRef, caller: Caller) => Promise<Result<Response>>;

export function executionRoutes(ports: ExecutionRoutesPorts): Handler {
  const about = (ticketAccepted: boolean, handle: AboutOne): Handler =>
    aboutOne(ports, ticketAccepted, handle);
  const methods = {
    messages: byMethod({
      GET: about(true, ({ request, facts }, ref, caller) => getMessages(ports, request, ref, caller, facts)),
    }),
    summary: byMethod({
      GET: about(true, ({ request, facts }, ref, caller) => getSummary(ports, request, ref, caller, facts)),
    }),
    tickets: byMethod({
      POST: about(false, (exchange, ref, caller) => postTicket(ports, exchange, ref, caller)),
    }),
  };
  return async (exchange) => {
    const { resource } = splitExecutionPath(exchange.url.pathname.slice(EXECUTIONS_PATH.length));
    exchange.facts.route = `execution-${resource}`;
    return methods[resource](exchange);
  };
}

/** Lets the caller in, and only then looks at what they ask. */
function aboutOne(ports: ExecutionRoutesPorts, ticketAccepted: boolean, handle: AboutOne): Handler {
  return async (exchange) => {
    const { url, facts, request } = exchange;
    const id = decodeExecutionId(splitExecutionPath(url.pathname.slice(EXECUTIONS_PATH.length)).rawId);
    const source = id.ok ? ports.sourceOf(id.value) : id;
    // An id that cannot be an execution's is refused as such, whatever the credential may read.
    const result = await letIn(ports, exchange, ticketAccepted, id.ok && source.ok ? id.value : undefined);
    const answered = await (async () => {
      if (!result.ok) return result;
      if (!id.ok) return id;
      facts.execution = id.value;
      if (!source.ok) return source;
      facts.source = source.value;
      return handle(exchange, { source: source.value, executionId: id.value }, result.value);
    })();
    // A stream that is refused for what passes (a rate limit, a store that is down) must not end an EventSource for good.
    const stream = request.method === 'GET' && acceptsEventStream(request.headers.get('Accept'));
    const told = answered.ok || !stream ? answered : refusedStream(answered.failure, facts);
    return told.ok ? ok(withHeaders(told.value, { Vary: VARY })) : told;
  };
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
