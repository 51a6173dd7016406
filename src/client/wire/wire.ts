/**
 * Flowtap's answers as types, with the few checks that the client makes. The contract is docs/http-api.md.
 * The types are written by hand, because a package without dependencies cannot expose zod's types. A test
 * compares them with the server's types.
 */
import type {
  EventType as KnownEventType,
  Status,
  UpstreamEventType as KnownUpstreamEventType,
} from '../../messages/event-types.ts';
import type { PayloadAccess } from '../../messages/payload-access.ts';
import { FlowtapConnectionError, parseObject } from './problem.ts';

/**
 * The type of a message. Newer services might send other types. `string & {}` allows them, and editors still
 * complete the known ones.
 */
export type EventType = KnownEventType | (string & {});
export type UpstreamEventType = KnownUpstreamEventType | (string & {});

/** One entry of an execution's history. Every member can be absent. */
export interface FlowMessage {
  readonly messageId?: string;
  /** `STEP_STARTED`, `EXECUTION_FAILED`, … A type that this version doesn't know is passed on unchanged. */
  readonly eventType?: EventType;
  /** The source's own event type: `TaskFailed`. Absent for Things Graph. */
  readonly upstreamType?: UpstreamEventType;
  /** ISO 8601, UTC. */
  readonly timestamp?: string;
  /** The step or state that the message is about. Absent if that isn't certain. */
  readonly step?: string;
  /** The name of the error, never its cause. */
  readonly error?: string;
  /** The id of the message that led to this one. Tells parallel branches of Step Functions apart. */
  readonly previousMessageId?: string;
  /** The index of a map's iteration, from 0. */
  readonly iteration?: number;
  /** Opaque text. */
  readonly payload?: string;
}

export interface Page {
  readonly messages: readonly FlowMessage[];
  /** Present only if there are more messages now. */
  readonly nextToken?: string;
  /** Always present. A later page or stream can continue from here. */
  readonly cursor: string;
  /** Absent if unknown. */
  readonly status?: Status;
  /**
   * Only with `last`: the service stopped searching before it had found `last` messages. Earlier messages
   * might match, too.
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
   * The earlier failure, if the handler of that failure ended the execution. Example: a Catch that leads to a
   * Fail state.
   */
  readonly causedBy?: FailureReason;
  /** A page from this cursor begins with the message that reports the failure. */
  readonly cursor: string;
}

export interface Summary {
  readonly flowExecutionId: string;
  readonly source: string;
  readonly status: Status;
  /** The upstream service's own status, if it says more than `status`: `TIMED_OUT`. */
  readonly upstreamStatus?: string;
  readonly startedAt?: string;
  readonly endedAt?: string;
  readonly durationMs?: number;
  readonly messageCount?: number;
  /** The id of the execution that started this one, if it is known and the key may read it. */
  readonly parent?: string;
  /** What ended the execution. */
  readonly failure?: Failure;
  /** True if the history can no longer change. */
  readonly final: boolean;
  readonly archivedAt?: string;
  readonly asOf?: string;
}

/** Allows reading one execution, for example in a browser. */
export interface Ticket {
  readonly ticket: string;
  readonly expiresAt: string;
  /** The address for an EventSource. */
  readonly streamUrl: string;
}

/** The caller's own key. */
export interface KeyFacts {
  readonly id: string;
  readonly name: string;
  /** Patterns of execution ids; `*` matches any characters. */
  readonly executions: readonly string[];
  readonly payloads: PayloadAccess;
  readonly tickets: boolean;
  readonly tier: string;
  readonly limits: {
    readonly requests: number;
    readonly periodSeconds: number;
    readonly streamsPerExecution: number;
    /** The stream limit for all executions together. Absent in answers of an older service. */
    readonly streams?: number;
  };
  readonly expiresAt?: string;
  /** True if the key may read the execution that the request named. */
  readonly allowed?: boolean;
}

/**
 * Parses a JSON object that must have at least these members. A 200 without them does not come from Flowtap,
 * or was cut off. Other members are kept, because newer servers send more.
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
