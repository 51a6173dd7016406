/**
 * Creates tickets for the links that `npm start` prints, signed as the service signs them. Makes no request,
 * so that the log contains only the user's requests.
 */
import { randomBytes } from 'node:crypto';
import { parseApiKey } from '../access/keys/api-key.ts';
import { signTicket, ticketKeys } from '../access/ticket.ts';
import { TICKET_SECONDS_MAX } from '../core/ticket-seconds.ts';
import { randomBase62 } from '../core/base62.ts';

export interface LocalTicketOptions {
  readonly signingSecret: string;
  /** The key that the tickets belong to. It reads everything. */
  readonly apiKey: string;
  readonly nowMs: number;
}

/**
 * Returns a function that makes the ticket of an execution, valid for the longest time that the service
 * accepts: an hour.
 */
export function createLocalTickets({
  signingSecret,
  apiKey,
  nowMs,
}: LocalTicketOptions): (executionId: string) => string {
  const key = parseApiKey(apiKey);
  if (key === undefined) throw new Error('Cannot create tickets: the local API key is malformed');
  const keys = ticketKeys(signingSecret);
  const iat = Math.floor(nowMs / 1000);
  return (executionId) =>
    signTicket(
      {
        sub: key.keyId,
        cid: key.credentialId,
        exe: executionId,
        pay: 'full',
        iat,
        exp: iat + TICKET_SECONDS_MAX,
        jti: randomBase62((length) => new Uint8Array(randomBytes(length)), 16),
      },
      keys,
    );
}
