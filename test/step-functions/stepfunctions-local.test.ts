/** The source reads from stepfunctions-local, a simulator that shares no code with our emulator. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ExecutionIndex } from '../../src/archive/execution-index.ts';
import { orderKey } from '../../src/archive/order-key.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import { parseFlowRef } from '../../src/core/flow-ref.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createMemoryExecutionStorage } from '../../src/executions/execution-storage.ts';
import { FlowList } from '../../src/lists/flow-list.ts';
import type { ListItem } from '../../src/lists/lists.ts';
import { createListMemory } from '../../src/lists/upstream-list.ts';
import { isIsoTimestamp } from '../support/iso-timestamp.ts';
import { staticCredentials } from '../../src/sources/aws/aws-credentials.ts';
import type { ListingSource } from '../../src/sources/listing-source.ts';
import type { Source } from '../../src/sources/source.ts';
import { createStepFunctionsClient } from '../../src/sources/step-functions/step-functions-client.ts';
import { createStepFunctionsListing } from '../../src/sources/step-functions/step-functions-listing.ts';
import { createStepFunctionsSource } from '../../src/sources/step-functions/step-functions.ts';
import { parseAllowedAccounts } from '../../src/sources/step-functions/allowed-accounts.ts';
import { eventually } from '../support/eventually.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { testLog } from '../support/secret-search.ts';
import { allMessages, KEYS } from './source-under-test.ts';
import { LOCAL_ACCOUNT, startStepFunctionsLocal, type StepFunctionsLocal } from './stepfunctions-local.ts';
import { nextRandom } from '../support/seeded-random.ts';
import { READ } from '../support/call-options.ts';

const definition = JSON.stringify({
  StartAt: 'Begin',
  States: {
    Begin: { Type: 'Pass', Result: { order: 4711 }, Next: 'Both' },
    Both: {
      Type: 'Parallel',
      Next: 'Choose',
      Branches: ['Left', 'Right'].map((name) => ({
        StartAt: name,
        States: { [name]: { Type: 'Pass', End: true } },
      })),
    },
    Choose: {
      Type: 'Choice',
      Choices: [{ Variable: '$[0].order', NumericEquals: 4711, Next: 'Pause' }],
      Default: 'Pause',
    },
    Pause: { Type: 'Wait', Seconds: 1, Next: 'Done' },
    Done: { Type: 'Succeed' },
  },
});

describe('the source on stepfunctions-local', () => {
  let server: StepFunctionsLocal;
  let source: Source;
  let listing: ListingSource;
  let executionArn: string;

  beforeAll(async () => {
    server = await startStepFunctionsLocal();
    const client = createStepFunctionsClient({
      allowed: parseAllowedAccounts(LOCAL_ACCOUNT) ?? new Set(),
      endpoint: server.endpoint,
      credentialsFor: () => staticCredentials(KEYS),
      fetch,
      clock: systemClock,
      random: nextRandom,
      log: testLog(),
    });
    source = createStepFunctionsSource(client);
    listing = createStepFunctionsListing(client);
    const stateMachineArn = await server.createStateMachine('machine', definition);
    executionArn = await server.startExecution(stateMachineArn, 'run-1');
  });

  afterAll(() => server.stop());

  test('reads an execution while it runs, and page by page when it has ended', async () => {
    const atFirst = (await allMessages(source, executionArn, 4)).flat();
    const pages = await eventually(async () => {
      const read = await allMessages(source, executionArn, 4);
      expect(read.flat().at(-1)?.eventType).toBe('EXECUTION_SUCCEEDED');
      return read;
    });
    const messages = pages.flat();
    expect(messages.slice(0, atFirst.length)).toEqual(atFirst);
    expect(pages.length).toBeGreaterThan(2);
    expect(messages.map(({ messageId }) => messageId)).toEqual(messages.map((_, index) => String(index + 1)));
    expect(messages.every(({ timestamp }) => isIsoTimestamp(timestamp ?? ''))).toBe(true);
    expect(await allMessages(source, executionArn, 100)).toEqual([messages]);

    const types = messages.map(({ payload, eventType }) => `${JSON.parse(payload ?? '').type} ${eventType}`);
    expect(types).toEqual(
      expect.arrayContaining([
        'ExecutionStarted EXECUTION_STARTED',
        'ParallelStateStarted SCHEDULE_NEXT_READY_STEPS_TASK',
        'ChoiceStateEntered STEP_STARTED',
        'WaitStateExited STEP_SUCCEEDED',
        'SucceedStateEntered STEP_STARTED',
        'ExecutionSucceeded EXECUTION_SUCCEEDED',
      ]),
    );
    const { events } = await server.call('GetExecutionHistory', { executionArn });
    expect(events).toHaveLength(messages.length);
    expect(await source.describe?.(parseExecutionRef(executionArn), READ)).toMatchObject({
      ok: true,
      value: { upstreamStatus: 'SUCCEEDED', status: 'SUCCEEDED' },
    });
  });

  test('reports an unknown execution', async () => {
    const unknown = executionArn.replace('run-1', 'run-2');
    expect(await source.page(parseExecutionRef(unknown), undefined, 100, READ)).toMatchObject({
      failure: { type: 'upstream-not-found' },
    });
  });

  test('lists state machines, and the executions of one in pages', async () => {
    const [place] = listing.places;
    const flow = parseFlowRef('arn:aws:states:local:123456789012:stateMachine:listed');
    if (!place || !flow) return expect.unreachable();
    const stateMachineArn = await server.createStateMachine('listed', definition);
    expect(stateMachineArn).toBe(flow.flow);
    const flows = await listing.listFlows(place, undefined, READ);
    expect(flows).toMatchObject({
      ok: true,
      value: {
        flows: expect.arrayContaining([expect.objectContaining({ flow: flow.flow, name: 'listed' })]),
      },
    });
    expect(flows).not.toHaveProperty('value.nextToken');

    expect(await listing.listExecutions({ of: { flow }, limit: 2 }, READ)).toEqual({
      ok: true,
      value: { executions: [] },
    });
    for (const name of ['a', 'b', 'c']) await server.startExecution(stateMachineArn, name);
    const first = await listing.listExecutions({ of: { flow }, limit: 2 }, READ);
    if (!first.ok || first.value.nextToken === undefined) return expect.unreachable();
    const token = first.value.nextToken;
    const second = await listing.listExecutions({ of: { flow }, limit: 2, token }, READ);
    if (!second.ok) return expect.unreachable();
    const all = [...first.value.executions, ...second.value.executions];
    expect(all.every(({ status, startedAt }) => status === 'RUNNING' && isIsoTimestamp(startedAt))).toBe(
      true,
    );
    // The simulator lists the oldest first, unlike AWS.
    expect(all.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
    expect(second.value.nextToken).toBeUndefined();

    const unknown = parseFlowRef(`${flow.flow}x`);
    if (!unknown) return expect.unreachable();
    expect(await listing.listExecutions({ of: { flow: unknown }, limit: 2 }, READ)).toMatchObject({
      failure: { type: 'upstream-not-found', awsCode: 'StateMachineDoesNotExist' },
    });
    expect(await listing.listExecutions({ of: { flow }, limit: 2, token: 'wrong' }, READ)).toMatchObject({
      failure: { type: 'upstream-invalid-token' },
    });
  });

  test('provides lists of executions that are sorted by start time across all pages, newest first', async () => {
    const flow = parseFlowRef('arn:aws:states:local:123456789012:stateMachine:merged');
    if (!flow) return expect.unreachable();
    const stateMachineArn = await server.createStateMachine(flow.name, definition);
    const names = Array.from({ length: 25 }, (_, index) => `run-${index}`);
    for (const name of names) await server.startExecution(stateMachineArn, name);
    const store = createMemoryStore({ clock: systemClock });
    const list = new FlowList({
      of: { flow },
      source: { ...listing, pageSizeMax: 10 },
      index: Object.assign(new ExecutionIndex({ store, clock: systemClock }), {
        isComplete: async () => true,
      }),
      storage: createMemoryExecutionStorage(),
      memory: createListMemory(),
      clock: systemClock,
      log: testLog(),
    });
    const items: ListItem[] = [];
    for (let after: string | undefined; ;) {
      const page = await list.page({
        of: { flow },
        patterns: ['*:run-1*', '*:run-2*'],
        maxResults: 4,
        tenant: 'key/a',
        ...(after !== undefined && { after }),
      });
      if (!page.ok) return expect.unreachable();
      items.push(...page.value.executions);
      after = page.value.next;
      if (after === undefined) break;
    }
    const keys = items.map(({ startedAt, flowExecutionId }) => orderKey(startedAt, flowExecutionId));
    expect(keys).toEqual(keys.toSorted((a, b) => (a < b ? -1 : 1)));
    expect(new Set(items.map(({ name }) => name))).toEqual(
      new Set(names.filter((name) => /^run-[12]/.test(name))),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});
