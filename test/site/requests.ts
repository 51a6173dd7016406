/**
 * Makes requests for the operations of the OpenAPI document: path, method, and a credential that the operation accepts.
 */
import { ADMIN_TOKEN } from '../http/service-under-test.ts';
import { type Operation, operations } from './document.ts';

const TARGET = 'IotThingsGraphFrontEndService.ListFlowExecutionMessages';

/** A state machine in an account that the service may read. */
export const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:Door';

const named = (id: string): Operation => {
  const operation = operations.find((each) => each.id === id);
  if (!operation) throw new Error(`${id} is not an operation`);
  return operation;
};

export interface Asked {
  /** The id of an execution or a key, for the path. */
  readonly about?: string;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly method?: string;
  /** Replaces the valid credential. With null, the request has no credential. */
  readonly credential?: string | null;
}

/** A valid body for each operation that has one. */
export const OWN_BODIES: Readonly<Record<string, unknown>> = {
  createKey: { name: 'made', executions: ['*'], payloads: 'full' },
  changeKey: { payloads: 'none' },
  rotateKey: {},
  createTicket: {},
  importHistory: {
    messages: [{ messageId: '0', eventType: 'EXECUTION_SUCCEEDED', timestamp: 1_700_000_000 }],
  },
};

/** Required query parameters, by operation. */
const OWN_QUERIES: Readonly<Record<string, string>> = { listExecutions: `flow=${MACHINE}` };

/** Makes a request for the operation. It is valid unless `asked` changes it. */
export function requestOf(id: string, key: string, asked: Asked = {}): [path: string, init: RequestInit] {
  const { path, method, value } = named(id);
  const { about = 'flow', query = OWN_QUERIES[id] ?? '', headers = {}, body = OWN_BODIES[id] } = asked;
  const security = JSON.stringify(value['security']);
  const isAws = security.includes('awsSessionToken');
  const credential =
    asked.credential === undefined ? (security.includes('adminToken') ? ADMIN_TOKEN : key) : asked.credential;
  const whole =
    asked.method !== undefined ? undefined : isAws && body === undefined ? { flowExecutionId: about } : body;
  return [
    `${path.replaceAll(/\{\w+\}/g, encodeURIComponent(about))}${query && `?${query}`}`,
    {
      method: asked.method ?? method,
      headers: {
        ...(isAws && { 'X-Amz-Target': TARGET }),
        ...(credential !== null &&
          (isAws ? { 'X-Amz-Security-Token': credential } : { Authorization: `Bearer ${credential}` })),
        ...(whole !== undefined && !isAws && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(whole instanceof ReadableStream
        ? { body: whole, duplex: 'half' }
        : whole !== undefined && { body: typeof whole === 'string' ? whole : JSON.stringify(whole) }),
    },
  ];
}
