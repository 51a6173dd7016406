/**
 * Starts stepfunctions-local, a third-party simulator of Step Functions from npm. It listens on all interfaces, needs the number of a
 * free port, and does not check signatures.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';

const SERVER = createRequire(import.meta.url).resolve('stepfunctions-local/bin/stepfunctions-local-start.js');

export interface StepFunctionsLocal {
  readonly endpoint: URL;
  /** Calls an operation. Throws if the answer is an error. */
  call(operation: string, input: object): Promise<Record<string, unknown>>;
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
    // Some operations have an empty answer.
    return JSON.parse(text === '' ? '{}' : text) as Record<string, unknown>;
  };
  try {
    await eventually(() => call('ListStateMachines', {}));
  } catch (error) {
    await stop(server);
    throw new Error('stepfunctions-local does not answer', { cause: error });
  }
  return { endpoint, call, stop: () => stop(server) };
}

async function stop(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const ended = once(server, 'exit');
  server.kill('SIGTERM');
  await ended;
}
