/**
 * What the API answers, as schemas: for the OpenAPI document, and for the tests that hold it against real answers. Strict
 * here, so that a test notices a member that nobody wrote down; open in the document, since members may be added.
 */
import * as z from 'zod/mini';

import { EVENT_TYPES, STATUSES } from '../messages/event-types.ts';
import { messageSchema } from '../messages/message.ts';
import { said } from './said.ts';

const time = (description: string) => said(z.iso.datetime(), description);
const text = (description: string) => said(z.string(), description);
const count = (description: string) => said(z.int().check(z.gte(0)), description);
const flag = (description: string) => said(z.boolean(), description);
const list = <S extends z.core.SomeType>(entry: S, description: string) => said(z.array(entry), description);

/** `RUNNING` is what an execution is as long as its last message is no end. */
const status = () => said(z.enum(STATUSES), 'How the execution stands: by its last message.');
const payloads = () => said(z.enum(['full', 'none']), 'Whether messages come with their payloads.');
const tier = () => said(z.enum(['standard', 'high']), 'How much the key may ask.');
const patterns = () => list(z.string(), 'Patterns of the executions that the key may read; `*` is any run.');
const executionId = () => text('The execution that was asked for.');
const source = () => text('Where its history comes from: `things-graph` or `step-functions`.');
const cursor = (description: string) => said(z.optional(z.string()), description);

const { messageId, eventType, timestamp, payload } = messageSchema.shape;
const Message = z.strictObject({
  messageId: said(messageId, 'The upstream’s own id.'),
  eventType: said(eventType, `One of ${EVENT_TYPES.join(', ')}; or a later one.`),
  timestamp: said(timestamp, 'When the message was last updated: ISO 8601, UTC.'),
  payload: said(payload, 'Opaque text: empty, prose, and things that only look like JSON all occur.'),
});

const Problem = z.strictObject({
  type: text('Leads to what the code means: a path below this service.'),
  title: text('A few words, the same for every problem of this kind.'),
  status: said(z.int().check(z.gte(400), z.lte(599)), 'The HTTP status. In a stream: what a page had got.'),
  detail: text('What is wrong with this very request, for people.'),
  code: text('The kind of problem, for programs. AWS’s exception name where one fits.'),
  requestId: said(
    z.optional(z.uuid()),
    'What the operator finds in the log. Absent in a stream that was open.',
  ),
  errors: said(
    z.optional(
      z.array(
        z.strictObject({
          in: said(z.enum(['path', 'query', 'header', 'body']), 'Where the input stands.'),
          name: text('The input, as the caller wrote it.'),
          detail: text('What it must be.'),
        }),
      ),
    ),
    'Each input that is wrong.',
  ),
  retryAfterSeconds: said(
    z.optional(z.int().check(z.gte(0))),
    'When to come back, where that helps. `Retry-After` says the same.',
  ),
});

const keyMembers = () => ({
  id: text('Names the key in the admin API and in logs. No secret.'),
  name: text('What it is for.'),
  owner: said(z.optional(z.string()), 'Who answers for it.'),
  status: said(z.enum(['active', 'expired', 'revoked']), 'Whether it is good.'),
  createdAt: time('When it was made.'),
  changedAt: said(z.optional(z.iso.datetime()), 'When it was last changed.'),
  expiresAt: said(z.optional(z.iso.datetime()), 'When it ends by itself.'),
  revokedAt: said(z.optional(z.iso.datetime()), 'When it was revoked.'),
  lastUsedAt: said(z.optional(z.iso.datetime()), 'Within the hour. Absent: never, or not noted yet.'),
  executions: patterns(),
  payloads: payloads(),
  tickets: flag('Whether it may mint tickets.'),
  tier: tier(),
  streamLimit: count('Streams of one execution that it may have open.'),
  credentials: list(
    z.strictObject({
      id: text('Of the credential: the first part of its text.'),
      createdAt: time('When it was made.'),
      expiresAt: said(z.optional(z.iso.datetime()), 'When a rotation ends it.'),
    }),
    'Newest first: more than one after a rotation.',
  ),
});

const ArchivedExecution = z.strictObject({
  flowExecutionId: executionId(),
  source: source(),
  status: status(),
  messageCount: count('Messages in the archive.'),
  startedAt: said(z.optional(z.string()), 'Time of its first message.'),
  endedAt: said(z.optional(z.string()), 'Time of its last message.'),
  archivedAt: time('When it was archived.'),
  final: flag('Nothing can follow.'),
  imported: flag('It was imported, not read from its upstream.'),
});

const Key = z.strictObject(keyMembers());
/** A key whose records are damaged can be revoked, but not shown. */
const RevokedKey = z.required(z.partial(Key), { id: true, status: true, revokedAt: true });

/** The data of each event of a stream; `problem` has Problem. */
const eventSchemas = {
  StreamMessage: Message,
  StreamCaughtUp: z.strictObject({ status: status() }),
  StreamHeartbeat: z.strictObject({
    timestamp: time('When it was sent.'),
    pollIntervalMs: count('How often the upstream is asked just now.'),
    upstream: said(z.enum(['ok', 'throttled', 'unavailable']), 'How the upstream is doing.'),
  }),
  StreamReset: z.strictObject({}),
  StreamEnd: z.strictObject({ status: status() }),
  StreamProblem: Problem,
} as const;

export const answerSchemas = {
  Message,
  Page: z.strictObject({
    messages: list(Message, 'In upstream order. May be empty.'),
    nextToken: cursor('Only while more messages are there now: follow it until it is gone.'),
    cursor: text('The position after the last message considered: ask for what comes later with it.'),
    status: said(
      z.optional(z.enum(STATUSES)),
      'How the execution stands. Absent while the end was not read.',
    ),
  }),
  Summary: z.strictObject({
    flowExecutionId: executionId(),
    source: source(),
    status: status(),
    upstreamStatus: said(z.optional(z.string()), 'Step Functions’ own word, such as `TIMED_OUT`.'),
    startedAt: said(z.optional(z.string()), 'Time of its first message.'),
    endedAt: said(z.optional(z.string()), 'Time of its end.'),
    durationMs: said(z.optional(z.number()), 'From start to end.'),
    messageCount: said(z.optional(z.int().check(z.gte(0))), 'Messages in its history, where that was read.'),
    failure: said(
      z.optional(
        z.strictObject({
          messageId: said(z.optional(z.string()), 'Of the message that tells of it.'),
          eventType: said(z.optional(z.string()), 'Of that message.'),
          timestamp: said(z.optional(z.string()), 'Of that message.'),
          step: said(z.optional(z.string()), 'The step, or state, that failed. Not without payloads.'),
          error: said(z.optional(z.string()), 'The name of the error. Not without payloads.'),
          cause: said(z.optional(z.string()), 'Its cause. Not without payloads.'),
          cursor: text('A page from here begins with that message.'),
        }),
      ),
      'What ended the execution, not what was caught on the way.',
    ),
    final: flag('Nothing can follow.'),
    archivedAt: said(z.optional(z.iso.datetime()), 'When it was archived.'),
    asOf: said(z.optional(z.iso.datetime()), 'When the upstream was last asked, for what is not archived.'),
  }),
  Ticket: z.strictObject({
    ticket: text('Goes into `?ticket=`.'),
    expiresAt: time('When it ends, however often it was used.'),
    streamUrl: said(z.url(), 'The event stream with the ticket in it: for `new EventSource(streamUrl)`.'),
  }),
  OwnKey: z.strictObject({
    id: text('Names the key in logs. No secret.'),
    name: text('What it is for.'),
    executions: patterns(),
    payloads: payloads(),
    tickets: flag('Whether it may mint tickets.'),
    tier: tier(),
    limits: said(
      z.strictObject({
        requests: count('Requests in a period.'),
        periodSeconds: count('How long a period is.'),
        streamsPerExecution: count('Streams of one execution that it may have open.'),
      }),
      'What it may ask.',
    ),
    expiresAt: said(z.optional(z.iso.datetime()), 'When it ends by itself.'),
    allowed: said(z.optional(z.boolean()), 'Whether it may read the execution asked about.'),
  }),
  Key,
  RevokedKey,
  IssuedKey: z.strictObject({
    key: text('The key itself. Shown this once.'),
    credentialId: text('Of the credential that was made.'),
    ...keyMembers(),
  }),
  KeyList: z.strictObject({
    keys: list(Key, 'In no order that means anything.'),
    cursor: cursor('For the next entries. Absent: there are none.'),
  }),
  ArchivedExecution,
  ExecutionState: z.strictObject({
    flowExecutionId: executionId(),
    source: source(),
    streams: count('Streams that are open.'),
    waiting: count('Requests that wait.'),
    upstream: said(z.enum(['ok', 'throttled', 'unavailable']), 'How the upstream is doing.'),
    pollIntervalMs: said(z.optional(z.int().check(z.gte(0))), 'How often it is asked. Absent: not at all.'),
    readAt: said(z.optional(z.iso.datetime()), 'When it was last asked.'),
    archived: said(z.optional(ArchivedExecution), 'What is archived, if anything is.'),
  }),
  ArchivedExecutionList: z.strictObject({
    executions: list(ArchivedExecution, 'In the order of the store.'),
    cursor: cursor('For the next entries. Absent: there are none.'),
  }),
  AwsPage: z.strictObject({
    messages: list(
      z.strictObject({
        messageId: said(z.optional(z.string()), 'The upstream’s own id.'),
        eventType: said(z.optional(z.string()), 'As on a page.'),
        timestamp: said(z.optional(z.number()), 'Seconds since 1970, with milliseconds behind the point.'),
        payload: said(z.optional(z.string()), 'Opaque text.'),
      }),
      'In upstream order.',
    ),
    nextToken: cursor('Only while more messages are there now. A `cursor` of pages is the same.'),
  }),
  AwsError: z.strictObject({
    __type: text('The exception.'),
    message: text('What to change, for people.'),
  }),
  Health: z.strictObject({
    status: said(z.literal('ok'), 'It is up and configured.'),
    version: said(z.string(), 'The version of Flowtap that runs there.'),
  }),
  Problem,
  ...eventSchemas,
} as const;

export type AnswerName = keyof typeof answerSchemas;
export type AnswerOf<N extends AnswerName> = z.infer<(typeof answerSchemas)[N]>;
