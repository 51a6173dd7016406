/**
 * Authentication of a request by API key or ticket, for all routes but the admin API. Where an execution is named, the caller
 * must be allowed to read it, before anything of it is read (invariant 5). A caller is noted for the log, and its key's last
 * use for its operator.
 */
import type { Access } from '../access/access.ts';
import type { Caller } from '../access/caller.ts';
import { isMeantAsApiKey } from '../access/keys/api-key.ts';
import { type PresentedCredential, presentedCredential } from '../access/presented-credential.ts';
import { type Result, fail } from '../core/errors.ts';
import type { Exchange } from './routing.ts';

export interface AuthenticationPorts {
  readonly access: Access;
}

/** By a key in the headers or, if the route accepts it, a ticket in the URL. */
export async function authenticate(
  { access }: AuthenticationPorts,
  exchange: Exchange,
  ticketAccepted: boolean,
  executionId: string | undefined,
): Promise<Result<Caller>> {
  const { request, runtime } = exchange;
  const caller = await access.authenticator.request({
    url: request.url,
    headers: request.headers,
    clientAddress: runtime.clientAddress,
    ticketAccepted,
    ...(executionId !== undefined && { executionId }),
  });
  return noted(access, exchange, caller);
}

/** By the session token that AWS clients send. A key in the URL, or a second credential, is refused as everywhere. */
export async function authenticateSessionToken(
  { access }: AuthenticationPorts,
  exchange: Exchange,
  executionId: string | undefined,
): Promise<Result<Caller>> {
  const { request, runtime } = exchange;
  const token = request.headers.get('X-Amz-Security-Token');
  const other = presentedCredential(request.url, request.headers);
  if (!other.ok && other.failure.type !== 'missing-credentials') return other;
  if (!token) return fail({ type: 'missing-credentials' });
  if (other.ok && isOurs(other.value) && other.value.text !== token) {
    return fail({ type: 'conflicting-credentials' });
  }
  const caller = await access.authenticator.key(token, {
    clientAddress: runtime.clientAddress,
    ...(executionId !== undefined && { executionId }),
  });
  return noted(access, exchange, caller);
}

/** A bearer token that a proxy adds for another service is not a second credential. */
const isOurs = ({ kind, text }: PresentedCredential): boolean => kind === 'ticket' || isMeantAsApiKey(text);

function noted(access: Access, { facts, runtime }: Exchange, caller: Result<Caller>): Result<Caller> {
  if (!caller.ok) return caller;
  facts.keyId = caller.value.keyId;
  const noteUse = access.noteUse(caller.value.keyId);
  if (noteUse) runtime.waitUntil(noteUse);
  return caller;
}
