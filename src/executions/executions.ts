/**
 * The port to executions that http/ asks: pages, summaries, streams, and what admins do. Behind it stands the archive for
 * what is settled, and one Execution per id for the rest (archive-first.ts); a Durable Object or an entry of a map. All
 * questions and answers are plain data, so that they cross an RPC boundary.
 */
import type { Result } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { ArchiveTier } from '../archive/archive.ts';
import type { Position } from '../messages/cursor.ts';
import type { ImportedHistory } from '../imports/history-import.ts';
import type { FailureFacts } from '../messages/ending.ts';
import type { Status } from '../messages/event-types.ts';
import type { PayloadAccess } from '../messages/message.ts';
import type { CutPage, PageQuery } from './cut-page.ts';
import type { UpstreamState } from './following/event-frames.ts';

/** How an answer came about; for Cache-Status (RFC 9211) and the request log. */
export interface Served {
  readonly tier: ArchiveTier | 'live';
  /** `hit`: nothing was asked upstream for it. `collapsed`: it waited for a call that another request had caused. */
  readonly forward: 'hit' | 'miss' | 'collapsed';
  readonly upstreamCalls: number;
}

export interface PageRequest extends PageQuery {
  /** How long to wait for a message, or for the end. 0: not at all. */
  readonly waitMs: number;
}

export interface PageAnswer extends CutPage {
  /** Absent while unknown: the end was not read yet. */
  readonly status?: Status;
  /** From a settled history that cannot be redriven: it will never read differently. */
  readonly final: boolean;
  readonly served: Served;
}

export interface SummaryRequest {
  readonly waitMs: number;
  readonly payloads: PayloadAccess;
}

export interface SummaryAnswer {
  readonly status: Status;
  /** What the source calls it, where it has its own words. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Absent while the history was not read. */
  readonly messageCount?: number;
  /** `step`, `error` and `cause` are read out of payloads, and left out for whoever sees none. */
  readonly failure?: FailureFacts & Position;
  /** As in `PageAnswer`. */
  readonly final: boolean;
  readonly archivedAt?: string;
  /** When the source was asked last, ISO 8601; absent for what is archived. */
  readonly asOf?: string;
  readonly served: Served;
}

export type StreamStart =
  | { readonly at: 'start' | 'now' }
  /** `ended`: the client has seen an `end` that was not final. It is answered only when the execution goes on. */
  | ({ readonly at: 'position'; readonly ended?: boolean } & Position)
  /** The Last-Event-ID is not one of ours for this execution: say so and begin at the start. */
  | { readonly at: 'reset' };

export interface StreamRequest {
  readonly from: StreamStart;
  readonly eventTypes?: readonly string[];
  readonly payloads: PayloadAccess;
  /** Who listens: asked about again while the stream is open, and counted. */
  readonly keyId: string;
  /** Opaque to the Execution; handed to `stillAllowed`. Plain data. */
  readonly grant: unknown;
  readonly streamLimit: number;
  /** When the key or its credential end, in clock milliseconds, as far as was known when the stream was asked for. */
  readonly keyEndsAtMs?: number;
  /** When the ticket ends that was shown in place of the key. */
  readonly ticketEndsAtMs?: number;
}

/** What an operator sees of an execution that is being read. */
export interface ExecutionActivity {
  readonly streams: number;
  readonly waiting: number;
  readonly upstream: UpstreamState;
  /** Absent: it is not polled. */
  readonly pollIntervalMs?: number;
  /** When the newest page was read from the source, ISO 8601. */
  readonly readAt?: string;
}

export interface Executions {
  page(ref: ExecutionRef, request: PageRequest, signal?: AbortSignal): Promise<Result<PageAnswer>>;
  summary(ref: ExecutionRef, request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>>;
  /** The open event stream; undefined: all was sent, nothing can follow. Failures are those before its first byte. */
  stream(
    ref: ExecutionRef,
    request: StreamRequest,
    signal?: AbortSignal,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>>;
  activity(ref: ExecutionRef): Promise<Result<ExecutionActivity>>;
  /** Archives an exported history (imports/exported-history.ts), all or nothing. */
  importHistory(ref: ExecutionRef, body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>>;
  /** Deletes what is kept of an execution. */
  forget(ref: ExecutionRef): Promise<Result<{ readonly archived: boolean }>>;
}
