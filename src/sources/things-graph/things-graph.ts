/**
 * AWS IoT Things Graph as a source. It calls ListFlowExecutionMessages and accepts any execution id. AWS
 * discontinued the service on 2022-08-30, but back ends still use its protocol, with a replacement service at
 * the endpoint.
 *
 * Follows botocore's model iotthingsgraph/2018-09-06. aws-json.ts retries calls and limits their time and
 * size.
 */
import * as z from 'zod/mini';
import type { Clock } from '../../core/clock.ts';
import { fail, ok, type Result, type SourceFailure } from '../../core/errors.ts';
import { THINGS_GRAPH } from '../../core/execution-ref.ts';
import type { Log } from '../../core/log.ts';
import type { Message } from '../../messages/message.ts';
import { isoFromEpochSeconds } from '../../messages/timestamp.ts';
import type { AwsCredentialsProvider } from '../aws/aws-credentials.ts';
import { createAwsJsonClient, type Fetch } from '../aws/aws-json.ts';
import { type ClientErrors, sourceFailure } from '../aws/source-failure.ts';
import { awsEndpoint } from '../../core/aws-region.ts';
import { PROBE_NAME } from '../probe.ts';
import type { Source, SourcePage } from '../source.ts';

const OPERATION = 'ListFlowExecutionMessages';

/** The largest `maxResults` that the service accepts. */
const PAGE_SIZE_MAX = 250;

export interface ThingsGraphOptions {
  readonly region: string;
  /** Default: AWS's endpoint in that region. */
  readonly endpoint?: URL;
  readonly credentials: AwsCredentialsProvider;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

/** The operation's errors in the model, except throttling and failures inside AWS. */
const CLIENT_ERRORS: ClientErrors = new Map([
  ['InvalidRequestException', 'upstream-invalid-request'],
  ['ResourceNotFoundException', 'upstream-not-found'],
]);

/**
 * Every member is optional in the model. Some servers send null instead of omitting a member. Unknown members
 * are ignored.
 */
const answerSchema = z.object({
  messages: z.nullish(
    z.array(
      z.object({
        messageId: z.nullish(z.string()),
        /** Any string, not only the types of the model: unknown types are passed on. */
        eventType: z.nullish(z.string()),
        /** Epoch seconds. */
        timestamp: z.nullish(z.number()),
        payload: z.nullish(z.string()),
      }),
    ),
  ),
  nextToken: z.nullish(z.string()),
});

type WireMessage = NonNullable<z.infer<typeof answerSchema>['messages']>[number];

/** @throws {TypeError} if no endpoint is given and the region is not a region of AWS. */
export function createThingsGraphSource(options: ThingsGraphOptions): Source {
  const { region, endpoint, ...ports } = options;
  const client = createAwsJsonClient({
    ...ports,
    service: 'iotthingsgraph',
    region,
    endpoint: endpoint ?? awsEndpoint('iotthingsgraph', region),
    protocolVersion: '1.1',
    targetPrefix: 'IotThingsGraphFrontEndService',
    clientErrors: new Set(CLIENT_ERRORS.keys()),
  });

  return {
    name: THINGS_GRAPH,
    pageSizeMax: PAGE_SIZE_MAX,
    probeTargets: [{ region, executionId: PROBE_NAME }],
    async page({ executionId: flowExecutionId }, token, limit, { signal, onAttempt }) {
      const request = { flowExecutionId, nextToken: token, maxResults: limit };
      const answer = await client.call(OPERATION, request, signal, onAttempt);
      return answer.ok ? pageFromAnswer(answer.value) : fail(sourceFailure(answer.failure, CLIENT_ERRORS));
    },
  };
}

function pageFromAnswer(answer: unknown): Result<SourcePage, SourceFailure> {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) {
    // Report the place and the kind of fault, but not the value, which may be customers' data.
    const issue = parsed.error.issues[0];
    return wrongShape(`${issue?.path.join('.') || 'the answer'}: ${issue?.code}`);
  }
  const messages: Message[] = [];
  for (const [index, wire] of (parsed.data.messages ?? []).entries()) {
    const message = messageFromWire(wire);
    if (message === undefined) return wrongShape(`messages.${index}.timestamp: impossible time`);
    messages.push(message);
  }
  const nextToken = parsed.data.nextToken;
  // Drop an empty token: it would request the first page, and paging would never end.
  return ok(nextToken ? { messages, nextToken } : { messages });
}

function messageFromWire({ messageId, eventType, timestamp, payload }: WireMessage): Message | undefined {
  const iso = timestamp == null ? undefined : isoFromEpochSeconds(timestamp);
  if (timestamp != null && iso === undefined) return undefined;
  return {
    ...(messageId == null ? {} : { messageId }),
    ...(eventType == null ? {} : { eventType }),
    ...(iso === undefined ? {} : { timestamp: iso }),
    ...(payload == null ? {} : { payload }),
  };
}

const wrongShape = (where: string) =>
  fail({ type: 'upstream-broken', internal: `${OPERATION}: wrong shape at ${where}` });
