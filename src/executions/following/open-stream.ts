/**
 * Opens an event stream, of a history or of a list, and adds it to its `registry`. The registry closes the
 * stream when its key or its life ends. If the registry is the `Listeners` of an Execution or a list, it also
 * counts the stream's slot.
 */
import { exceptionText } from '../../core/exception-text.ts';
import type { Log } from '../../core/log.ts';
import type { GrantedStream } from '../executions.ts';
import type { Listener } from './listeners.ts';
import type { StreamWriterOptions } from './stream-writer.ts';

/** Callbacks for the end of a stream, and for a stalled client. */
export type StreamEnds = Pick<StreamWriterOptions, 'onClose' | 'onStall' | 'onBug'>;

/** A listener, and the stream of bytes that its client reads. */
export interface StreamSender extends Listener {
  readonly stream: ReadableStream<Uint8Array>;
  /** Call this when the client has disconnected. Nothing more is written. */
  drop(): void;
}

/** Contains all open streams. */
export interface StreamRegistry<S, R extends GrantedStream> {
  add(stream: S, request: R): void;
  remove(stream: S): void;
}

export interface StreamOptions<S extends StreamSender, R extends GrantedStream> {
  readonly request: R;
  readonly create: (ends: StreamEnds) => S;
  readonly registry: StreamRegistry<S, R>;
  /** Members of log lines that name the execution or list. */
  readonly names: Readonly<Record<string, string>>;
  readonly log: Log;
  /** Aborted when the client disconnects. */
  readonly signal: AbortSignal | undefined;
}

export function openStream<S extends StreamSender, R extends GrantedStream>(
  options: StreamOptions<S, R>,
): ReadableStream<Uint8Array> {
  const { request, create, registry, names, log, signal } = options;
  const sender: S = create({
    onClose: () => registry.remove(sender),
    // Not logged as an error: a client that does not read is not a fault of the service.
    onStall: () => log({ event: 'stream-stalled', ...names }),
    onBug: (error) => log({ event: 'stream-failed', level: 'error', ...names, reason: exceptionText(error) }),
  });
  registry.add(sender, request);
  signal?.addEventListener('abort', () => sender.drop(), { once: true });
  if (signal?.aborted) sender.drop();
  // Not awaited: a stream sends as fast as its client reads.
  void sender.pump();
  return sender.stream;
}
