/** Calls an emulator in this process. aws4fetch signs the calls; it shares no code with the emulator's verifier. */
import { AwsClient } from 'aws4fetch';
import { createEmulator, type Emulator } from '../../src/emulator/server/emulator.ts';
import type { WireMessage } from '../../src/emulator/history.ts';
import type { Credentials } from '../../src/emulator/signature.ts';
import { ManualClock } from '../support/manual-clock.ts';

export const CREDENTIALS: Credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'SECRET' };
export const UUID = '69b151ad-a611-42f5-ac21-fe537f9868ad';
export const START_MS = Date.UTC(2026, 0, 1);
export const ORIGIN = 'http://127.0.0.1:8788';

export function emulatorAt(startMs: number = START_MS): { emulator: Emulator; clock: ManualClock } {
  const clock = new ManualClock(startMs);
  return { emulator: createEmulator({ clock, credentials: CREDENTIALS }), clock };
}

export interface SignedAs {
  readonly nowMs: number;
  readonly credentials?: Credentials;
  readonly region?: string;
  readonly service?: string;
  readonly headers?: Record<string, string>;
  readonly origin?: string;
  readonly signal?: AbortSignal;
}

/** A signed ListFlowExecutionMessages request. If `body` is text, it is sent unchanged. */
export function signedRequest(body: object | string, as: SignedAs): Promise<Request> {
  const { credentials = CREDENTIALS, region = 'us-west-2', service = 'iotthingsgraph', signal } = as;
  const datetime = new Date(as.nowMs)
    .toISOString()
    .replace(/\.\d{3}/, '')
    .replaceAll(/[-:]/g, '');
  return new AwsClient({ ...credentials, region, service, retries: 0 }).sign(`${as.origin ?? ORIGIN}/`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.1',
      'x-amz-target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
      ...as.headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    aws: { datetime, allHeaders: true },
    ...(signal === undefined ? {} : { signal }),
  });
}

export interface Answer {
  readonly status: number;
  readonly messages: readonly WireMessage[];
  readonly nextToken?: string;
  /** The name of the error, if the call failed. */
  readonly __type?: string;
  readonly message?: string;
}

export interface Input {
  readonly flowExecutionId: string;
  readonly maxResults?: number;
  readonly nextToken?: string | undefined;
}

/** Requests a page. Resolves with the page or the error. */
export async function list(emulator: Emulator, clock: ManualClock, input: Input): Promise<Answer> {
  const response = await emulator.fetch(await signedRequest(input, { nowMs: clock.now() }));
  return { status: response.status, messages: [], ...JSON.parse(await response.text()) };
}

/** Reads all messages page by page, as a client does. */
export async function listAll(emulator: Emulator, clock: ManualClock, input: Input): Promise<WireMessage[]> {
  const messages: WireMessage[] = [];
  let nextToken: string | undefined;
  do {
    const page = await list(emulator, clock, { ...input, nextToken });
    if (page.status !== 200) throw new Error(`a page failed: ${JSON.stringify(page)}`);
    messages.push(...page.messages);
    nextToken = page.nextToken;
  } while (nextToken !== undefined);
  return messages;
}

export async function control(
  emulator: Emulator,
  method: string,
  path: string,
  body?: object | string,
): Promise<Response> {
  return emulator.fetch(
    new Request(`${ORIGIN}/_emulator${path}`, {
      method,
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    }),
  );
}
