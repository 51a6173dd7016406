/**
 * Ends a stream whose client has disconnected or stopped reading. Runtimes report an error in a response's
 * stream as an uncaught exception, but this one is expected. Handlers of such exceptions recognise it with
 * `isClientGone`. workerd takes an error with `retryable` for a lost connection, and does not report it.
 */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  readonly retryable = true;
}

/** Compares the text: an error loses its class between a Durable Object and the Worker. */
export const isClientGone = (error: unknown): boolean => String(error).startsWith('ClientGone:');
