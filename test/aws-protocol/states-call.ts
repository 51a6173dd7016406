/** Calls the service's Step Functions operations as AWS clients do, with a dummy signature. */
import { AwsClient } from 'aws4fetch';
import { type ServiceUnderTest, path } from '../http/service-under-test.ts';
import { UPSTREAM_CREDENTIALS } from '../support/in-process.ts';
import type { HistoryEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';

export interface StatesCall {
  readonly input?: unknown;
  readonly key?: string | undefined;
  /** The region that the client signs for. */
  readonly region?: string;
  readonly headers?: Record<string, string>;
}

export interface StatesAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The members of the answer, or of the exception. */
  readonly body: Readonly<Record<string, unknown>>;
}

export async function callStates(
  service: Pick<ServiceUnderTest, 'fetch'>,
  operation: string,
  { input = {}, key, region = 'us-west-2', headers = {} }: StatesCall,
): Promise<StatesAnswer> {
  const response = await service.fetch('/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `AWSStepFunctions.${operation}`,
      Authorization: `AWS4-HMAC-SHA256 Credential=flowtap/20260101/${region}/states/aws4_request, SignedHeaders=host, Signature=00`,
      ...(key !== undefined && { 'X-Amz-Security-Token': key }),
      ...headers,
    },
    body: typeof input === 'string' ? input : JSON.stringify(input),
  });
  // Safety: answers and exceptions are objects. Tests check their members.
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, headers: response.headers, body };
}

/** Calls an operation and returns its answer. Throws if the call fails. */
export async function statesAnswer(
  service: Pick<ServiceUnderTest, 'fetch'>,
  operation: string,
  call: StatesCall,
): Promise<StatesAnswer['body']> {
  const { status, body } = await callStates(service, operation, call);
  if (status !== 200) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

/** Reads a history page by page. Returns all events and the number of pages. */
export async function readHistory(
  service: Pick<ServiceUnderTest, 'fetch'>,
  key: string,
  input: Readonly<Record<string, unknown>>,
): Promise<{ events: HistoryEvent[]; pages: number }> {
  const events: HistoryEvent[] = [];
  const tokens = new Set<unknown>();
  for (let nextToken: unknown, pages = 1; ; pages++) {
    const page = await statesAnswer(service, 'GetExecutionHistory', {
      key,
      input: { ...input, ...(nextToken !== undefined && { nextToken }) },
    });
    // Safety: GetExecutionHistory answers with this member.
    events.push(...(page['events'] as HistoryEvent[]));
    nextToken = page['nextToken'];
    if (nextToken === undefined) return { events, pages };
    if (tokens.has(nextToken)) throw new Error('an answer repeats a token');
    tokens.add(nextToken);
  }
}

/** Removes inputs and outputs, as AWS does for `includeExecutionData: false`. */
export const withoutData = (events: readonly HistoryEvent[]): object[] =>
  events.map((event) =>
    Object.fromEntries(
      Object.entries(event).map(([name, value]) => {
        if (!name.endsWith('EventDetails')) return [name, value];
        const { input: _input, output: _output, ...rest } = Object(value);
        return [name, rest];
      }),
    ),
  );

/** Sends a call directly to the emulator, without Flowtap. */
export async function askUpstream(
  { emulator, clock }: ServiceUnderTest,
  operation: string,
  input: object,
): Promise<StatesAnswer['body']> {
  const client = new AwsClient({
    ...UPSTREAM_CREDENTIALS,
    service: 'states',
    region: 'us-west-2',
    retries: 0,
  });
  const datetime = new Date(clock.now()).toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  const request = await client.sign('http://emulator/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.0',
      'X-Amz-Target': `AWSStepFunctions.${operation}`,
    },
    body: JSON.stringify(input),
    aws: { datetime, allHeaders: true },
  });
  // Safety: answers and exceptions are objects. Tests check their members.
  return (await (await emulator.fetch(request)).json()) as Record<string, unknown>;
}

export async function scriptEvents(
  { emulator }: ServiceUnderTest,
  executionArn: string,
  events: readonly object[],
  more: object = {},
): Promise<void> {
  const body = JSON.stringify({ executionArn, events, ...more });
  const control = new Request('http://emulator/_emulator/executions', { method: 'POST', body });
  const answer = await emulator.fetch(control);
  if (!answer.ok) throw new Error(await answer.text());
}

/** Advances time until the execution is archived. */
export async function untilArchived(service: ServiceUnderTest, executionArn: string): Promise<void> {
  for (let seconds = 0; seconds < 60; seconds++) {
    const summary: object = await (await service.get(path(executionArn, '', ''))).json();
    if ('archivedAt' in summary) return;
    await service.clock.advance(1_000);
  }
  throw new Error(`${executionArn} is not archived`);
}
