/** The emulator's Step Functions and STS. Also reads them with boto3 if Debian's python3-boto3 is installed. */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { startEmulatorServer } from '../../src/emulator/server/node-server.ts';
import { scenarioArn, scenarioEvents } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import { STATE_MACHINES } from '../../src/emulator/scenarios/step-functions-machines.ts';
import { UPSTREAM_EVENT_TYPES } from '../../src/messages/event-types.ts';
import { allMessages, arnOf, sourceUnderTest } from '../step-functions/source-under-test.ts';
import { control, CREDENTIALS, emulatorAt, signedRequest, START_MS, UUID } from './signed-call.ts';
import { PYTHON, hasBoto3 } from '../support/installed.ts';

const HOUR_MS = 3_600_000;
const SCRIPT = fileURLToPath(new URL('read_step_functions.py', import.meta.url));

describe('a state machine', () => {
  test.each(STATE_MACHINES.map(({ name }) => name))(
    '%s has events of known types, with consecutive ids, in order of time, and with an end',
    (name) => {
      const view = scenarioEvents(scenarioArn(name, START_MS, UUID))?.at(START_MS + HOUR_MS);
      const events = Array.from({ length: view?.count ?? 0 }, (_, position) => view?.message(position));
      expect(events.map((event) => event?.id)).toEqual(events.map((_, index) => index + 1));
      const known: readonly unknown[] = UPSTREAM_EVENT_TYPES;
      expect(events.filter((event) => !known.includes(event?.type))).toEqual([]);
      const times = events.map((event) => event?.timestamp ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(events.at(-1)?.type).toMatch(/^Execution(?:Succeeded|Failed)$/);
    },
  );

  test('runs in real time: it does not exist before its start, and each event appears when it happens', () => {
    const history = scenarioEvents(scenarioArn('Rounds', START_MS, UUID));
    expect(history?.at(START_MS - 1)).toBeUndefined();
    expect([0, 20, 100, 5_000, HOUR_MS].map((ms) => history?.at(START_MS + ms)?.count)).toEqual([
      1, 2, 4, 7, 362,
    ]);
  });

  test('is listed by the control API, with the ARN of an execution that starts now', async () => {
    const { emulator } = emulatorAt();
    const { stateMachines } = (await (await control(emulator, 'GET', '')).json()) as {
      stateMachines: { name: string; executionArn: string }[];
    };
    expect(stateMachines.map(({ name }) => name)).toEqual(STATE_MACHINES.map(({ name }) => name));
    for (const { executionArn } of stateMachines) {
      expect(scenarioEvents(executionArn)?.at(START_MS)?.count).toBe(1);
    }
  });
});

describe('a scripted execution', () => {
  test('has the given events, each from its own time on, and accepts more events later', async () => {
    const { source, script, clock } = sourceUnderTest();
    const arn = arnOf('scripted');
    const details = { executionFailedEventDetails: { error: 'E' } };
    await script(arn, [
      { type: 'ExecutionStarted', id: 1 },
      { type: 'ExecutionFailed', id: 2, afterMs: 1_000, ...details },
    ]);
    const payloads = async () =>
      (await allMessages(source, arn, 100)).flat().map(({ payload }) => JSON.parse(payload ?? ''));
    expect(await payloads()).toEqual([{ type: 'ExecutionStarted', id: 1, previousEventId: 0 }]);
    await clock.advance(1_000);
    const redriven = { type: 'ExecutionRedriven', executionRedrivenEventDetails: { redriveCount: 1 } };
    const response = await control(sourceless(), 'POST', '/executions', { executionArn: arn, events: [{}] });
    expect(response.status).toBe(400);
    await script(arn, [{ ...redriven, id: 3 }], { append: true });
    expect(await payloads()).toMatchObject([
      { id: 1 },
      { type: 'ExecutionFailed', id: 2, error: 'E' },
      { type: 'ExecutionRedriven', id: 3, redriveCount: 1 },
    ]);
  });

  const sourceless = () => emulatorAt().emulator;

  test('numbers events without ids consecutively, even across appends', async () => {
    const { emulator, clock } = emulatorAt();
    const executionArn = arnOf('counted');
    const events = [{ type: 'ExecutionStarted' }, { type: 'PassStateEntered' }];
    await control(emulator, 'POST', '/executions', { executionArn, events });
    const answer = await control(emulator, 'POST', '/executions', { executionArn, events, append: true });
    expect(await answer.json()).toEqual({ executionArn, events: 4 });
    const request = await signedRequest(
      { executionArn },
      {
        nowMs: clock.now(),
        service: 'states',
        headers: {
          'content-type': 'application/x-amz-json-1.0',
          'x-amz-target': 'AWSStepFunctions.GetExecutionHistory',
        },
      },
    );
    const history = await (await emulator.fetch(request)).json();
    expect(history).toMatchObject({ events: [1, 2, 3, 4].map((id) => ({ id, previousEventId: id - 1 })) });
  });
});

describe.skipIf(!hasBoto3(PYTHON))(`boto3 (skipped when ${PYTHON} has no boto3)`, () => {
  test('assumes a role, reads a history with it in both directions, and gets errors for invalid input', async () => {
    const roleArn = 'arn:aws:iam::123456789012:role/reader';
    const roles = { [roleArn]: { externalId: 'partner-1' } };
    const server = await startEmulatorServer({ port: 0, credentials: CREDENTIALS, roles });
    const startMs = Date.now() - HOUR_MS;
    const arn = scenarioArn('FailingMap', startMs, UUID);
    try {
      const { accessKeyId, secretAccessKey } = CREDENTIALS;
      const { stdout } = await promisify(execFile)(
        PYTHON,
        [SCRIPT, server.url, accessKeyId, secretAccessKey, roleArn, arn],
        { env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true' } },
      );
      const view = scenarioEvents(arn)?.at(Date.now());
      const ids = Array.from({ length: 33 }, (_, index) => index + 1);
      expect(JSON.parse(stdout)).toEqual({
        history: { pages: 7, events: ids.map((id) => view?.message(id - 1)) },
        reversed: ids.toReversed(),
        withoutData: false,
        described: {
          status: 'FAILED',
          name: arn.slice(arn.lastIndexOf(':') + 1),
          executionArn: arn,
        },
        unknown: { error: 'ExecutionDoesNotExist', status: 400 },
        express: { error: 'InvalidArn', status: 400 },
        badToken: { error: 'InvalidToken', status: 400 },
        otherRole: { error: 'AccessDenied', status: 403 },
        otherId: { error: 'AccessDenied', status: 403 },
        wrongSecret: { error: 'SignatureDoesNotMatch', status: 403 },
      });
    } finally {
      await server.close();
    }
  });
});
