/**
 * The error that ends a response stream after its client has disconnected or stopped reading. Runtimes report
 * errors in response streams as uncaught exceptions. This one is expected, so exception handlers use
 * `isClientGone` to ignore it. workerd treats an error with `retryable` as a lost connection, and does not
 * report it.
 */
export class ClientGone extends Error {
  override readonly name = 'ClientGone';
  readonly retryable = true;
}

/** Compares the text, because an error loses its class on its way from a Durable Object to the Worker. */
export const isClientGone = (error: unknown): boolean => String(error).startsWith('ClientGone:');
