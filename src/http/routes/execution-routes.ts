/**
 * The routes of one execution: page, stream, summary, children, tickets. The caller is authenticated for that
 * execution before any part of it is read, even from caches (invariant 5).
 */
import type { Accepted } from '../../access/authenticate.ts';
import type { Caller } from '../../access/caller.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import type { Result } from '../../core/errors.ts';
import { type AuthenticationPorts, authenticate } from '../authenticate-request.ts';
import { type ChildrenPorts, getChildren } from './children-route.ts';
import { type ExecutionResource, executionOf } from '../execution-path.ts';
import { getMessages } from './messages-route.ts';
import { answerToReader, wantsStream } from '../stream-response.ts';
import type { ReadingPorts } from '../reading-ports.ts';
import { withExecutionId } from '../not-found-details.ts';
import { type Answered, type Exchange, type Handler, byMethod } from '../routing.ts';
import { getSummary } from './summary-route.ts';
import { type TicketsPorts, postTicket } from './tickets-route.ts';

export interface ExecutionRoutesPorts
  extends ReadingPorts, ChildrenPorts, TicketsPorts, AuthenticationPorts {}

type ExecutionHandler = (
  ports: ExecutionRoutesPorts,
  exchange: Exchange,
  ref: ExecutionRef,
  caller: Caller,
  isStream: boolean,
) => Promise<Answered>;

export function executionRoutes(ports: ExecutionRoutesPorts): Handler {
  const authenticated =
    (accepts: Accepted, handle: ExecutionHandler): Handler<[ref: Result<ExecutionRef>]> =>
    (exchange, ref) =>
      handleAuthenticated(ports, exchange, ref, accepts, handle);
  const resources: Readonly<Record<ExecutionResource, Handler<[ref: Result<ExecutionRef>]>>> = {
    messages: byMethod({ GET: authenticated('key-or-ticket', getMessages) }),
    summary: byMethod({ GET: authenticated('key-or-ticket', getSummary) }),
    children: byMethod({ GET: authenticated('key', getChildren) }),
    tickets: byMethod({ POST: authenticated('key', postTicket) }),
  };
  return (exchange) => {
    const { resource, ref } = executionOf(exchange.address);
    exchange.facts.route = `execution-${resource}`;
    return resources[resource](exchange, ref);
  };
}

/** Authenticates the caller for the execution, and only then handles the request. */
async function handleAuthenticated(
  ports: ExecutionRoutesPorts,
  exchange: Exchange,
  ref: Result<ExecutionRef>,
  accepts: Accepted,
  handle: ExecutionHandler,
): Promise<Answered> {
  const { facts, request } = exchange;
  const isStream = wantsStream(request);
  // An invalid id is not matched against the key's patterns. It is refused below.
  const caller = await authenticate(ports, exchange, accepts, ref.ok ? ref.value : undefined);
  const answered = await (async () => {
    if (!caller.ok) return caller;
    if (!ref.ok) return ref;
    facts.execution = ref.value.executionId;
    facts.source = ref.value.source;
    return withExecutionId(ref.value, await handle(ports, exchange, ref.value, caller.value, isStream));
  })();
  return answerToReader(answered, isStream, facts, ports.publicUrl);
}
