/** Calls the list operations of an emulator in this process, and creates executions for it to list. */
import { expect } from 'vitest';
import type { Emulator } from '../../src/emulator/server/emulator.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { control, emulatorAt, signedRequest } from './signed-call.ts';

export const HOME = 'arn:aws:states:us-west-2:123456789012';
export const MACHINE = `${HOME}:stateMachine:Order`;
export const MAP_RUN = `${HOME}:mapRun:Order/Lines:4f2a`;

export interface Item {
  readonly executionArn: string;
  readonly name: string;
  readonly status: string;
  readonly startDate: number;
  readonly stopDate?: number;
  readonly mapRunArn?: string;
}
export interface Answer {
  readonly executions: readonly Item[];
  readonly stateMachines: readonly { readonly name: string; readonly type: string }[];
  readonly nextToken?: string;
  readonly __type?: string;
  readonly message?: string;
}

export async function call(
  { emulator, clock }: { emulator: Emulator; clock: ManualClock },
  operation: string,
  input: object,
  region = 'us-west-2',
): Promise<Answer> {
  const headers = {
    'content-type': 'application/x-amz-json-1.0',
    'x-amz-target': `AWSStepFunctions.${operation}`,
  };
  const as = { nowMs: clock.now(), service: 'states', headers, region };
  const response = await emulator.fetch(await signedRequest(input, as));
  return { executions: [], stateMachines: [], ...JSON.parse(await response.text()) };
}

export async function withRuns(runs: readonly object[], of: object = { stateMachineArn: MACHINE }) {
  const world = emulatorAt();
  const answer = await control(world.emulator, 'POST', '/runs', { ...of, runs });
  expect(await answer.json()).toMatchObject({ ...of, runs: runs.length });
  const list = (input: object = {}) => call(world, 'ListExecutions', { stateMachineArn: MACHINE, ...input });
  return { ...world, list };
}

export const run = (name: string, startedAt: number, more: object = {}) => ({ name, startedAt, ...more });
