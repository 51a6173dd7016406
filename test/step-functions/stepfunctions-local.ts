/**
 * Starts stepfunctions-local, a third-party simulator of Step Functions from npm. It listens on all
 * interfaces, needs the number of a free port, and does not check signatures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { type World, openWorld } from '../support/on-workerd.ts';

const SERVER = createRequire(import.meta.url).resolve('stepfunctions-local/bin/stepfunctions-local-start.js');
/** The region and account of its state machines, in the form of SFN_ALLOWED. */
export const LOCAL_ACCOUNT = 'local:123456789012';
const ROLE = 'arn:aws:iam::123456789012:role/machine';

export interface StepFunctionsLocal {
  readonly endpoint: URL;
  /** Calls an operation. Throws if the answer is an error. */
  call(operation: string, input: object): Promise<Record<string, unknown>>;
  /** Returns the ARN of the new state machine. */
  createStateMachine(name: string, definition: string): Promise<string>;
  /** Returns the ARN of the new execution. */
  startExecution(stateMachineArn: string, name: string): Promise<string>;
  stop(): Promise<void>;
}

export async function startStepFunctionsLocal(): Promise<StepFunctionsLocal> {
  const port = await freePort();
  const server = spawn(process.execPath, [SERVER, '--port', String(port)], { stdio: 'ignore' });
  const endpoint = new URL(`http://127.0.0.1:${port}/`);
  const call = async (operation: string, input: object) => {
    const response = await fetch(endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-amz-json-1.0',
        'x-amz-target': `AWSStepFunctions.${operation}`,
      },
      body: JSON.stringify(input),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${operation}: ${response.status} ${text}`);
    // The answers of some operations are empty.
    return JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
  };
  try {
    await eventually(() => call('ListStateMachines', {}));
  } catch (error) {
    await stop(server);
    throw new Error('stepfunctions-local does not answer', { cause: error });
  }
  return {
    endpoint,
    call,
    async createStateMachine(name, definition) {
      const created = await call('CreateStateMachine', { name, definition, roleArn: ROLE });
      return String(created['stateMachineArn']);
    },
    async startExecution(stateMachineArn, name) {
      const started = await call('StartExecution', { stateMachineArn, name, input: '{"a":1}' });
      return String(started['executionArn']);
    },
    stop: () => stop(server),
  };
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}

/** Starts the Worker with this server as its Step Functions. */
export const openLocalWorld = (server: StepFunctionsLocal): Promise<World> =>
  openWorld({ AWS_ENDPOINT_URL_SFN: server.endpoint.href, SFN_ALLOWED: LOCAL_ACCOUNT });
