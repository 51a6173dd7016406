/**
 * The port through which http/ reads executions: pages, summaries, streams, and what admins do. Final
 * histories come from the archive, all others from one Execution per id (archive-first.ts), which is a
 * Durable Object or an entry of a map. Requests and answers are plain data, so that they cross an RPC
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
  /** `hit`: no upstream call. `collapsed`: it waited for a call that another request had caused. */
  readonly forward: 'hit' | 'miss' | 'collapsed';
  readonly upstreamCalls: number;
}

/** The caller, and how many streams and waiting requests it may have at once. */
export interface Reader {
  /** Tickets of a key count for the key. */
  readonly keyId: string;
  /** Who is charged for what the request costs (`Caller.tenant`). */
  readonly tenant: string;
  /** The limit for this execution. */
  readonly streamLimit: number;
  /** The limit for all executions together. */
  readonly totalStreamLimit: number;
}

/** The client that waits for an answer. */
export interface Client {
  /**
   * Aborted when the client has disconnected. Do not read it without need: creating a signal can cost more
   * than an answer from memory.
   */
  readonly signal: AbortSignal;
}

export interface PageRequest extends PageQuery, Reader {
  /** How long to wait for a message, or for the end. 0: not at all. */
  readonly waitMs: number;
}

export interface PageAnswer extends EncodedPage {
  /** It has as many messages as were requested, and more follow: its messages can no longer change. */
  readonly full: boolean;
  /** From a settled history that cannot be redriven, so it can no longer change. */
  readonly final: boolean;
  readonly served: Served;
}

export interface WholePageRequest extends WholePageQuery, Reader {}

export interface WholePageAnswer extends WholePage {
  readonly served: Served;
}

export interface DescriptionRequest extends Reader {
  /** Whether input and output are requested, too. */
  readonly withData: boolean;
}

/**
 * The source's own description of an execution. `facts`: in Flowtap's terms. `metadata`: without input and
 * output.
 */
export type DescriptionAnswer = { readonly served: Served } & (
  | {
      readonly by: 'source';
      readonly facts: Pick<
        SourceDescription,
        'status' | 'upstreamStatus' | 'startedAt' | 'endedAt' | 'redriveCount'
      >;
      readonly metadata: Readonly<Record<string, unknown>>;
      /** Input and output, if they were requested. */
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
  /** The source's own status, if it has one. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  /** Absent until the history was read. */
  readonly messageCount?: number;
  /** `step`, `error` and `cause` come from payloads: absent for callers that see no payloads. */
  readonly failure?: FailureFacts & Position;
  /**
   * The id of the execution that started it, if the history was read and names it. The caller's key may not
   * allow it.
   */
  readonly parent?: string;
  /** As in `PageAnswer`. */
  readonly final: boolean;
  readonly archivedAt?: string;
  /** When the source was read last, ISO 8601; absent for an archived history. */
  readonly asOf?: string;
  readonly served: Served;
}

export type StreamStart =
  | { readonly at: 'start' | 'now' }
  /**
   * `ended`: the client has seen an `end` that was not final. It gets a stream only if a redrive added
   * messages since.
   */
  | ({ readonly at: 'position'; readonly ended?: boolean } & Position)
  /** The Last-Event-ID does not belong to this execution: send a `reset` and start from the beginning. */
  | { readonly at: 'reset' };

/** What a stream was granted when it was requested, and for how long. */
export interface GrantedStream {
  /** Opaque here; checked while the stream is open. Plain data. */
  readonly grant: unknown;
  /** When the key or its credential ends, in clock milliseconds, as known when the stream was requested. */
  readonly keyEndsAtMs?: number;
  /** When the ticket ends, if the caller presented one in place of the key. */
  readonly ticketEndsAtMs?: number;
}

export interface StreamRequest extends Reader, MessageFilter, GrantedStream {
  readonly from: StreamStart;
  readonly payloads: PayloadAccess;
}

/** What an operator sees of an execution. */
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
  page(ref: ExecutionRef, request: PageRequest, client?: Client): Promise<Result<PageAnswer>>;
  summary(ref: ExecutionRef, request: SummaryRequest, signal?: AbortSignal): Promise<Result<SummaryAnswer>>;
  /** A page of messages in whole, for answers in the source's own form. */
  wholePage(
    ref: ExecutionRef,
    request: WholePageRequest,
    signal?: AbortSignal,
  ): Promise<Result<WholePageAnswer>>;
  /**
   * The source's description of the execution. Fails with `upstream-invalid-request` if the source has no
   * such call.
   */
  describe(
    ref: ExecutionRef,
    request: DescriptionRequest,
    signal?: AbortSignal,
  ): Promise<Result<DescriptionAnswer>>;
  /**
   * The open event stream; undefined if all was sent and nothing can follow. Failures are those before its
   * first byte. `onClosed` is called once an open stream has ended, for any reason.
   */
  stream(
    ref: ExecutionRef,
    request: StreamRequest,
    signal?: AbortSignal,
    onClosed?: () => void,
  ): Promise<Result<ReadableStream<Uint8Array> | undefined>>;
  activity(ref: ExecutionRef): Promise<Result<ExecutionActivity>>;
  /** Archives an exported history (imports/exported-history.ts): all or nothing. */
  importHistory(ref: ExecutionRef, body: ReadableStream<Uint8Array>): Promise<Result<ImportedHistory>>;
  /** Deletes everything stored about an execution. */
  forget(ref: ExecutionRef): Promise<Result<{ readonly archived: boolean }>>;
}
