/**
 * ListExecutions and ListStateMachines answer as the upstream does, filtered by the key. Archived executions stay
 * listed after the upstream has forgotten them.
 */
import { beforeEach, describe, expect, it } from 'vitest';
import { type ServiceUnderTest, openService } from '../http/service-under-test.ts';
import { askUpstream, callStates, statesAnswer, untilArchived } from './states-call.ts';

const PLACE = 'arn:aws:states:us-west-2:123456789012';
const MACHINE = `${PLACE}:stateMachine:Orders`;
const MAP_RUN = `${PLACE}:mapRun:Orders/Items:69b151ad-a611-42f5-ac21-fe537f9868ad`;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ENDS = ['SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABORTED'] as const;

let service: ServiceUnderTest;
let key: string;
beforeEach(async () => {
  service = await openService();
  key = await service.key();
});

const runs = async (body: object): Promise<void> => {
  const request = new Request('http://emulator/_emulator/runs', {
    method: 'POST',
    body: JSON.stringify(body),
  });
  const answer = await service.emulator.fetch(request);
  if (!answer.ok) throw new Error(await answer.text());
};

/** Scripted runs. Every fifth is still running. */
const someRuns = (count: number) =>
  Array.from({ length: count }, (_, index) => {
    const startedAt = service.clock.now() - HOUR_MS - index * 60_000;
    const status = ENDS[index % 5];
    return { name: `order-${index}`, startedAt, ...(status && { status, endedAt: startedAt + 30_000 }) };
  });

type Item = Readonly<Record<string, unknown>>;

async function readAll(
  ask: (input: object) => Promise<Item>,
  result: 'executions' | 'stateMachines',
  input: object,
): Promise<{ items: Item[]; tokens: string[] }> {
  const items: Item[] = [];
  const tokens: string[] = [];
  for (let nextToken: unknown; ;) {
    const page = await ask({ ...input, ...(nextToken !== undefined && { nextToken }) });
    // Safety: both operations answer with such a member.
    items.push(...(page[result] as Item[]));
    nextToken = page['nextToken'];
    if (nextToken === undefined) return { items, tokens };
    tokens.push(String(nextToken));
    // Advancing the clock refills the budget of list calls.
    await service.clock.advance(1_000);
  }
}

/**
 * Advances time until the answer arrives. Failed calls wait for their retry, and a request can wait for the read of
 * another request.
 */
async function whileTimePasses<T>(asked: Promise<T>): Promise<T> {
  let isAnswered = false;
  void asked.finally(() => (isAnswered = true)).catch(() => undefined);
  while (!isAnswered) await service.clock.advance(100);
  return asked;
}

const through =
  (operation: string, apiKey = key) =>
  (input: object) =>
    whileTimePasses(statesAnswer(service, operation, { key: apiKey, input }));
const straight = (operation: string) => (input: object) => askUpstream(service, operation, input);

async function expectSame(
  operation: 'ListExecutions' | 'ListStateMachines',
  input: object,
  pageSizes: number[],
) {
  const result = operation === 'ListExecutions' ? 'executions' : 'stateMachines';
  const { items } = await readAll(straight(operation), result, { ...input, maxResults: 1_000 });
  for (const maxResults of pageSizes) {
    const read = await readAll(through(operation), result, { ...input, maxResults });
    expect(read.items).toEqual(items);
    expect(new Set(read.tokens).size).toBe(read.tokens.length);
    for (const token of read.tokens) expect(token.length).toBeLessThanOrEqual(1_024);
  }
  return items;
}

describe('ListExecutions', () => {
  it.each([undefined, 'RUNNING', 'PENDING_REDRIVE', ...ENDS])(
    'returns the same executions of a state machine with the status %s as the upstream, with any page size',
    async (statusFilter) => {
      await runs({ stateMachineArn: MACHINE, runs: someRuns(23) });
      const filter = statusFilter === undefined ? {} : { statusFilter };
      const items = await expectSame(
        'ListExecutions',
        { stateMachineArn: MACHINE, ...filter },
        [0, 1, 7, 1_000],
      );
      if (statusFilter === undefined) expect(items).toHaveLength(23);
    },
  );

  it('returns the same executions of a map run as the upstream, with the same filters', async () => {
    const redriven = someRuns(9).map((run, index) => {
      const at = service.clock.now() - HOUR_MS / 2;
      return index % 5 === 1 ? { ...run, redrives: [{ at, endedAt: at + 1_000, status: 'SUCCEEDED' }] } : run;
    });
    await runs({ mapRunArn: MAP_RUN, runs: redriven });
    const of = { mapRunArn: MAP_RUN };
    expect(await expectSame('ListExecutions', of, [0, 2])).toHaveLength(9);
    expect(await expectSame('ListExecutions', { ...of, redriveFilter: 'REDRIVEN' }, [0, 1])).toHaveLength(2);
    expect(await expectSame('ListExecutions', { ...of, redriveFilter: 'NOT_REDRIVEN' }, [0, 3])).toHaveLength(
      7,
    );
    await expectSame('ListExecutions', { ...of, statusFilter: 'ABORTED' }, [0]);
  });

  it('still returns archived executions after the upstream has forgotten them or is gone', async () => {
    await runs({ stateMachineArn: MACHINE, runs: someRuns(9).filter(({ status }) => status !== undefined) });
    const before = await readAll(straight('ListExecutions'), 'executions', { stateMachineArn: MACHINE });
    for (const { executionArn } of before.items) await untilArchived(service, String(executionArn));
    const expectAll = async () => {
      const { items } = await readAll(through('ListExecutions'), 'executions', {
        stateMachineArn: MACHINE,
        maxResults: 3,
      });
      expect(items).toEqual(before.items);
    };
    await expectAll();
    await service.clock.advance(91 * DAY_MS);
    const after = await readAll(straight('ListExecutions'), 'executions', { stateMachineArn: MACHINE });
    expect(after.items).toEqual([]);
    await expectAll();
    service.restart();
    service.stopUpstream();
    await expectAll();
  });

  it('returns only executions that the key may read, and refuses a list in which the key may read nothing', async () => {
    await runs({ stateMachineArn: MACHINE, runs: someRuns(12) });
    const some = await service.key({ executions: [`${PLACE}:execution:Orders:order-1*`] });
    const { items } = await readAll(through('ListExecutions', some), 'executions', {
      stateMachineArn: MACHINE,
    });
    expect(items.map(({ name }) => name)).toEqual(['order-1', 'order-10', 'order-11']);
    const calls = service.calls();
    for (const input of [{ stateMachineArn: `${PLACE}:stateMachine:Other` }, { mapRunArn: MAP_RUN }]) {
      expect(await callStates(service, 'ListExecutions', { key: some, input })).toMatchObject({
        status: 400,
        body: { __type: 'AccessDeniedException' },
      });
    }
    expect(service.calls()).toBe(calls);
  });

  it.each([
    [{}, 'ValidationException'],
    [{ stateMachineArn: MACHINE, mapRunArn: MAP_RUN }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, redriveFilter: 'REDRIVEN' }, 'ValidationException'],
    [{ mapRunArn: MAP_RUN, redriveFilter: 'SOME' }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, statusFilter: 'DONE' }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, maxResults: 1_001 }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, nextToken: 'x'.repeat(3_097) }, 'ValidationException'],
    [{ stateMachineArn: MACHINE, nextToken: 'made up' }, 'InvalidToken'],
    [{ stateMachineArn: `${MACHINE}:1` }, 'InvalidArn'],
    [{ stateMachineArn: 'urn:tdm:us-west-2/123456789012/default:Workflow:Door' }, 'InvalidArn'],
    [{ mapRunArn: MACHINE }, 'InvalidArn'],
    [{ stateMachineArn: `${PLACE}:stateMachine:Unknown` }, 'StateMachineDoesNotExist'],
    [{ stateMachineArn: `${PLACE}:stateMachine:Fast` }, 'StateMachineTypeNotSupported'],
    [{ mapRunArn: MAP_RUN }, 'ResourceNotFound'],
    [{ stateMachineArn: MACHINE.replace('us-west-2', 'eu-west-1') }, 'AccessDeniedException'],
    [{ stateMachineArn: 1 }, 'SerializationException'],
  ])('refuses %j with %s', async (input, name) => {
    await runs({ stateMachineArn: `${PLACE}:stateMachine:Fast`, type: 'EXPRESS', runs: [] });
    expect(await callStates(service, 'ListExecutions', { key, input })).toMatchObject({
      status: 400,
      body: { __type: name, message: expect.stringMatching(/./) },
    });
  });

  it('refuses an ARN that contains an API key, and neither repeats nor logs the key', async () => {
    const secret = await service.key();
    for (const input of [
      { stateMachineArn: `${PLACE}:stateMachine:${secret}` },
      { mapRunArn: `${MAP_RUN}${secret}` },
    ]) {
      const { body } = await callStates(service, 'ListExecutions', { key, input });
      expect(body).toMatchObject({ __type: 'InvalidArn', message: expect.stringContaining('an API key') });
      expect(JSON.stringify([body, service.logged])).not.toContain(secret);
    }
  });

  it('has tokens that survive a restart, and that are valid only for their list and filter', async () => {
    await runs({ stateMachineArn: MACHINE, runs: someRuns(9) });
    await runs({ stateMachineArn: `${PLACE}:stateMachine:Other`, runs: someRuns(9) });
    const ask = (input: object) => callStates(service, 'ListExecutions', { key, input });
    const { nextToken } = (await ask({ stateMachineArn: MACHINE, maxResults: 2 })).body;
    for (const input of [
      { stateMachineArn: `${PLACE}:stateMachine:Other`, nextToken },
      { stateMachineArn: MACHINE, statusFilter: 'RUNNING', nextToken },
    ]) {
      expect(await ask(input)).toMatchObject({ body: { __type: 'InvalidToken' } });
    }
    service.restart();
    const { body } = await ask({ stateMachineArn: MACHINE, maxResults: 1, nextToken });
    expect(body['executions']).toMatchObject([{ name: 'order-2' }]);
  });
});

describe('ListStateMachines', () => {
  it('returns what the upstream returns, with any page size', async () => {
    for (const name of ['Zoo', 'Bee'])
      await runs({ stateMachineArn: `${PLACE}:stateMachine:${name}`, runs: [] });
    await runs({ stateMachineArn: `${PLACE}:stateMachine:Fast`, type: 'EXPRESS', runs: [] });
    const items = await expectSame('ListStateMachines', {}, [0, 1, 2, 1_000]);
    expect(items.map(({ name }) => name)).toEqual(expect.arrayContaining(['Bee', 'Fast', 'Zoo']));
  });

  it('returns only state machines in the signed region whose executions the key may read', async () => {
    await runs({ stateMachineArn: MACHINE, runs: [] });
    const some = await service.key({ executions: [`${PLACE}:execution:Orders:*`] });
    const { stateMachines } = await statesAnswer(service, 'ListStateMachines', { key: some });
    expect(stateMachines).toMatchObject([{ stateMachineArn: MACHINE }]);
    const elsewhere = await statesAnswer(service, 'ListStateMachines', { key: some, region: 'eu-west-1' });
    expect(elsewhere).toEqual({ stateMachines: [] });
  });

  it('calls the upstream once in 20 s, however many clients call it', async () => {
    const calls = service.calls();
    for (let second = 0; second < 20; second++) {
      const asked = [1, 2, 3].map(() => statesAnswer(service, 'ListStateMachines', { key }));
      await whileTimePasses(Promise.all(asked));
      await service.clock.advance(1_000);
    }
    expect(service.calls() - calls).toBe(1);
  });

  it('fails if the upstream is down, and refuses a request without a signature or with an invalid token', async () => {
    expect(
      await callStates(service, 'ListStateMachines', { key, headers: { Authorization: '' } }),
    ).toMatchObject({ body: { __type: 'ValidationException' } });
    expect(
      await callStates(service, 'ListStateMachines', { key, input: { nextToken: 'made up' } }),
    ).toMatchObject({ body: { __type: 'InvalidToken' } });
    service.stopUpstream();
    const failing = whileTimePasses(callStates(service, 'ListStateMachines', { key }));
    expect(await failing).toMatchObject({ status: 500, body: { __type: 'InternalFailureException' } });
  });
});
