/**
 * The text that `npm start` prints when Flowtap is ready: an API key, links to the viewer, and commands to
 * copy. No I/O.
 */
import { randomUUID } from 'node:crypto';
import { watchLink } from '../core/watch-link.ts';
import { scenarioId } from '../emulator/scenarios/catalog.ts';
import { scenarioArn } from '../emulator/scenarios/step-functions-catalog.ts';
import type { StartOptions } from './start-options.ts';

/** How long ago a settled example started: long enough to have ended and settled. */
const SETTLED_AGO_MS = 60 * 60_000;

export interface Example {
  readonly id: string;
  readonly about: string;
}

/**
 * Executions of the emulator to try. The id determines scenario and start. The first has settled, the second
 * is running.
 */
const exampleExecutions = (nowMs: number): readonly [Example, Example, ...Example[]] => [
  {
    id: scenarioId('CloudFlow', nowMs - SETTLED_AGO_MS, 'SqsMessage', randomUUID()),
    about: 'settled: 36 messages, succeeded',
  },
  {
    id: scenarioId('SecurityFlow', nowMs, 'MotionSensor', randomUUID()),
    about: 'running: succeeds a minute after this start',
  },
  {
    id: scenarioId('FailingFlow', nowMs - SETTLED_AGO_MS, 'Door', randomUUID()),
    about: 'settled: failed in its last step',
  },
  {
    id: scenarioArn('Rounds', nowMs, randomUUID()),
    about: 'running, of Step Functions: succeeds five minutes after this start',
  },
  {
    id: scenarioId('EndlessFlow', nowMs, 'Patrol', randomUUID()),
    about: 'running: a message every 2 s, no end',
  },
];

/** The executions that the printed links to the viewer show. */
const viewedExecutions = (nowMs: number): readonly Example[] => [
  {
    id: scenarioArn('BulkOrder', nowMs, randomUUID()),
    about: 'Running: a bulk order, which takes five minutes',
  },
  {
    id: scenarioId('FailingFlow', nowMs - SETTLED_AGO_MS, 'Door', randomUUID()),
    about: 'Failed: a door that does not open',
  },
  {
    id: scenarioArn('OrderFulfilment', nowMs - SETTLED_AGO_MS, randomUUID()),
    about: 'Parallel branches, retries and a map: an order that was fulfilled',
  },
];

/**
 * The flow in the printed examples of lists. The emulator always has a running execution of this flow, and
 * several that have ended.
 */
const LISTED_FLOW = 'arn:aws:states:us-west-2:123456789012:stateMachine:Rounds';

export interface Welcome {
  readonly url: URL;
  readonly apiKey: string;
  readonly options: StartOptions;
  /** The emulator's address; absent if the upstream is not the emulator. */
  readonly emulatorUrl?: string;
  /** Makes a ticket for an execution. */
  readonly ticketFor: (executionId: string) => string;
  readonly nowMs: number;
}

export function welcome({ url, apiKey, options, emulatorUrl, ticketFor, nowMs }: Welcome): string {
  const examples = emulatorUrl === undefined ? [] : exampleExecutions(nowMs);
  const id = examples[0]?.id ?? 'EXECUTION_ID';
  const runningId = examples[1]?.id ?? 'EXECUTION_ID';
  const arn = examples.find((example) => example.id.startsWith('arn:'))?.id ?? 'EXECUTION_ARN';
  const flow = emulatorUrl === undefined ? 'FLOW' : LISTED_FLOW;
  // Behind a proxy, people use the proxy's address.
  const base = options.publicUrl ?? url.origin;
  const viewed = emulatorUrl === undefined ? [] : viewedExecutions(nowMs);
  const lines = [
    `Flowtap answers at ${url.origin}`,
    '',
    '  API key, which reads everything:',
    `    ${apiKey}`,
    '',
    ...(viewed.length > 0 ? ['  In a browser, without a key, for an hour:'] : []),
    ...viewed.flatMap(({ id, about }) => [
      `    ${about}`,
      `      ${watchLink(base, { execution: id, ticket: ticketFor(id) })}`,
    ]),
    ...(viewed.length > 0 ? [''] : []),
    '  All executions in a browser (asks for the key):',
    `    ${watchLink(base, {})}`,
    '',
    examples.length > 0
      ? '  A page of messages:'
      : '  A page of messages (replace EXECUTION_ID by the id of one of your executions):',
    `    curl -H 'Authorization: Bearer ${apiKey}' '${base}/v1/executions/${id}/messages'`,
    '',
    examples.length > 0
      ? '  Follow the messages of a running execution:'
      : '  Follow the messages of an execution:',
    `    curl -N -H 'Authorization: Bearer ${apiKey}' -H 'Accept: text/event-stream' \\`,
    `      '${base}/v1/executions/${runningId}/messages'`,
    '',
    examples.length > 0
      ? '  The events of a Step Functions execution, with the AWS CLI:'
      : '  With the AWS CLI (replace EXECUTION_ARN by that of one of your executions of Step Functions):',
    `    AWS_ACCESS_KEY_ID=flowtap AWS_SECRET_ACCESS_KEY=unused AWS_SESSION_TOKEN=${apiKey} \\`,
    `      aws stepfunctions get-execution-history --region ${arn.split(':')[3] ?? options.region} \\`,
    `      --endpoint-url ${base} --execution-arn ${arn}`,
    '',
    emulatorUrl === undefined
      ? '  The executions of a flow, as JSON and as a table (replace FLOW by the ARN of one of your state machines):'
      : '  The executions of a flow, as JSON and as a table:',
    `    curl -H 'Authorization: Bearer ${apiKey}' '${base}/v1/executions?flow=${flow}'`,
    `    FLOWTAP_URL=${base} FLOWTAP_API_KEY=${apiKey} npx node src/cli/main.ts list ${flow.replace(/.*:/, '')}`,
    '',
    ...(examples.length > 0 ? ['  Executions to try:'] : []),
    ...examples.flatMap((example) => [`    ${example.id}`, `      ${example.about}`]),
    ...(examples.length > 0 ? [''] : []),
    ...(options.adminTokenMade === undefined
      ? []
      : [`  Admin token, valid for this run: ${options.adminTokenMade}`]),
    `  Upstream: ${upstreamLine(options, emulatorUrl)}`,
    `  Docs: ${base}/docs; in this repository README.md and docs/`,
    '',
    'The log follows, with one line per request. Press Ctrl-C to stop.',
    '',
  ];
  return lines.join('\n');
}

function upstreamLine(options: StartOptions, emulatorUrl: string | undefined): string {
  if (emulatorUrl === undefined) return upstreamNotice(options);
  const { region, accessKeyId, secretAccessKey } = options;
  return `the emulator, ${emulatorUrl} (region ${region}, key id ${accessKeyId}, secret ${secretAccessKey})`;
}

/**
 * Names the server that will receive real credentials. Printed before the first call. The key id is not a
 * secret.
 */
export const upstreamNotice = ({ upstream, region, accessKeyId }: StartOptions): string =>
  `${upstream.type === 'endpoint' ? upstream.endpoint : 'AWS'}, region ${region}, key id ${accessKeyId}`;
