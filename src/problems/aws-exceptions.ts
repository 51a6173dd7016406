/**
 * The exceptions of the two AWS services: their names in each service, and their HTTP status. The catalogue
 * (problem-catalogue.ts) maps each failure to one of them.
 *
 * Sources: botocore's models iotthingsgraph/2018-09-06 and stepfunctions/2016-11-23, and AWS's common errors
 * for exceptions that are in neither.
 */

/** Maps the name of each exception in Things Graph to its name in Step Functions. */
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
 * True for the exceptions that AWS uses if data is encrypted with a customer's key that the operator's
 * credentials may not use.
 */
export const isKmsException = (name: string): name is KmsException => name.startsWith('Kms');

export interface AwsException {
  readonly name: ThingsGraphException | StepFunctionsException;
  /** What is wrong, then what to do. People read it in the client's stack trace. */
  readonly message: string;
}

/**
 * The HTTP status of an exception. AWS clients retry a 500 but not a 400, except for throttling. In the
 * protocol itself, the status only distinguishes the service's faults (500) from the caller's (400).
 */
export const statusOfException = (name: string): 400 | 500 =>
  name === 'InternalFailureException' ? 500 : 400;
