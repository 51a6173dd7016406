/**
 * Authenticates a request by API key or ticket. All routes except the admin API use this. If the request
 * names an execution, also checks that the caller may read it. This must happen before any part of the
 * execution is read (invariant 5). Adds the key's id to the log line, and records that the key was used.
 */
import type { Access } from '../access/access.ts';
import type { Accepted } from '../access/authenticate.ts';
import type { Caller } from '../access/caller.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { Result } from '../core/errors.ts';
import type { Exchange } from './routing.ts';

export interface AuthenticationPorts {
  readonly access: Access;
}

export async function authenticate(
  { access }: AuthenticationPorts,
  { request, address, facts, runtime }: Exchange,
  accepts: Accepted,
  execution: ExecutionRef | undefined,
): Promise<Result<Caller>> {
  const caller = await access.authenticator.authenticate({
    url: address,
    headers: request.headers,
    clientAddress: runtime.clientAddress,
    accepts,
    ...(execution && { execution }),
  });
  if (!caller.ok) return caller;
  facts.keyId = caller.value.keyId;
  const noteUse = access.noteUse(caller.value.keyId);
  if (noteUse) runtime.waitUntil(noteUse);
  return caller;
}
