/** The emulator's scheduled executions. Also reads its lists with boto3 if Debian's python3-boto3 is installed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { createEmulator } from '../../src/emulator/server/emulator.ts';
import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { STATE_MACHINES } from '../../src/emulator/scenarios/step-functions-machines.ts';
import { hasBoto3, PYTHON } from '../support/installed.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { call, HOME, MACHINE, run } from './list-call.ts';
import { control, CREDENTIALS, START_MS } from './signed-call.ts';

describe('the schedule', () => {
  test('starts executions of each state machine; there are always running and ended ones, and a restart does not change them', async () => {
    const worlds = [1, 2].map(() => {
      const clock = new ManualClock(START_MS + 123_456_789);
      return { clock, emulator: createEmulator({ clock, credentials: CREDENTIALS, scheduled: true }) };
    });
    const lists = await Promise.all(
      worlds.map((world) =>
        Promise.all(
          STATE_MACHINES.map(({ name }) =>
            call(world, 'ListExecutions', { stateMachineArn: `${HOME}:stateMachine:${name}` }),
          ),
        ),
      ),
    );
    const executions = lists[0]?.map((list) => list.executions) ?? [];
    expect(executions.every(({ length }) => length > 10)).toBe(true);
    expect(lists[1]?.map((list) => list.executions)).toEqual(executions);
    const statuses = new Set(executions.flat().map(({ status }) => status));
    expect(statuses).toEqual(new Set(['RUNNING', 'SUCCEEDED', 'FAILED']));
  });

  test('includes the children of Nested, each of which names its parent', async () => {
    const clock = new ManualClock(START_MS + 123_456_789);
    const world = { clock, emulator: createEmulator({ clock, credentials: CREDENTIALS, scheduled: true }) };
    const listed = async (name: string) =>
      (await call(world, 'ListExecutions', { stateMachineArn: `${HOME}:stateMachine:${name}` })).executions;
    const [parent] = await listed('Nested');
    const history = async (executionArn: string | undefined) =>
      JSON.stringify(await call(world, 'GetExecutionHistory', { executionArn }));
    const text = await history(parent?.executionArn);
    for (const machine of ['LambdaCalls', 'FailingMap']) {
      const child = (await listed(machine)).find(({ executionArn }) => text.includes(executionArn));
      expect(await history(child?.executionArn)).toContain(parent?.executionArn ?? 'no parent');
    }
  });
});

describe.skipIf(!hasBoto3(PYTHON))(`boto3 (skipped when ${PYTHON} has no boto3)`, () => {
  test('pages through a list, and parses the dates and the errors', async () => {
    const server = await startEmulatorServer({ port: 0, credentials: CREDENTIALS });
    const startedAt = Date.now() - 60_000;
    const runs = Array.from({ length: 7 }, (_, index) => run(`r-${index}`, startedAt - index));
    await control(server.emulator, 'POST', '/runs', { stateMachineArn: MACHINE, runs });
    const script = fileURLToPath(new URL('list_with_boto3.py', import.meta.url));
    try {
      const { stdout } = await promisify(execFile)(
        PYTHON,
        [script, server.url, CREDENTIALS.accessKeyId, CREDENTIALS.secretAccessKey, MACHINE],
        { env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' } },
      );
      expect(JSON.parse(stdout)).toEqual({
        pages: 3,
        names: runs.map(({ name }) => name),
        firstStart: startedAt / 1000,
        machine: 'STANDARD',
        unknown: 'StateMachineDoesNotExist',
      });
    } finally {
      await server.close();
    }
  });
});
