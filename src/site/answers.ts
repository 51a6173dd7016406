/**
 * Schemas of the API's answers, for the OpenAPI document and for the tests that check real answers. The schemas here
 * are strict, so that a test finds undocumented members. In the document they allow unknown members, because later
 * versions might add some.
 */
import { RATE_TIER_NAMES } from '../core/rate-tier.ts';
import * as z from 'zod/mini';

import { EVENT_TYPES, STATUSES } from '../messages/event-types.ts';
import { IMPORT_WARNING_CODES } from '../imports/import-warnings.ts';
import { messageSchema } from '../messages/message.ts';
import { PAYLOAD_ACCESS } from '../messages/payload-access.ts';
import { describe } from './describe.ts';
import { failureAnswer } from './failure-answer.ts';
import { ChildList, ExecutionList, Flows, ListedExecution, LiveListCaughtUp } from './list-answers.ts';
import { Probe } from './probe-answer.ts';

const time = (description: string) => describe(z.iso.datetime(), description);
const text = (description: string) => describe(z.string(), description);
const count = (description: string) => describe(z.int().check(z.gte(0)), description);
const flag = (description: string) => describe(z.boolean(), description);
const list = <S extends z.core.SomeType>(entry: S, description: string) =>
  describe(z.array(entry), description);

const status = () =>
  describe(
    z.enum(STATUSES),
    'The status, derived from the last message: `RUNNING` until a message ends the execution.',
  );
const payloads = () =>
  describe(
    z.enum(PAYLOAD_ACCESS),
    'What the key may see. `none`: only ids, types and times. `names`: also the names of steps and errors. `full`: everything.',
  );
const tier = () => describe(z.enum(RATE_TIER_NAMES), 'The rate tier of the key.');
const patterns = () =>
  list(z.string(), 'Patterns of the executions that the key may read; `*` matches any characters.');
const executionId = () => text('The requested execution.');
const source = () => text('The source of the history: `things-graph` or `step-functions`.');
const cursor = (description: string) => describe(z.optional(z.string()), description);

const { messageId, eventType, upstreamType, timestamp, payload } = messageSchema.shape;
const { step, error, previousMessageId, iteration } = messageSchema.shape;
const Message = z.strictObject({
  messageId: describe(messageId, 'The id that the upstream service gave the message.'),
  eventType: describe(eventType, `One of ${EVENT_TYPES.join(', ')}, or a type that was added later.`),
  upstreamType: describe(upstreamType, 'The event type in Step Functions, such as `TaskFailed`.'),
  timestamp: describe(timestamp, 'When the message was last updated: ISO 8601, UTC.'),
  step: describe(step, 'The step or state that the message is about. Absent if the step is not certain.'),
  error: describe(error, 'The name of the error. Absent if the message has no valid one.'),
  previousMessageId: describe(
    previousMessageId,
    'The id of the message that led to this one. It tells parallel branches of Step Functions apart.',
  ),
  iteration: describe(iteration, 'The index of the map iteration, from 0.'),
  payload: describe(payload, 'Opaque text. It may be empty, prose, JSON, or almost JSON.'),
});

const Problem = z.strictObject({
  type: text('The path of the documentation of `code` on this service.'),
  title: text('A short title, the same for every problem of this kind.'),
  status: describe(
    z.int().check(z.gte(400), z.lte(599)),
    'The HTTP status. In a stream: the status that a request for a page would get.',
  ),
  detail: text('For people: what is wrong with this request, and what to do.'),
  code: text('For programs: the kind of problem, as an AWS exception name where one fits.'),
  requestId: describe(
    z.optional(z.uuid()),
    'The id of the request, which the operator finds in the log. Absent if a stream fails after it has opened.',
  ),
  errors: describe(
    z.optional(
      z.array(
        z.strictObject({
          in: describe(z.enum(['path', 'query', 'header', 'body']), 'Where the input is.'),
          name: text('The name of the input, as the caller sent it.'),
          detail: text('The rule that the input breaks.'),
        }),
      ),
    ),
    'Every invalid input.',
  ),
  retryAfterSeconds: describe(
    z.optional(z.int().check(z.gte(0))),
    'Retry after this many seconds. Absent if retrying does not help. Equals `Retry-After`.',
  ),
});

const keyMembers = () => ({
  id: text('The id of the key in the admin API and in logs. Not a secret.'),
  name: text('The purpose of the key.'),
  owner: describe(z.optional(z.string()), 'The person or team responsible for the key.'),
  status: describe(z.enum(['active', 'expired', 'revoked']), 'The state of the key.'),
  createdAt: time('When it was created.'),
  changedAt: describe(z.optional(z.iso.datetime()), 'When it was last changed.'),
  expiresAt: describe(z.optional(z.iso.datetime()), 'When it expires.'),
  revokedAt: describe(z.optional(z.iso.datetime()), 'When it was revoked.'),
  lastUsedAt: describe(
    z.optional(z.iso.datetime()),
    'When it was last used, accurate to an hour. Absent if no use has been recorded yet.',
  ),
  executions: patterns(),
  payloads: payloads(),
  tickets: flag('True if the key may create tickets.'),
  tier: tier(),
  streamLimit: count('How many streams and waiting requests of one execution may be open at once.'),
  totalStreamLimit: count('How many streams and waiting requests of all executions may be open at once.'),
  credentials: list(
    z.strictObject({
      id: text('The id of the credential: the first part of the key’s text.'),
      createdAt: time('When it was created.'),
      expiresAt: describe(z.optional(z.iso.datetime()), 'When it expires because of a rotation.'),
    }),
    'Newest first. More than one during the overlap of a rotation.',
  ),
});

const ArchivedExecution = z.strictObject({
  flowExecutionId: executionId(),
  source: source(),
  status: status(),
  messageCount: count('How many messages are archived.'),
  startedAt: describe(z.optional(z.string()), 'Time of the first message.'),
  endedAt: describe(z.optional(z.string()), 'Time of the last message.'),
  archivedAt: time('When it was archived.'),
  final: flag('True if the history can no longer change.'),
  imported: flag('True if it was imported instead of read from its source.'),
});

const Key = z.strictObject(keyMembers());
/** Most members are optional, because a key whose records are damaged can be revoked but not shown. */
const RevokedKey = z.required(z.partial(Key), { id: true, status: true, revokedAt: true });

/** The data of each event of a stream. */
const eventSchemas = {
  StreamMessage: Message,
  StreamCaughtUp: z.strictObject({ status: status() }),
  StreamHeartbeat: z.strictObject({
    timestamp: time('When it was sent.'),
    pollIntervalMs: count('The current interval between two reads of the upstream service.'),
    upstream: describe(z.enum(['ok', 'throttled', 'unavailable']), 'The state of the upstream service.'),
  }),
  StreamReset: z.strictObject({}),
  StreamEnd: z.strictObject({ status: status() }),
  StreamProblem: Problem,
  LiveListExecution: ListedExecution,
  LiveListCaughtUp,
} as const;

export const answerSchemas = {
  Message,
  Page: z.strictObject({
    messages: list(Message, 'In the order of the source. May be empty.'),
    nextToken: cursor('Present only if more messages exist now. Follow it until it is absent.'),
    cursor: text('The position after the last message that was examined. Use it to read later messages.'),
    status: describe(
      z.optional(z.enum(STATUSES)),
      'The status. Absent if the end of the history was not read.',
    ),
    partial: describe(
      z.optional(z.literal(true)),
      'Only with `last`: the search reached a limit before it found the requested number of messages. Earlier messages might match, too.',
    ),
  }),
  Summary: z.strictObject({
    flowExecutionId: executionId(),
    source: source(),
    status: status(),
    upstreamStatus: describe(z.optional(z.string()), 'The status in Step Functions, such as `TIMED_OUT`.'),
    startedAt: describe(z.optional(z.string()), 'Time of the first message.'),
    endedAt: describe(z.optional(z.string()), 'When it ended.'),
    durationMs: describe(z.optional(z.number()), 'Time from start to end.'),
    messageCount: describe(
      z.optional(z.int().check(z.gte(0))),
      'How many messages the history has. Absent if the history was not read.',
    ),
    parent: describe(
      z.optional(z.string()),
      'The id of the execution that started this one. Absent if the history does not name it, or the key may not read it.',
    ),
    failure: failureAnswer,
    final: flag('True if the history can no longer change.'),
    archivedAt: describe(z.optional(z.iso.datetime()), 'When it was archived.'),
    asOf: describe(
      z.optional(z.iso.datetime()),
      'When the upstream service was last read. Absent if the history is archived.',
    ),
  }),
  Flows,
  ExecutionList,
  ChildList,
  Ticket: z.strictObject({
    ticket: text('The value for `?ticket=`.'),
    expiresAt: time('When the ticket expires. Using it does not extend its life.'),
    streamUrl: describe(
      z.url(),
      'The URL of the event stream, with the ticket: for `new EventSource(streamUrl)`.',
    ),
  }),
  OwnKey: z.strictObject({
    id: text('The id of the key in logs. Not a secret.'),
    name: text('The purpose of the key.'),
    executions: patterns(),
    payloads: payloads(),
    tickets: flag('True if the key may create tickets.'),
    tier: tier(),
    limits: describe(
      z.strictObject({
        requests: count('Requests per period.'),
        periodSeconds: count('Length of a period.'),
        streamsPerExecution: count('Streams and waiting requests of one execution that may be open at once.'),
        streams: count('Streams and waiting requests of all executions that may be open at once.'),
      }),
      'The limits of the key.',
    ),
    expiresAt: describe(z.optional(z.iso.datetime()), 'When it expires.'),
    allowed: describe(
      z.optional(z.boolean()),
      'True if the key may read the execution that `flowExecutionId` names.',
    ),
  }),
  Key,
  RevokedKey,
  IssuedKey: z.strictObject({
    key: text('The key itself. It is shown only this once.'),
    credentialId: text('The id of the new credential.'),
    ...keyMembers(),
  }),
  KeyList: z.strictObject({
    keys: list(Key, 'In no particular order.'),
    cursor: cursor('Send it as `cursor` to get the next entries. Absent on the last page.'),
  }),
  ArchivedExecution,
  ImportedExecution: z.extend(ArchivedExecution, {
    warnings: describe(
      z.optional(
        z.array(
          z.strictObject({
            code: describe(
              z.enum(IMPORT_WARNING_CODES),
              '`DuplicateMessageId`: an earlier message has the same id. `EndBeforeStart`: the last message is older than the first.',
            ),
            line: describe(z.int().check(z.gte(1)), 'The line of the body on which the message begins.'),
          }),
        ),
      ),
      'What looks wrong in the imported history. Absent if nothing does.',
    ),
  }),
  ExecutionState: z.strictObject({
    flowExecutionId: executionId(),
    source: source(),
    streams: count('How many streams are open.'),
    waiting: count('How many requests are waiting.'),
    upstream: describe(z.enum(['ok', 'throttled', 'unavailable']), 'The state of the upstream service.'),
    pollIntervalMs: describe(
      z.optional(z.int().check(z.gte(0))),
      'The interval between two reads of the upstream service. Absent if it is not being read.',
    ),
    readAt: describe(z.optional(z.iso.datetime()), 'When the upstream service was last read.'),
    archived: describe(z.optional(ArchivedExecution), 'The archived history. Absent if not archived.'),
  }),
  ArchivedExecutionList: z.strictObject({
    executions: list(ArchivedExecution, 'By source, then by flow, then newest start first.'),
    cursor: cursor('Send it as `cursor` to get the next entries. Absent on the last page.'),
  }),
  Probe,
  AwsPage: z.strictObject({
    messages: list(
      z.strictObject({
        messageId: describe(z.optional(z.string()), 'The id that the upstream service gave the message.'),
        eventType: describe(z.optional(z.string()), 'The event type, as on a page.'),
        timestamp: describe(z.optional(z.number()), 'Epoch seconds, with milliseconds as decimals.'),
        payload: describe(z.optional(z.string()), 'Opaque text.'),
      }),
      'In the order of the source.',
    ),
    nextToken: cursor('Present only if more messages exist now. Also valid as the `cursor` of a page.'),
  }),
  AwsError: z.strictObject({
    __type: text('The name of the exception.'),
    message: text('For people: what is wrong, and what to do.'),
  }),
  Health: z.strictObject({
    status: describe(z.literal('ok'), 'The service is up and configured.'),
    version: describe(z.string(), 'The version of Flowtap.'),
  }),
  Problem,
  ...eventSchemas,
} as const;

export type AnswerName = keyof typeof answerSchemas;
export type AnswerOf<N extends AnswerName> = z.infer<(typeof answerSchemas)[N]>;
