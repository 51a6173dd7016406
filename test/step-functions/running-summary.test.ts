/** The summary of a running execution of Step Functions, with and without waiting for its end. */
import { beforeEach, expect, test } from 'vitest';

import { openService, path, type ServiceUnderTest } from '../http/service-under-test.ts';
import { settle } from '../support/manual-clock.ts';
import { arnOf } from './source-under-test.ts';

const ARN = arnOf('running');

let service: ServiceUnderTest;
/** Returns an answer that replaces the one of Step Functions, or undefined to keep that one. */
let tamper: (operation: string) => Response | undefined;

beforeEach(async () => {
  tamper = () => undefined;
  service = await openService(
    {},
    {
      upstream: async (request) =>
        tamper(request.headers.get('x-amz-target')?.split('.')[1] ?? '') ?? service.emulator.fetch(request),
    },
  );
  await script([
    { type: 'ExecutionStarted', executionStartedEventDetails: { input: '{}' } },
    { type: 'TaskStateEntered', stateEnteredEventDetails: { name: 'Work', input: '{}' } },
  ]);
});

async function script(events: readonly object[], append = false): Promise<void> {
  const request = new Request('http://emulator/_emulator/executions', {
    method: 'POST',
    body: JSON.stringify({ executionArn: ARN, events, append }),
  });
  const response = await service.emulator.fetch(request);
  if (!response.ok) throw new Error(await response.text());
}

/** Requests the summary. If the query asks to wait, advances the clock until the answer arrives. */
async function summary(query = ''): Promise<Record<string, unknown>> {
  let over = false;
  const asked = service.get(path(ARN, query, '')).finally(() => (over = true));
  while (!over) {
    await settle();
    if (!over && query !== '') await service.clock.advance(500);
  }
  // Safety: a 200 of this route is a summary.
  return (await (await asked).json()) as Record<string, unknown>;
}

const membersOf = (answer: object) => Object.keys(answer).toSorted();

test('a summary has the same members with and without a wait', async () => {
  const atOnce = await summary();
  const waited = await summary('waitTimeSeconds=5');
  expect(membersOf(waited)).toEqual(membersOf(atOnce));
  const { asOf: _atOnceAsOf, ...known } = atOnce;
  const { asOf: _waitedAsOf, ...alike } = waited;
  expect(alike).toEqual(known);
  expect(waited).toMatchObject({ status: 'RUNNING', upstreamStatus: 'RUNNING', final: false });
  expect(waited).not.toHaveProperty('messageCount');
});

test('a summary shows the end if the execution ends during the wait', async () => {
  await script([{ type: 'ExecutionSucceeded', afterMs: 3_000 }], true);
  expect(await summary('waitTimeSeconds=20')).toMatchObject({
    status: 'SUCCEEDED',
    upstreamStatus: 'SUCCEEDED',
    messageCount: 3,
  });
});

test('a summary is read from the history if the source cannot describe the execution', async () => {
  tamper = (operation) =>
    operation === 'DescribeExecution'
      ? Response.json({ __type: 'AccessDeniedException' }, { status: 400 })
      : undefined;
  const atOnce = await summary();
  expect(atOnce).toMatchObject({ status: 'RUNNING', messageCount: 2 });
  const waited = await summary('waitTimeSeconds=5');
  expect(membersOf(waited)).toEqual(membersOf(atOnce));
});

test('the summary of an execution that does not exist costs one call', async () => {
  const operations: string[] = [];
  tamper = (operation) => {
    operations.push(operation);
    return undefined;
  };
  const response = await service.get(path(arnOf('unknown'), '', ''));
  expect(response.status).toBe(404);
  expect(operations).toEqual(['DescribeExecution']);
});
