/**
 * Flowtap's answers as types, with the few checks that the client makes. The contract is docs/http-api.md.
 * These types are written by hand, because a package without dependencies cannot expose types made by zod. A
 * test compares them with the server's.
 */
import type {
  EventType as KnownEventType,
  Status,
  UpstreamEventType as KnownUpstreamEventType,
} from '../../messages/event-types.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { FlowtapConnectionError, parseObject } from './problem.ts';

/**
 * The type of a message. New types may be added. The intersection keeps the known ones in an editor's
 * completions.
 */
export type EventType = KnownEventType | (string & {});
export type UpstreamEventType = KnownUpstreamEventType | (string & {});

/** One entry of an execution's history. Every member may be absent. */
export interface FlowMessage {
  readonly messageId?: string;
  /** `STEP_STARTED`, `EXECUTION_FAILED`, …; one that this version doesn't know is passed on. */
  readonly eventType?: EventType;
  /** The source's own event type: `TaskFailed`. Absent for Things Graph. */
  readonly upstreamType?: UpstreamEventType;
  /** ISO 8601, UTC. */
  readonly timestamp?: string;
  /** The step or state that the message is about. Absent if that isn't certain. */
  readonly step?: string;
  /** The name of the error, never its cause. */
  readonly error?: string;
  /** The message that led to this one: tells parallel branches of Step Functions apart. */
  readonly previousMessageId?: string;
  /** Index of the iteration of a map, from 0. */
  readonly iteration?: number;
  /** Opaque text. */
  readonly payload?: string;
}

export interface Page {
  readonly messages: readonly FlowMessage[];
  /** Present only when more messages are there now. */
  readonly nextToken?: string;
  /** Always present. A later page or stream continues there. */
  readonly cursor: string;
  /** Absent while unknown. */
  readonly status?: Status;
  /**
   * Only with `last`: the service stopped before it had found so many messages, so earlier ones may match,
   * too.
   */
  readonly partial?: true;
}

export interface FailureReason {
  readonly step?: string;
  readonly error?: string;
  readonly cause?: string;
}

export interface Failure extends FailureReason {
  readonly messageId?: string;
  readonly eventType?: EventType;
  readonly timestamp?: string;
  /**
   * The earlier failure that a handler reacted to by ending the execution: a Fail state behind a Catch, for
   * instance.
   */
  readonly causedBy?: FailureReason;
  /** A page from here on begins with the message that failed. */
  readonly cursor: string;
}

export interface Summary {
  readonly flowExecutionId: string;
  readonly source: string;
  readonly status: Status;
  /** What the upstream service calls it, where that says more: `TIMED_OUT`. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly messageCount?: number;
  /** The id of the execution that started it, if it is known and the key may read it. */
  readonly parent?: string;
  /** What ended the execution. */
  readonly failure?: Failure;
  /** The history can no longer change. */
  readonly final: boolean;
  readonly archivedAt?: string;
  readonly asOf?: string;
}

/** Allows reading one execution, for example in a browser. */
export interface Ticket {
  readonly ticket: string;
  readonly expiresAt: string;
  /** For an EventSource. */
  readonly streamUrl: string;
}

/** The caller's own key. */
export interface KeyFacts {
  readonly id: string;
  readonly name: string;
  /** Patterns of execution ids; `*` stands for any run of characters. */
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tickets: boolean;
  readonly tier: string;
  readonly limits: {
    readonly requests: number;
    readonly periodSeconds: number;
    readonly streamsPerExecution: number;
    /** The limit for all executions together. Absent in answers of an older service. */
    readonly streams?: number;
  };
  readonly expiresAt?: string;
  /** Whether it may read the execution that was asked about. */
  readonly allowed?: boolean;
}

/**
 * A JSON object that has at least these members. A 200 without them does not come from Flowtap, or was cut
 * off. Other members are kept: newer servers have more.
 */
export function readBody<T>(text: string, members: { readonly [Member in keyof T]?: 'string' | 'array' }): T {
  const body = parseObject(text);
  const missing = Object.entries(members).find(([name, kind]) => !isOfKind(body?.[name], kind));
  if (body && !missing) {
    // Safety: the members that the client uses were just checked. The server is trusted for the rest.
    return body as T;
  }
  throw new FlowtapConnectionError(
    'The answer does not come from Flowtap. Is this the address of a Flowtap service?',
  );
}

const isOfKind = (value: unknown, kind: unknown): boolean =>
  kind === 'array' ? Array.isArray(value) : typeof value === 'string';
