/**
 * Encodes the answers of AWS services: JSON results, JSON errors with `__type`, and XML errors of the layer
 * in front of a service. The statuses are those of real services with JSON protocols: 500 for errors of the
 * service, and 400 for all errors of the caller. These include wrong signatures, as reports on Kinesis,
 * Rekognition and CloudWatch Logs show. REST services would answer a wrong signature with 403.
 */

/** The errors that the emulator can return. Add those of a new operation here. */
export type AwsErrorName =
  | 'UnknownOperationException'
  | 'SerializationException'
  | 'MissingAuthenticationTokenException'
  | 'IncompleteSignatureException'
  | 'InvalidSignatureException'
  | 'UnrecognizedClientException'
  | 'InvalidRequestException'
  | 'ResourceNotFoundException'
  | 'ExpiredTokenException'
  | 'ValidationException'
  | 'AccessDeniedException'
  | 'ExecutionDoesNotExist'
  | 'StateMachineDoesNotExist'
  | 'StateMachineTypeNotSupported'
  | 'ResourceNotFound'
  | 'InvalidArn'
  | 'InvalidToken'
  | 'ThrottlingException'
  | 'InternalFailureException';

export interface AwsError {
  readonly name: AwsErrorName;
  readonly message?: string;
}

export type AwsResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: AwsError };

export const awsError = (
  name: AwsErrorName,
  message?: string,
): { readonly ok: false; readonly error: AwsError } => ({
  ok: false,
  error: message === undefined ? { name } : { name, message },
});

/** Encodes a body. Separate from making the Response, so that the emulator can truncate the bytes. */
export const encodeJson = (body: object): Uint8Array<ArrayBuffer> =>
  new TextEncoder().encode(JSON.stringify(body));

export const jsonAnswer = (body: object, contentType: string, status = 200): Response => {
  const bytes = encodeJson(body);
  return new Response(bytes, {
    status,
    headers: { 'content-type': contentType, 'content-length': String(bytes.byteLength) },
  });
};

export const errorAnswer = ({ name, message }: AwsError, contentType: string): Response =>
  jsonAnswer(
    { __type: name, ...(message === undefined ? {} : { message }) },
    contentType,
    name === 'InternalFailureException' ? 500 : 400,
  );

/** Encodes an error that occurs before the request's protocol is known. */
export const xmlErrorAnswer = (name: string, message: string | undefined, status: number): Response => {
  const xml =
    message === undefined ? `<${name}/>\n` : `<${name}>\n  <Message>${message}</Message>\n</${name}>\n`;
  const bytes = new TextEncoder().encode(xml);
  return new Response(bytes, {
    status,
    headers: { 'content-type': 'application/xml', 'content-length': String(bytes.byteLength) },
  });
};
