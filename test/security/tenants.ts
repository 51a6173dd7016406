/**
 * A service with two tenants: an attacker with its own keys, and a victim whose executions the attacker may not read.
 * The messages of both contain unique texts, so that searching an answer for these texts finds every leak.
 */
import { randomBytes } from 'node:crypto';

import type { LogRecord } from '../../src/core/log.ts';
import {
  endedLongAgo,
  openService,
  type Parts,
  path,
  type ServiceUnderTest,
} from '../http/service-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { StreamReader } from '../support/sse-reader.ts';

const FLOW = 'urn:tdm:us-west-2/123456789012/default:Workflow:';
/** The start of the ARNs of all state machines and their executions. */
const PLACE = 'arn:aws:states:us-west-2:123456789012';
/** Flows with executions that the attacker may read. The state machine also has executions of the victim. */
export const OWN_FLOWS = { workflow: `${FLOW}SecurityFlow`, machine: `${PLACE}:stateMachine:Door` };
export const OTHER_FLOWS = {
  workflow: `${FLOW}SecurityFlowAdmin`,
  machine: `${PLACE}:stateMachine:DoorAdmin`,
};
/** The executions of `OWN_FLOWS.machine` that the attacker may read. */
export const OWN_RUNS_PATTERN = `${PLACE}:execution:Door:mine-*`;
export const OWN_PATTERN = `${FLOW}SecurityFlow_*`;
const STARTED = '2019-05-11T19:39:55.317Z';
/** Executions that the attacker may read: an archived one and a running one. */
export const OWN = { ended: `${FLOW}SecurityFlow_${STARTED}_1`, running: `${FLOW}SecurityFlow_${STARTED}_2` };
/**
 * Executions that the attacker may not read. The name of their flow begins with the name of the attacker's
 * flow.
 */
export const OTHER = {
  ended: `${FLOW}SecurityFlowAdmin_${STARTED}_1`,
  running: `${FLOW}SecurityFlowAdmin_${STARTED}_2`,
};

export const marker = (what: string): string => `${what}-${randomBytes(9).toString('hex')}`;

/** Occurs in every message of the victim, even in messages without payloads. */
export const VICTIM = marker('victim');
/** Occurs in every payload, error and cause of the attacker's executions. */
export const PAYLOAD = marker('payload');

/**
 * Returns a history whose failed step takes its error and cause from the payload, so that the summary shows them too.
 */
function historyOf(service: ServiceUnderTest, owner: string, ended: boolean) {
  const payload = (n: number) =>
    JSON.stringify({ stepId: `${PAYLOAD}-s`, error: `${PAYLOAD}-e`, cause: `${PAYLOAD}-c`, owner, n });
  const types = ['EXECUTION_STARTED', 'STEP_STARTED', 'STEP_FAILED', ...(ended ? ['EXECUTION_FAILED'] : [])];
  return types.map((eventType, n) => ({
    messageId: `${owner}-${n}`,
    eventType,
    timestamp: service.clock.now() / 1000 - 3_600 + n / 1000,
    payload: payload(n),
  }));
}

export async function openTenants(parts: Parts = {}): Promise<ServiceUnderTest> {
  const service = await openService({}, parts);
  await service.script(OWN.ended, historyOf(service, 'attacker', true));
  await service.script(OWN.running, historyOf(service, 'attacker', false));
  await service.script(OTHER.ended, historyOf(service, VICTIM, true));
  await service.script(OTHER.running, historyOf(service, VICTIM, false));
  const run = (name: string, n: number) => ({ name, startedAt: service.clock.now() - 60_000 * n });
  await service.runs(OWN_FLOWS.machine, [run('mine-1', 1), run(`${VICTIM}-1`, 2), run('mine-2', 3)]);
  await service.runs(OTHER_FLOWS.machine, [run(`${VICTIM}-2`, 1)]);
  return service;
}

/** Archives the ended executions and fills every cache, with a key that may read everything. */
export async function warm(service: ServiceUnderTest): Promise<void> {
  const ids = [...Object.values(OWN), ...Object.values(OTHER)];
  for (const id of ids) await service.get(path(id));
  await service.clock.advance(30_000);
  for (const id of ids) {
    await service.get(path(id));
    await service.get(path(id, '', ''));
    await openStream(service, path(id), await service.key()).then(({ leave }) => leave());
  }
}

/** Archives a history of about 500 KB, which is larger than any queue. */
export async function archiveLong(service: ServiceUnderTest, id: string): Promise<void> {
  const messages = endedLongAgo(service.clock, 1_000).map((message) => ({
    ...message,
    payload: 'x'.repeat(500),
  }));
  await service.script(id, messages);
  for (let tries = 0; tries < 100; tries++) {
    const response = await service.get(path(id, 'last=1'));
    if (/detail=(kv|memory)/.test(response.headers.get('Cache-Status') ?? '')) return;
    await service.clock.advance(1_000);
  }
  throw new Error(`${id} was not archived`);
}

export const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });
export const EVENTS = { Accept: 'text/event-stream' };

export async function ticketFor(
  service: ServiceUnderTest,
  key: string,
  id: string,
  body: Record<string, unknown> = {},
): Promise<string> {
  const headers = { ...bearer(key), 'Content-Type': 'application/json' };
  const init = { method: 'POST', headers, body: JSON.stringify(body) };
  const response = await service.fetch(path(id, '', '/tickets'), init);
  if (response.status !== 201) throw new Error(await response.text());
  // Safety: the answer to a created ticket has `ticket`.
  return ((await response.json()) as { ticket: string }).ticket;
}

/** Sends a request as boto3 does. */
export const awsCall = (service: ServiceUnderTest, key: string, body: unknown): Promise<Response> =>
  service.fetch('/', {
    method: 'POST',
    headers: {
      'Content-Type': 'application/x-amz-json-1.1',
      'X-Amz-Target': 'IotThingsGraphFrontEndService.ListFlowExecutionMessages',
      'X-Amz-Security-Token': key,
    },
    body: JSON.stringify(body),
  });

export interface OpenStream {
  readonly reader: StreamReader;
  readonly response: Response;
  leave(): Promise<void>;
}

/** Opens a stream and reads it in the background. The credential is the key, or a ticket in the address. */
export async function openStream(
  service: ServiceUnderTest,
  url: string,
  key?: string,
  headers: Record<string, string> = {},
): Promise<OpenStream> {
  const all = { ...EVENTS, ...(key !== undefined && bearer(key)), ...headers };
  const response = await service.fetch(url, { headers: all });
  const reader = new StreamReader(response.body);
  void reader.readAll();
  await settle();
  return { reader, response, leave: () => reader.cancel() };
}

/** Resolves with the answer, and advances the clock until it arrives. */
export async function answered(service: ServiceUnderTest, sent: Promise<Response>): Promise<Response> {
  let done = false;
  const finished = sent.finally(() => (done = true));
  // A rejection reaches the caller through the `return` below.
  finished.catch(() => undefined);
  // Ends a test that hangs.
  const givenUpAtMs = Date.now() + 120_000;
  for (let turn = 0; !done; turn++) {
    // First run all work that does not wait for the clock.
    if (turn < 20) await settle();
    else await service.clock.advance(Math.max(1, (service.clock.nextWakeAt ?? 0) - service.clock.now()));
    if (Date.now() > givenUpAtMs) throw new Error('the request was not answered within two minutes');
  }
  return finished;
}

/**
 * Returns everything that a caller gets: headers and body. Of a stream, returns only the events that arrive without
 * waiting.
 */
export async function everythingIn(response: Response): Promise<string> {
  const headers = JSON.stringify([...response.headers]);
  if (!response.headers.get('Content-Type')?.startsWith('text/event-stream')) {
    return headers + (await response.text());
  }
  const reader = response.body?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  while (reader) {
    const next = await Promise.race([reader.read(), settle().then(() => undefined)]);
    if (next === undefined || next.done) break;
    text += decoder.decode(next.value, { stream: true });
  }
  await reader?.cancel();
  return headers + text;
}

/** Returns the names, values and metadata of all stored entries. */
export async function everythingStored(service: ServiceUnderTest): Promise<string> {
  const all: unknown[] = [];
  let cursor: string | undefined;
  do {
    const listed = await service.store.list({ prefix: '', ...(cursor !== undefined && { cursor }) });
    for (const key of listed.keys) all.push(key, await service.store.get(key.name));
    cursor = listed.cursor;
  } while (cursor !== undefined);
  return JSON.stringify(all);
}

export const logText = (records: readonly LogRecord[]): string =>
  records.map((record) => JSON.stringify(record)).join('\n');
