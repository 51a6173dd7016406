/** Calls the service in AWS's protocol as AWS clients do, with a dummy signature. The service does not verify it. */
import type { ServiceUnderTest } from '../http/service-under-test.ts';

export const TARGET = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';

export interface AwsCall {
  /** A string is sent unchanged as the body, anything else as JSON. */
  readonly input: unknown;
  readonly key?: string | undefined;
  readonly path?: string;
  readonly target?: string;
  readonly headers?: Record<string, string>;
}

export const callAws = (service: ServiceUnderTest, call: AwsCall): Promise<Response> => {
  const { input, key, path = '/', target = TARGET, headers } = call;
  return service.fetch(path, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': target,
      'X-Amz-Date': '20260101T000000Z',
      Authorization:
        'AWS4-HMAC-SHA256 Credential=flowtap/20260101/us-west-2/iotthingsgraph/aws4_request, SignedHeaders=host, Signature=00',
      ...(key !== undefined && { 'X-Amz-Security-Token': key }),
      ...headers,
    },
    body: typeof input === 'string' ? input : JSON.stringify(input),
  });
};

/** The exceptions that botocore's model lists for the operation. */
export const MODELLED_EXCEPTIONS = [
  'InvalidRequestException',
  'ResourceNotFoundException',
  'ThrottlingException',
  'InternalFailureException',
] as const;

export type ModelledException = (typeof MODELLED_EXCEPTIONS)[number];

/** `Time` is a number on the wire (epoch seconds), and a string in the output of a client (ISO 8601). */
export interface AwsMessage<Time = number> {
  readonly messageId?: string;
  readonly eventType?: string;
  readonly timestamp?: Time;
  readonly payload?: string;
}

export interface AwsPage {
  readonly messages: readonly AwsMessage[];
  readonly nextToken?: string;
}

export async function awsPageOf(answer: Response | Promise<Response>): Promise<AwsPage> {
  const response = await answer;
  if (response.status !== 200) throw new Error(`${response.status}: ${await response.text()}`);
  // Safety: the operation answers in this shape. Tests check its members.
  return (await response.json()) as AwsPage;
}

export interface Exception {
  readonly name: string;
  readonly status: number;
  readonly message: string;
}

/** Returns the exception in an answer. Throws if the answer breaks one of AWS's rules for exceptions. */
export async function exceptionOf(answer: Response | Promise<Response>): Promise<Exception> {
  const { status, headers, ...response } = await read(answer);
  const body: unknown = JSON.parse(response.text);
  if (typeof body !== 'object' || body === null)
    throw new Error(`the answer is not an exception: ${response.text}`);
  const { __type: name, message, ...rest } = body as Record<string, unknown>;
  const rules = {
    'is an error': status >= 400,
    'has a name in its body': typeof name === 'string',
    'has the same name in its header': headers.get('x-amzn-errortype') === name,
    'has a text': typeof message === 'string' && message !== '',
    'has no other member': Object.keys(rest).length === 0,
    'is AWS JSON': headers.get('Content-Type') === 'application/x-amz-json-1.1',
    'has a request id': /^[\w-]{36}$/.test(headers.get('x-amzn-RequestId') ?? ''),
    'has one request id': headers.get('x-amzn-RequestId') === headers.get('X-Request-Id'),
    'has no header for browsers': !headers.has('Access-Control-Allow-Origin'),
  };
  const broken = Object.entries(rules).filter(([, kept]) => !kept);
  if (broken.length > 0) {
    throw new Error(`${status} ${response.text}: broken rules: ${broken.map(([rule]) => rule).join(', ')}`);
  }
  return { name: String(name), status, message: String(message) };
}

async function read(answer: Response | Promise<Response>) {
  const response = await answer;
  return { status: response.status, headers: response.headers, text: await response.text() };
}
