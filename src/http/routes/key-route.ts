/** GET /v1/key: describes the caller's own key, and whether it may read a given execution. */
import { callerAllows } from '../../access/caller.ts';
import { type Result, invalid, ok } from '../../core/errors.ts';
import { readExecutionId } from '../../messages/execution-id.ts';
import { RATE_TIERS } from '../../access/limits/rate-limit.ts';
import { type AuthenticationPorts, authenticate } from '../authenticate-request.ts';
import { readQuery } from '../query-parameters.ts';
import { VARY } from '../response-headers.ts';
import { type Exchange, type Handler, byMethod } from '../routing.ts';

export const keyRoute = (ports: AuthenticationPorts): Handler =>
  byMethod({ GET: (exchange) => getKey(ports, exchange) });

async function getKey(ports: AuthenticationPorts, exchange: Exchange): Promise<Result<Response>> {
  const authenticated = await authenticate(ports, exchange, 'key', undefined);
  if (!authenticated.ok) return authenticated;
  const caller = authenticated.value;
  const query = readQuery(exchange.address.parameters, ['flowExecutionId']);
  if (!query.ok) return query;
  const { flowExecutionId } = query.value;
  const asked = flowExecutionId === undefined ? undefined : readExecutionId(flowExecutionId);
  if (asked?.ok === false) return invalid('query', 'flowExecutionId', asked.failure);
  const { requests, periodSeconds } = RATE_TIERS[caller.tier];
  const body = {
    id: caller.keyId,
    name: caller.name,
    executions: caller.executions,
    payloads: caller.payloads,
    tickets: caller.mayCreateTickets,
    tier: caller.tier,
    limits: {
      requests,
      periodSeconds,
      streamsPerExecution: caller.streamLimit,
      streams: caller.totalStreamLimit,
    },
    // JSON leaves out undefined members.
    expiresAt: caller.expiresAtMs === undefined ? undefined : new Date(caller.expiresAtMs).toISOString(),
    allowed: flowExecutionId === undefined ? undefined : callerAllows(caller, flowExecutionId),
  };
  return ok(Response.json(body, { headers: { 'Cache-Control': 'private, no-store', Vary: VARY } }));
}
