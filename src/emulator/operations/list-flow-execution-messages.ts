/**
 * IotThingsGraphFrontEndService.ListFlowExecutionMessages: a page of an execution's messages.
 *
 * Source: botocore's model iotthingsgraph/2018-09-06. As in AWS's services, a member of the wrong JSON type is
 * a SerializationException, and a value out of bounds is an InvalidRequestException.
 */
import * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { History } from '../history.ts';
import type { PageTokens } from '../page-tokens.ts';
import type { Operation } from '../operation.ts';

/** The model's bounds for `maxResults`. */
const MAX_RESULTS_MIN = 1;
const MAX_RESULTS_MAX = 250;
/**
 * The model has no default. This is the documented default of GetExecutionHistory, the successor of this
 * operation.
 */
const MAX_RESULTS_DEFAULT = 100;

/** The regions in which the service was offered, from botocore's endpoints. */
const REGIONS = [
  'ap-northeast-1',
  'ap-northeast-2',
  'ap-southeast-2',
  'eu-west-1',
  'us-east-1',
  'us-west-2',
] as const;

/** As everywhere in AWS JSON, unknown members are ignored, and null means absent. */
const inputSchema = z.object({
  flowExecutionId: z.nullish(z.string()),
  maxResults: z.nullish(z.int()),
  nextToken: z.nullish(z.string()),
});

const constraint = (member: string, value: string, text: string) =>
  awsError(
    'InvalidRequestException',
    `1 validation error detected: Value ${value} at '${member}' failed to satisfy constraint: Member must ${text}`,
  );

export const listFlowExecutionMessages = (
  findHistory: (executionId: string) => History | undefined,
  tokens: PageTokens,
  regions: readonly string[] = REGIONS,
): Operation => ({
  target: 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
  contentType: 'application/x-amz-json-1.1',
  signingService: 'iotthingsgraph',
  regions,

  prepare: (raw) => {
    const parsed = inputSchema.safeParse(raw);
    if (!parsed.success) {
      return awsError(
        'SerializationException',
        `'${parsed.error.issues[0]?.path.join('.') ?? ''}' has a value of the wrong type`,
      );
    }
    const { flowExecutionId, nextToken } = parsed.data;
    const maxResults = parsed.data.maxResults ?? MAX_RESULTS_DEFAULT;
    if (flowExecutionId === undefined || flowExecutionId === null) {
      return constraint('flowExecutionId', 'null', 'not be null');
    }
    if (maxResults < MAX_RESULTS_MIN) {
      return constraint(
        'maxResults',
        `'${maxResults}'`,
        `have value greater than or equal to ${MAX_RESULTS_MIN}`,
      );
    }
    if (maxResults > MAX_RESULTS_MAX) {
      return constraint(
        'maxResults',
        `'${maxResults}'`,
        `have value less than or equal to ${MAX_RESULTS_MAX}`,
      );
    }

    const answer: ReturnType<Operation['prepare']> = {
      ok: true,
      value: {
        executionId: flowExecutionId,
        answer: ({ nowMs, viewMs, tokenLifetimeMs, pageLength, tokenAlways }) => {
          const opened =
            nextToken === undefined || nextToken === null
              ? '0'
              : tokens.open(flowExecutionId, nextToken, nowMs, tokenLifetimeMs);
          if (opened === undefined) {
            return awsError('InvalidRequestException', 'The nextToken is invalid or has expired.');
          }
          const position = Number(opened);
          const view = findHistory(flowExecutionId)?.at(viewMs);
          if (view === undefined) {
            return awsError('ResourceNotFoundException', `Flow execution ${flowExecutionId} does not exist.`);
          }
          // A lagging view can end before the token's position. The page is then empty and has no token.
          const end = Math.max(position, Math.min(view.count, position + pageLength(maxResults)));
          const messages = Array.from({ length: end - position }, (_, index) =>
            view.message(position + index),
          );
          const more = end < view.count || tokenAlways;
          return {
            ok: true,
            value: more
              ? { messages, nextToken: tokens.seal(flowExecutionId, String(end), nowMs) }
              : { messages },
          };
        },
      },
    };
    return answer;
  },
});
