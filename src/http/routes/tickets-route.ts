/** POST /v1/executions/{flowExecutionId}/tickets: creates a ticket for the GETs of this execution. */
import type { Access } from '../../access/access.ts';
import type { Caller } from '../../access/caller.ts';
import { parseTicketRequest } from '../../access/create-ticket.ts';
import type { Clock } from '../../core/clock.ts';
import { ok } from '../../core/errors.ts';
import type { ExecutionRef } from '../../core/execution-ref.ts';
import { EXECUTIONS_PATH } from '../execution-path.ts';
import { readJson } from '../request-body.ts';
import type { Answered, Exchange } from '../routing.ts';

export interface TicketsPorts {
  readonly access: Access;
  readonly clock: Clock;
  /**
   * The address at which callers reach this service, including a path prefix. If absent, the origin of their
   * request.
   */
  readonly publicUrl?: string;
}

export async function postTicket(
  { access, clock, publicUrl }: TicketsPorts,
  { request, address, runtime }: Exchange,
  ref: ExecutionRef,
  caller: Caller,
): Promise<Answered> {
  const body = await readJson(request, clock);
  if (!body.ok) return body;
  const asked = parseTicketRequest(body.value);
  if (!asked.ok) return asked;
  const created = await access.createTicket(caller, ref.executionId, asked.value);
  if (!created.ok) return created;
  const { ticket, expiresAt } = created.value;
  const path = `${EXECUTIONS_PATH}${encodeURIComponent(ref.executionId)}/messages`;
  // The origin begins with `https:` if a proxy terminated TLS.
  const origin = runtime.overTls === true ? address.origin.replace(/^http:/, 'https:') : address.origin;
  const streamUrl = `${publicUrl ?? origin}${path}?ticket=${encodeURIComponent(ticket)}`;
  return ok(
    Response.json(
      { ticket, expiresAt, streamUrl },
      { status: 201, headers: { 'Cache-Control': 'no-store' } },
    ),
  );
}
