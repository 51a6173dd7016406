/**
 * Authenticates a request by API key or ticket, for all routes but the admin API. If the request names an
 * execution, the caller must be allowed to read it, before anything of it is read (invariant 5). Adds the key
 * to the log line, and notes when it was used.
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
  { request, url, parameters, facts, runtime }: Exchange,
  accepts: Accepted,
  execution: ExecutionRef | undefined,
): Promise<Result<Caller>> {
  const caller = await access.authenticator.authenticate({
    url: { href: url.href, parameters },
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
