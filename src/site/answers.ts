/** What the API answers, as schemas: for the OpenAPI document, and for the tests that hold it against real answers. */
import * as z from 'zod/mini';

import { EVENT_TYPES, STATUSES } from '../messages/event-types.ts';
import { messageSchema } from '../messages/message.ts';

const time = z.iso.datetime();
const count = z.int().check(z.gte(0));

const problem = z.strictObject({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  requestId: z.optional(z.uuid()),
  errors: z.optional(
    z.array(
      z.strictObject({
        in: z.enum(['path', 'query', 'header', 'body']),
        name: z.string(),
        detail: z.string(),
      }),
    ),
  ),
  retryAfterSeconds: z.optional(z.int()),
});

const keyMembers = {
  id: z.string(),
  name: z.string(),
  owner: z.optional(z.string()),
  status: z.enum(['active', 'expired', 'revoked']),
  createdAt: time,
  changedAt: z.optional(time),
  expiresAt: z.optional(time),
  revokedAt: z.optional(time),
  lastUsedAt: z.optional(time),
  executions: z.array(z.string()),
  payloads: z.enum(['full', 'none']),
  tickets: z.boolean(),
  tier: z.enum(['standard', 'high']),
  streamLimit: count,
  credentials: z.array(z.strictObject({ id: z.string(), createdAt: time, expiresAt: z.optional(time) })),
};

const archivedExecution = z.strictObject({
  flowExecutionId: z.string(),
  source: z.string(),
  status: z.enum(STATUSES),
  messageCount: count,
  startedAt: z.optional(z.string()),
  endedAt: z.optional(z.string()),
  archivedAt: time,
  final: z.boolean(),
  imported: z.boolean(),
});

export const answerSchemas = {
  Message: messageSchema,
  Page: z.strictObject({
    messages: z.array(messageSchema),
    nextToken: z.optional(z.string()),
    cursor: z.string(),
    status: z.optional(z.enum(STATUSES)),
  }),
  Summary: z.strictObject({
    flowExecutionId: z.string(),
    source: z.string(),
    status: z.enum(STATUSES),
    upstreamStatus: z.optional(z.string()),
    startedAt: z.optional(z.string()),
    endedAt: z.optional(z.string()),
    durationMs: z.optional(z.number()),
    messageCount: z.optional(count),
    failure: z.optional(
      z.strictObject({
        messageId: z.optional(z.string()),
        eventType: z.optional(z.string()),
        timestamp: z.optional(z.string()),
        step: z.optional(z.string()),
        error: z.optional(z.string()),
        cause: z.optional(z.string()),
        cursor: z.string(),
      }),
    ),
    final: z.boolean(),
    archivedAt: z.optional(time),
    asOf: z.optional(time),
  }),
  Ticket: z.strictObject({ ticket: z.string(), expiresAt: time, streamUrl: z.url() }),
  OwnKey: z.strictObject({
    id: z.string(),
    name: z.string(),
    executions: z.array(z.string()),
    payloads: z.enum(['full', 'none']),
    tickets: z.boolean(),
    tier: z.enum(['standard', 'high']),
    limits: z.strictObject({ requests: count, periodSeconds: count, streamsPerExecution: count }),
    expiresAt: z.optional(time),
    allowed: z.optional(z.boolean()),
  }),
  Key: z.strictObject(keyMembers),
  IssuedKey: z.strictObject({ key: z.string(), credentialId: z.string(), ...keyMembers }),
  KeyList: z.strictObject({ keys: z.array(z.strictObject(keyMembers)), cursor: z.optional(z.string()) }),
  ArchivedExecution: archivedExecution,
  ExecutionState: z.strictObject({
    flowExecutionId: z.string(),
    source: z.string(),
    streams: count,
    waiting: count,
    upstream: z.enum(['ok', 'throttled', 'unavailable']),
    pollIntervalMs: z.optional(count),
    readAt: z.optional(time),
    archived: z.optional(archivedExecution),
  }),
  ArchivedExecutionList: z.strictObject({
    executions: z.array(archivedExecution),
    cursor: z.optional(z.string()),
  }),
  AwsPage: z.strictObject({
    messages: z.array(
      z.strictObject({
        messageId: z.optional(z.string()),
        eventType: z.optional(z.string()),
        timestamp: z.optional(z.number()),
        payload: z.optional(z.string()),
      }),
    ),
    nextToken: z.optional(z.string()),
  }),
  AwsError: z.object({ __type: z.string(), message: z.optional(z.string()) }),
  Health: z.strictObject({ status: z.literal('ok') }),
  Problem: problem,
  EventType: z.enum(EVENT_TYPES),
} as const;

export type AnswerName = keyof typeof answerSchemas;
