/**
 * The error of a stream whose client has disconnected or takes nothing. Runtimes report an error in a response's stream as an
 * uncaught exception of the service, which this is not: the entries recognise it, and workerd treats an error with `retryable`
 * as a lost connection, of which it reports nothing.
 */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  readonly retryable = true;
}

/** By its text: from a Durable Object to the Worker the class is lost. */
export const isClientGone = (error: unknown): boolean => String(error).startsWith('ClientGone:');
