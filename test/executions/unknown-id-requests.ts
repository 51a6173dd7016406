/**
 * Requests for an execution or flow that does not exist, one for each route and variant that takes its id.
 */
import { ADMIN_TOKEN } from '../support/secret-patterns.ts';

const EVENTS = { accept: 'text/event-stream' };

/** A request and the status that it must get. */
export type Asked = readonly [status: number, path: string, init: RequestInit];

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** A call in AWS's protocol, as its SDKs send it. Flowtap answers its failures with 400. */
const call = (apiKey: string, target: string, input: object): Asked => [
  400,
  '/',
  {
    method: 'POST',
    headers: {
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': target,
      'x-amz-security-token': apiKey,
    },
    body: JSON.stringify(input),
  },
];

/** Requests on every route that takes an execution id. */
export function requestsForId(id: string, apiKey: string): Asked[] {
  const path = `/v1/executions/${encodeURIComponent(id)}`;
  const adminPath = `/v1/admin/executions/${encodeURIComponent(id)}`;
  const [reader, admin] = [bearer(apiKey), bearer(ADMIN_TOKEN)];
  const stream = { headers: { ...reader, ...EVENTS } };
  const get = { headers: reader };
  const importOf = (body: string, headers: Record<string, string> = {}): Asked => [
    400,
    `${adminPath}/messages`,
    { method: 'PUT', body, headers: { ...admin, ...headers } },
  ];
  const line = JSON.stringify({ messageId: 'm0', eventType: 'STEP_STARTED' });
  return [
    [404, `${path}/messages`, get],
    [404, `${path}/messages`, { ...get, method: 'HEAD' }],
    [404, `${path}/messages?last=5`, get],
    [404, `${path}/messages?maxResults=1&eventTypes=STEP_STARTED`, get],
    [404, `${path}/messages?step=a`, get],
    [404, `${path}/messages?waitTimeSeconds=5`, get],
    [404, `${path}/messages`, stream],
    [404, `${path}/messages?from=now`, stream],
    [404, `${path}/messages`, { headers: { ...stream.headers, 'last-event-id': 'made-up' } }],
    [404, path, get],
    [404, path, { ...get, method: 'HEAD' }],
    [404, `${path}?waitTimeSeconds=2`, get],
    [404, `${path}/children`, get],
    [404, `${path}/children?maxResults=1`, get],
    call(apiKey, 'IotThingsGraphFrontEndService.ListFlowExecutionMessages', { flowExecutionId: id }),
    call(apiKey, 'AWSStepFunctions.GetExecutionHistory', { executionArn: id }),
    call(apiKey, 'AWSStepFunctions.GetExecutionHistory', { executionArn: id, reverseOrder: true }),
    call(apiKey, 'AWSStepFunctions.DescribeExecution', { executionArn: id }),
    [404, `/watch?execution=${encodeURIComponent(id)}`, {}],
    [200, adminPath, { headers: admin }],
    [404, adminPath, { headers: admin, method: 'DELETE' }],
    importOf(' '),
    importOf('not JSON'),
    // Messages of a running execution, which cannot be imported.
    importOf(line),
    importOf(`${line}\n{"messageId":`),
    [415, `${adminPath}/messages`, importOf(line, { 'content-encoding': 'gzip' })[2]],
  ];
}

/** True if the request waits up to 5 s for an execution that might be about to start. */
export const isLong = ([, url, init]: Asked): boolean =>
  url.includes('waitTimeSeconds') || new Headers(init.headers).has('accept');

/** Requests on every route that takes a flow. */
export function requestsForFlow(flow: string, apiKey: string): Asked[] {
  const get = { headers: bearer(apiKey) };
  return [
    [404, `/v1/executions?flow=${flow}`, get],
    [404, `/v1/executions?flow=${flow}&status=RUNNING&namePrefix=a`, get],
    [404, `/v1/executions?flow=${flow}`, { headers: { ...get.headers, ...EVENTS } }],
    call(apiKey, 'AWSStepFunctions.ListExecutions', { stateMachineArn: flow }),
  ];
}
