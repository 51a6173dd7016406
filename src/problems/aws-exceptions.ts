/**
 * The exceptions of AWS's two protocols: their names in each service, and their status. Which of them a
 * failure becomes is in its entry in the catalogue (problem-catalogue.ts).
 *
 * Sources: botocore's models iotthingsgraph/2018-09-06 and stepfunctions/2016-11-23; AWS's common errors for
 * the rest.
 */

/**
 * The exceptions that failures become: by their names in Things Graph, each with its name in Step Functions.
 */
export const STEP_FUNCTIONS_NAMES = {
  InvalidRequestException: 'ValidationException',
  ResourceNotFoundException: 'ExecutionDoesNotExist',
  ThrottlingException: 'ThrottlingException',
  InternalFailureException: 'InternalFailureException',
  UnrecognizedClientException: 'UnrecognizedClientException',
  AccessDeniedException: 'AccessDeniedException',
  UnknownOperationException: 'UnknownOperationException',
  SerializationException: 'SerializationException',
} as const;

export type ThingsGraphException = keyof typeof STEP_FUNCTIONS_NAMES;

/** Exceptions that only Step Functions has. */
export const ONLY_STEP_FUNCTIONS = [
  'InvalidArn',
  'InvalidToken',
  'ResourceNotFound',
  'StateMachineDoesNotExist',
  'StateMachineTypeNotSupported',
] as const;

export type StepFunctionsException =
  (typeof STEP_FUNCTIONS_NAMES)[ThingsGraphException] | (typeof ONLY_STEP_FUNCTIONS)[number] | KmsException;

type KmsException = `Kms${string}`;

/**
 * Data is encrypted with a customer's key, which the operator's credentials may not use: AWS has several
 * exceptions for that.
 */
export const isKmsException = (name: string): name is KmsException => name.startsWith('Kms');

export interface AwsException {
  readonly name: ThingsGraphException | StepFunctionsException;
  /** For the reader of the client's stack trace: what is wrong, then what to do. */
  readonly message: string;
}

/**
 * AWS clients retry a 500 and not a 400, whatever the exception. The protocol itself only tells whose fault
 * it is.
 */
export const statusOfException = (name: string): 400 | 500 =>
  name === 'InternalFailureException' ? 500 : 400;
