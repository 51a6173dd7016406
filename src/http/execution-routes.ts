/**
 * Routes of one execution: page, stream, summary, children, tickets. The caller is authenticated for that execution before anything of it
 * is read, caches included (invariant 5).
 */
import type { Accepted } from '../access/authenticate.ts';
import type { Caller } from '../access/caller.ts';
import { parseTicketRequest } from '../access/mint-ticket.ts';
import type { Clock } from '../core/clock.ts';
import { ok } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import { acceptsEventStream } from './accept.ts';
import { type AuthenticationPorts, authenticate } from './authenticate.ts';
import { readJson } from './body.ts';
import { type ChildrenPorts, getChildren } from './children.ts';
import { EXECUTIONS_PATH, readExecutionRef, splitExecutionPath } from './execution-path.ts';
import { type MessagesPorts, getMessages } from './messages.ts';
import { refusedStream } from './event-stream.ts';
import { withExecutionId } from './not-found.ts';
import { VARY, withHeaders } from './responses.ts';
import { type Answered, type Exchange, type Handler, byMethod } from './routing.ts';
import { getSummary } from './summary.ts';

export interface ExecutionRoutesPorts extends MessagesPorts, ChildrenPorts, AuthenticationPorts {
  readonly clock: Clock;
}

type ExecutionHandler = (exchange: Exchange, ref: ExecutionRef, caller: Caller) => Promise<Answered>;

export function executionRoutes(ports: ExecutionRoutesPorts): Handler {
  return async (exchange) => {
    const { resource, rawId } = splitExecutionPath(exchange.url.pathname.slice(EXECUTIONS_PATH.length));
    exchange.facts.route = `execution-${resource}`;
    const authenticated =
      (accepts: Accepted, handle: ExecutionHandler): Handler =>
      () =>
        handleAuthenticated(ports, exchange, rawId, accepts, handle);
    const methods = {
      messages: { GET: authenticated('key-or-ticket', (...asked) => getMessages(ports, ...asked)) },
      summary: { GET: authenticated('key-or-ticket', (...asked) => getSummary(ports, ...asked)) },
      children: { GET: authenticated('key', (...asked) => getChildren(ports, ...asked)) },
      tickets: { POST: authenticated('key', (...asked) => postTicket(ports, ...asked)) },
    };
    return byMethod(methods[resource])(exchange);
  };
}

/** Authenticates the caller for the execution, and only then handles the request. */
async function handleAuthenticated(
  ports: ExecutionRoutesPorts,
  exchange: Exchange,
  rawId: string,
  accepts: Accepted,
  handle: ExecutionHandler,
): Promise<Answered> {
  const { facts, request } = exchange;
  const ref = readExecutionRef(rawId);
  // An invalid id is not checked against the key's patterns: it is refused as invalid below.
  const caller = await authenticate(ports, exchange, accepts, ref.ok ? ref.value : undefined);
  const answered = await (async () => {
    if (!caller.ok) return caller;
    if (!ref.ok) return ref;
    facts.execution = ref.value.executionId;
    facts.source = ref.value.source;
    return withExecutionId(ref.value, await handle(exchange, ref.value, caller.value));
  })();
  // A temporary refusal (a rate limit, a store that is down) must not end an EventSource for good.
  const isStream = request.method === 'GET' && acceptsEventStream(request.headers.get('Accept'));
  const answer =
    answered.ok || !isStream ? answered : refusedStream(answered.failure, facts, ports.publicUrl);
  return answer.ok ? ok(withHeaders(answer.value, { Vary: VARY })) : answer;
}

async function postTicket(
  { access, clock, publicUrl }: ExecutionRoutesPorts,
  { request, url }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const body = await readJson(request, clock);
  if (!body.ok) return body;
  const asked = parseTicketRequest(body.value);
  if (!asked.ok) return asked;
  const minted = await access.mintTicket(caller, ref.executionId, asked.value);
  if (!minted.ok) return minted;
  const { ticket, expiresAt } = minted.value;
  const path = `${EXECUTIONS_PATH}${encodeURIComponent(ref.executionId)}/messages`;
  const streamUrl = `${publicUrl ?? url.origin}${path}?ticket=${encodeURIComponent(ticket)}`;
  return ok(
    Response.json(
      { ticket, expiresAt, streamUrl },
      { status: 201, headers: { 'Cache-Control': 'no-store' } },
    ),
  );
}
