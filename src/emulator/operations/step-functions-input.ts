/** The input checks and error texts that the operations of Step Functions share. */
import type * as z from 'zod/mini';
import { awsError } from '../aws-answer.ts';
import type { Operation } from '../operation.ts';

/** The regions of the emulated service, by default. */
const REGIONS = ['us-east-1', 'us-west-2', 'eu-west-1', 'eu-central-1', 'ap-southeast-2'];

export const STEP_FUNCTIONS = (
  regions: readonly string[] = REGIONS,
): Pick<Operation, 'contentType' | 'signingService' | 'regions'> => ({
  contentType: 'application/x-amz-json-1.0',
  signingService: 'states',
  regions,
});

const ARN_CHARACTERS_MAX = 256;
const EXECUTION_ARN = /^arn:aws[a-z-]*:states:[a-z0-9-]+:\d{12}:execution:[^:\s]+:[^:\s]+(?::[^:\s]+)?$/;

export const wrongType = ({ issues: [issue] }: z.core.$ZodError) =>
  awsError('SerializationException', `'${issue?.path.join('.') ?? ''}' has a value of the wrong type`);

export const constraint = (member: string, value: string | number | null | undefined, text: string) =>
  awsError(
    'ValidationException',
    `1 validation error detected: Value ${value == null ? 'null' : `'${value}'`} at '${member}' failed to satisfy constraint: Member must ${text}`,
  );

/**
 * Returns an error if `arn` is not a valid execution ARN. ARNs of EXPRESS executions are refused, too, because
 * their history is not kept.
 */
export function executionArnProblem(arn: string | null | undefined) {
  if (arn === undefined || arn === null) return constraint('executionArn', null, 'not be null');
  if (arn.length < 1) return constraint('executionArn', arn, 'have length greater than or equal to 1');
  if (arn.length > ARN_CHARACTERS_MAX) {
    return constraint('executionArn', arn, `have length less than or equal to ${ARN_CHARACTERS_MAX}`);
  }
  return EXECUTION_ARN.test(arn)
    ? undefined
    : awsError('InvalidArn', `Invalid Arn: 'Resource type not valid in this context: ${arn}'`);
}
