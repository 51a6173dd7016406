/**
 * The port through which http/ reads executions: pages, summaries, streams, and admin operations. Final
 * histories are read from the archive, all others from one Execution per id (archive-first.ts): a Durable
 * Object, or an entry of a map in process. Requests and answers are plain data, so they can cross an RPC
 * boundary.
 */
import type { Result } from '../core/errors.ts';
import type { ExecutionRef } from '../core/execution-ref.ts';
import type { SourceDescription } from '../sources/source.ts';
import type { ArchiveLayer } from '../archive/archive.ts';
import type { ArchivedDescription } from './archived-description.ts';
import type { Position } from '../messages/cursor.ts';
import type { ImportedHistory } from '../imports/history-import.ts';
import type { FailureFacts } from '../messages/ending.ts';
import type { Status } from '../messages/event-types.ts';
import type { PayloadAccess } from '../messages/payload-access.ts';
import type { EncodedPage } from '../messages/encoded-page.ts';
import type { MessageFilter, PageQuery } from './cut-page.ts';
import type { UpstreamState } from '../messages/upstream-state.ts';
import type { WholePage, WholePageQuery } from './whole-page.ts';

/** How an answer was produced; for Cache-Status (RFC 9211) and the request log. */
export interface Served {
  readonly layer: ArchiveLayer | 'live';
  /**
   * `hit`: no upstream call was needed. `collapsed`: the request waited for a call that another request had
   * started.
   */
  readonly forward: 'hit' | 'miss' | 'collapsed';
  readonly upstreamCalls: number;
}

/** The caller, and how many streams and waiting requests it may have open at once. */
export interface Reader {
  /** For a ticket, the id of the key that it was issued for. */
  readonly keyId: string;
  /** Who is charged for what the request costs (`Caller.tenant`). */
  readonly tenant: string;
  /** How many streams and waiting requests the key may have open on this execution. */
  readonly streamLimit: number;
  /** As `streamLimit`, but on all executions together. */
  readonly totalStreamLimit: number;
}

/** The client that waits for an answer. */
export interface Client {
  /**
   * Aborted when the client disconnects. Read this property only when needed: creating the signal can cost
   * more than an answer from memory.
   */
  readonly signal: AbortSignal;
}

export interface PageRequest extends PageQuery, Reader {
  /** How long to wait for a message, or for the end. 0 disables waiting. */
  readonly waitMs: number;
}

export interface PageAnswer extends EncodedPage {
  /**
   * True if the page has as many messages as were requested and more follow, so its messages cannot change.
   */
  readonly full: boolean;
  /** True if the history is final, so this answer can no longer change. */
  readonly final: boolean;
  readonly served: Served;
}

export interface WholePageRequest extends WholePageQuery, Reader {}

export interface WholePageAnswer extends WholePage {
  readonly served: Served;
}

export interface DescriptionRequest extends Reader {
  /** Whether to include input and output. */
  readonly withData: boolean;
}

/**
 * The source's own description of an execution. `facts`: the parts that Flowtap interprets. `metadata`: the
 * description as the source returned it, without input and output.
 */
export type DescriptionAnswer = { readonly served: Served } & (
  | {
      readonly by: 'source';
      readonly facts: Pick<
        SourceDescription,
        'status' | 'upstreamStatus' | 'startedAt' | 'endedAt' | 'redriveCount'
      >;
      readonly metadata: Readonly<Record<string, unknown>>;
      /** Input and output. Empty if they were not requested. */
      readonly data: Readonly<Record<string, unknown>>;
    }
  | ({ readonly by: 'archive' } & ArchivedDescription)
);

export interface SummaryRequest extends Reader {
  readonly waitMs: number;
  readonly payloads: PayloadAccess;
}

export interface SummaryAnswer {
  readonly status: Status;
  /** The status in the source's own words, if the source has one. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Absent if the length of the history is not known yet. */
  readonly messageCount?: number;
  /**
   * `step`, `error` and `cause` are taken from payloads, so they are absent if the caller must not see
   * payloads.
   */
  readonly failure?: FailureFacts & Position;
  /**
   * The id of the execution that started this one, if a message names it. The caller's key may lack access to
   * that execution.
   */
  readonly parent?: string;
  /** As in `PageAnswer`. */
  readonly final: boolean;
  readonly archivedAt?: string;
  /** When the source was last read, in ISO 8601. Absent for an archived history. */
  readonly asOf?: string;
  readonly served: Served;
}

export type StreamStart =
  | { readonly at: 'start' | 'now' }
  /**
   * `ended`: the client has received an `end` that was not final. The client gets a stream only if a redrive
   * has added messages since then.
   */
  | ({ readonly at: 'position'; readonly ended?: boolean } & Position)
  /** The Last-Event-ID does not belong to this execution. Send a `reset` and start from the beginning. */
  | { readonly at: 'reset' };

/** The permission that a stream was opened with, and when it ends. */
export interface GrantedStream {
  /** Plain data, opaque to this room. Passed to the key check while the stream is open. */
  readonly grant: unknown;
  /**
   * When the key or its credential expires, in clock milliseconds, as known when the stream was requested.
   */
  readonly keyEndsAtMs?: number;
  /** When the ticket expires, if the caller presented a ticket instead of a key. */
  readonly ticketEndsAtMs?: number;
}

export interface StreamRequest extends Reader, MessageFilter, GrantedStream {
  readonly from: StreamStart;
  readonly payloads: PayloadAccess;
}

/** The current activity of an execution, for operators. */
export interface ExecutionActivity {
  readonly streams: number;
  readonly waiting: number;
  readonly upstream: UpstreamState;
  /** Absent if the execution is not being polled. */
  readonly pollIntervalMs?: number;
  /** When the newest page was last read from the source, in ISO 8601. */
  readonly readAt?: string;
}

export interface Executions {
  page(ref: ExecutionRef, request: PageRequest, client?: Client): Promise<Result<PageAnswer>>;
  summary(ref: ExecutionRef, request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>>;
  /** Returns a page of whole messages, for answers in the source's own format (whole-page.ts). */
  wholePage(
    ref: ExecutionRef,
    request: WholePageRequest,
    signal?: AbortSignal,
  ): Promise<Result<WholePageAnswer>>;
  /**
   * Returns the source's description of the execution. Fails with `upstream-invalid-request` if the source
   * cannot describe executions.
   */
  describe(
    ref: ExecutionRef,
    request: DescriptionRequest,
    signal?: AbortSignal,
  ): Promise<Result<DescriptionAnswer>>;
  /**
   * Opens an event stream. Returns undefined if the client already has everything and nothing can follow.
   * Returns a failure only if it occurs before the first byte. `onClosed` is called when the opened stream
   * has ended, for any reason.
   */
  stream(
    ref: ExecutionRef,
    request: StreamRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>>;
  activity(ref: ExecutionRef): Promise<Result<ExecutionActivity>>;
  /** Archives an exported history (imports/exported-history.ts), either whole or not at all. */
  importHistory(ref: ExecutionRef, body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>>;
  /** Deletes everything stored about an execution. */
  forget(ref: ExecutionRef): Promise<Result<{ readonly archived: boolean }>>;
}
