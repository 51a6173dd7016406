/**
 * Opens an event stream, of a history or of a list. Everything that holds a stream (its slot), and what
 * closes it (its key, its life), is behind `registry`, so no stream is opened without them.
 */
import { exceptionText } from '../../core/exception-text.ts';
import type { Log } from '../../core/log.ts';
import type { GrantedStream } from '../executions.ts';
import type { Listener } from './listeners.ts';
import type { StreamWriterOptions } from './stream-writer.ts';

/** What is called when a stream ends, and why. */
export type StreamEnds = Pick<StreamWriterOptions, 'onClose' | 'onStall' | 'onBug'>;

/** What opens a stream: a listener with the bytes that its client reads. */
export interface StreamSender extends Listener {
  readonly stream: ReadableStream<Uint8Array>;
  /** The client has disconnected: nothing more is written. */
  drop(): void;
}

/** Holds every open stream. */
export interface StreamRegistry<S, R extends GrantedStream> {
  add(stream: S, request: R): void;
  remove(stream: S): void;
}

export interface StreamOptions<S extends StreamSender, R extends GrantedStream> {
  readonly request: R;
  readonly create: (ends: StreamEnds) => S;
  readonly registry: StreamRegistry<S, R>;
  /** How log lines name what is streamed. */
  readonly names: Readonly<Record<string, string>>;
  readonly log: Log;
  /** The client disconnected. */
  readonly signal: AbortSignal | undefined;
}

export function openStream<S extends StreamSender, R extends GrantedStream>(
  options: StreamOptions<S, R>,
): ReadableStream<Uint8Array> {
  const { request, create, registry, names, log, signal } = options;
  const sender: S = create({
    onClose: () => registry.remove(sender),
    // No error: a client that does not read is not a fault of the service.
    onStall: () => log({ event: 'stream-stalled', ...names }),
    onBug: (error) => log({ event: 'stream-failed', level: 'error', ...names, reason: exceptionText(error) }),
  });
  registry.add(sender, request);
  signal?.addEventListener('abort', () => sender.drop(), { once: true });
  if (signal?.aborted) sender.drop();
  // Not awaited: a stream sends as its client reads.
  void sender.pump();
  return sender.stream;
}
