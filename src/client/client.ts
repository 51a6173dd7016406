/**
 * The client of a Flowtap service: finds, lists and follows executions, and waits for their end. Runs on Node
 * 20 and newer, Deno, browsers and Workers. The built file has no dependencies and contains no code of the
 * server. docs/client.md is the reference.
 */
import type { Clock } from '../core/clock.ts';
import type { Status } from '../messages/event-types.ts';
import type { PayloadAccess } from '../messages/payload-access.ts';
import { type FlowtapClientOptions, createHttp } from './create-http.ts';
import { executionPath } from './execution-path.ts';
import {
  type ChildList,
  type ChildrenOptions,
  type ExecutionList,
  type ExecutionsEvent,
  type ExecutionsOptions,
  type Flow,
  type FlowsOptions,
  type FollowExecutionsOptions,
  followExecutions,
  listChildren,
  listExecutions,
  readFlows,
} from './executions.ts';
import {
  type FollowEvent,
  type FollowMessagesOptions,
  type FollowOptions,
  followEvents,
  followMessages,
} from './follow.ts';
import { type ListOptions, type MessageList, type PageOptions, listMessages, readPage } from './list.ts';
import { type SummaryOptions, type WaitOptions, readSummary, waitForEnd } from './summary.ts';
import {
  type FlowMessage,
  type KeyFacts,
  type Page,
  type Summary,
  type Ticket,
  readBody,
} from './wire/wire.ts';

export { FlowtapConnectionError, FlowtapProblem, type FlowtapFieldError } from './wire/problem.ts';
export type { FlowtapClientOptions } from './create-http.ts';
export type { CredentialOptions, CredentialSource, TicketParts, TicketSource } from './credential.ts';
export type {
  ChildExecution,
  ChildList,
  ChildPage,
  ChildrenOptions,
  ExecutionFilter,
  ExecutionList,
  ExecutionPage,
  ExecutionsEvent,
  ExecutionsOptions,
  Flow,
  FlowsOptions,
  FollowExecutionsOptions,
  ListedExecution,
} from './executions.ts';
export type { FollowEvent, FollowMessagesOptions, FollowOptions } from './follow.ts';
export type { Fetch } from './http.ts';
export type { ListOptions, MessageList, PageOptions } from './list.ts';
export type { SummaryOptions, WaitOptions } from './summary.ts';
export type { ProblemCode } from './wire/problem-code.ts';
export type {
  EventType,
  Failure,
  FailureReason,
  FlowMessage,
  KeyFacts,
  Page,
  Summary,
  Ticket,
} from './wire/wire.ts';
export { type StepsState, stepsReducer, toSteps } from './steps/steps.ts';
export type { Step, StepKind } from './steps/step.ts';
export type { Clock, Status };

/**
 * Every method throws FlowtapProblem when the service refuses, FlowtapConnectionError when it can't be
 * reached or understood, and the signal's reason once `signal` aborts. Transient failures (429, 5xx, a lost
 * connection) are retried first, after the delay that Retry-After asks for. Following and waiting are retried
 * for ten minutes, everything else for one minute.
 */
export interface FlowtapClient {
  /** All messages that exist now: `for await (const message of client.list(id))`. */
  list(flowExecutionId: string, options?: ListOptions): MessageList;
  /** One page of messages. */
  page(flowExecutionId: string, options?: PageOptions): Promise<Page>;
  /**
   * Yields each message exactly once, as it arrives, until the execution ends. Returns the execution's
   * status.
   */
  follow(
    flowExecutionId: string,
    options?: FollowMessagesOptions,
  ): AsyncGenerator<FlowMessage, Status | undefined, void>;
  /**
   * Like `follow`, but also yields all other events: heartbeats, reconnects and the end, with cursors to
   * resume from.
   */
  followEvents(flowExecutionId: string, options?: FollowOptions): AsyncGenerator<FollowEvent, void, void>;
  /** Waits until the execution has ended, however long that takes. Returns its summary. */
  wait(flowExecutionId: string, options?: WaitOptions): Promise<Summary>;
  /** The current summary. */
  summary(flowExecutionId: string, options?: SummaryOptions): Promise<Summary>;
  /** The flows of which the client's key may read all or some executions. */
  flows(options?: FlowsOptions): Promise<readonly Flow[]>;
  /**
   * The executions of a flow, newest first: `for await (const { flowExecutionId } of client.executions({ flow
   * }))`.
   */
  executions(options?: ExecutionsOptions): ExecutionList;
  /**
   * Yields the newest executions of a flow, then each one that appears or changes, until the signal aborts.
   */
  followExecutions(options?: FollowExecutionsOptions): AsyncGenerator<ExecutionsEvent, void, void>;
  /** The executions that the given execution started. */
  children(flowExecutionId: string, options?: ChildrenOptions): ChildList;
  /**
   * Creates a ticket for a browser. The key needs the permission to create tickets. By default the ticket is
   * valid for 10 minutes.
   */
  createTicket(flowExecutionId: string, options?: TicketOptions): Promise<Ticket>;
  /**
   * What the client's own key may read. With `flowExecutionId`, also whether the key may read that execution.
   */
  key(options?: { readonly flowExecutionId?: string; readonly signal?: AbortSignal }): Promise<KeyFacts>;
}

export interface TicketOptions {
  /** The lifetime, at most an hour. */
  readonly ttlSeconds?: number;
  /**
   * A lower level than the key's. `names` shows no payloads. `none` shows neither payloads nor the names of
   * steps and errors.
   */
  readonly payloads?: PayloadAccess;
  readonly signal?: AbortSignal;
}

export function createFlowtapClient(options: FlowtapClientOptions): FlowtapClient {
  const http = createHttp(options);
  return {
    list: (id, listOptions) => listMessages(http, id, listOptions),
    page: (id, pageOptions) => readPage(http, id, pageOptions),
    follow: (id, followOptions) => followMessages(http, id, followOptions),
    followEvents: (id, followOptions) => followEvents(http, id, followOptions),
    wait: (id, waitOptions) => waitForEnd(http, id, waitOptions),
    summary: (id, summaryOptions) => readSummary(http, id, summaryOptions),
    flows: (flowsOptions) => readFlows(http, flowsOptions),
    executions: (executionsOptions) => listExecutions(http, executionsOptions),
    followExecutions: (followOptions) => followExecutions(http, followOptions),
    children: (id, childrenOptions) => listChildren(http, id, childrenOptions),
    createTicket: async (id, { signal, ...wish } = {}) => {
      const text = await http.text({
        method: 'POST',
        path: executionPath(id, 'tickets'),
        headers: { 'Content-Type': 'application/json' },
        body: () => JSON.stringify(wish),
        signal,
      });
      return readBody<Ticket>(text, { ticket: 'string', expiresAt: 'string', streamUrl: 'string' });
    },
    key: async ({ flowExecutionId, signal } = {}) => {
      const text = await http.text({ path: 'v1/key', query: { flowExecutionId }, signal });
      return readBody<KeyFacts>(text, { id: 'string', name: 'string', executions: 'array' });
    },
  };
}
