import { describe, expect, it } from 'vitest';
import { SCRIPTED_MESSAGES_MAX } from '../../src/emulator/scripted-histories.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { control, emulatorAt, list, listAll, signedRequest, START_MS, UUID } from './signed-call.ts';

const message = (messageId: string, more: object = {}) => ({ messageId, eventType: 'STEP_STARTED', ...more });

/** Sends an invalid body. Returns the error text for each member that was refused. */
async function problems(path: string, body: object | string): Promise<Record<string, string>> {
  const response = await control(emulatorAt().emulator, 'POST', path, body);
  expect(response.status).toBe(400);
  const { errors }: { errors: { member: string; detail: string }[] } = JSON.parse(await response.text());
  return Object.fromEntries(errors.map(({ member, detail }) => [member, detail]));
}

describe('POST /_emulator/executions', () => {
  it('creates an execution whose messages appear at their times', async () => {
    const { emulator, clock } = emulatorAt();
    const answer = await control(emulator, 'POST', '/executions', {
      flowExecutionId: 'mine',
      messages: [
        message('a', { payload: '' }),
        message('b', { afterMs: 1_000, payload: 'prose' }),
        message('c', { visibleAt: START_MS + 2_000, timestamp: 1559247540.656 }),
        message('d', { visibleAt: '2026-01-01T00:00:03.500Z', timestamp: '2026-01-01T00:00:03.250Z' }),
      ],
    });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toEqual({ flowExecutionId: 'mine', messages: 4 });

    const ids = async () =>
      (await list(emulator, clock, { flowExecutionId: 'mine' })).messages.map((m) => m.messageId);
    expect(await ids()).toEqual(['a']);
    await clock.advance(999);
    expect(await ids()).toEqual(['a']);
    await clock.advance(1);
    expect(await ids()).toEqual(['a', 'b']);
    await clock.advance(1_000);
    expect(await ids()).toEqual(['a', 'b', 'c']);
    await clock.advance(1_500);
    expect((await list(emulator, clock, { flowExecutionId: 'mine' })).messages).toEqual([
      message('a', { payload: '', timestamp: START_MS / 1000 }),
      message('b', { payload: 'prose', timestamp: START_MS / 1000 + 1 }),
      message('c', { timestamp: 1559247540.656 }),
      message('d', { timestamp: START_MS / 1000 + 3.25 }),
    ]);
  });

  it('sends exactly the given members, including unknown event types and messages without members', async () => {
    const { emulator, clock } = emulatorAt();
    const messages = [
      { timestamp: null },
      { timestamp: null, eventType: 'FROM_THE_FUTURE', payload: '\u2028"\n' },
    ];
    await control(emulator, 'POST', '/executions', { flowExecutionId: 'mine', messages });
    expect((await list(emulator, clock, { flowExecutionId: 'mine' })).messages).toEqual([
      {},
      { eventType: 'FROM_THE_FUTURE', payload: '\u2028"\n' },
    ]);
  });

  it('replaces the messages of an execution, or appends to them', async () => {
    const { emulator, clock } = emulatorAt();
    const post = (body: object) =>
      control(emulator, 'POST', '/executions', { flowExecutionId: 'mine', ...body });
    const ids = async () =>
      (await listAll(emulator, clock, { flowExecutionId: 'mine' })).map(({ messageId }) => messageId);
    await post({ append: true, messages: [message('a')] });
    await post({ append: true, messages: [message('b'), message('c')] });
    expect(await ids()).toEqual(['a', 'b', 'c']);
    await post({ messages: [message('x')] });
    expect(await ids()).toEqual(['x']);
    await post({ messages: [] });
    expect(await ids()).toEqual([]);
  });

  it('can insert a message late, and can hide an execution until a given time', async () => {
    const { emulator, clock } = emulatorAt();
    await control(emulator, 'POST', '/executions', {
      flowExecutionId: 'late',
      afterMs: 500,
      messages: [message('a'), message('b', { afterMs: 2_000 }), message('c', { afterMs: 1_000 })],
    });
    const input = { flowExecutionId: 'late' };
    expect(await list(emulator, clock, input)).toMatchObject({ __type: 'ResourceNotFoundException' });
    await clock.advance(1_000);
    expect((await list(emulator, clock, input)).messages.map((m) => m.messageId)).toEqual(['a', 'c']);
    await clock.advance(1_000);
    expect((await list(emulator, clock, input)).messages.map((m) => m.messageId)).toEqual(['a', 'b', 'c']);
  });

  it('overrides the scenario with the same id', async () => {
    const { emulator, clock } = emulatorAt();
    const flowExecutionId = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);
    await control(emulator, 'POST', '/executions', { flowExecutionId, messages: [message('mine')] });
    expect((await list(emulator, clock, { flowExecutionId })).messages).toHaveLength(1);
  });

  it('refuses an invalid body and names the invalid members', async () => {
    expect(await problems('/executions', '{')).toEqual({ '': 'must be JSON' });
    expect(await problems('/executions', '[]')).toEqual({ '': 'must be a JSON object' });
    expect(Object.keys(await problems('/executions', {}))).toEqual(['flowExecutionId', 'messages']);
    expect(
      Object.keys(
        await problems('/executions', {
          flowExecutionId: '',
          appendix: true,
          messages: [
            message('a'),
            { messageId: 5, timestamp: 'soon', payload: {}, visibleAt: 'tomorrow' },
            { id: 'b' },
            { visibleAt: 5, afterMs: 5 },
            'text',
          ],
        }),
      ).toSorted(),
    ).toEqual(
      [
        'appendix',
        'flowExecutionId',
        'messages[1].messageId',
        'messages[1].payload',
        'messages[1].timestamp',
        'messages[1].visibleAt',
        'messages[2].id',
        'messages[3].afterMs',
        'messages[4]',
      ].toSorted(),
    );
  });

  it('refuses more messages than the limit', async () => {
    const { emulator } = emulatorAt();
    const messages = Array.from({ length: SCRIPTED_MESSAGES_MAX }, () => ({}));
    const post = (body: object) =>
      control(emulator, 'POST', '/executions', { flowExecutionId: 'mine', ...body });
    expect((await post({ messages })).status).toBe(200);
    const refused = await post({ append: true, messages: [{}] });
    expect(refused.status).toBe(400);
    expect(await refused.json()).toMatchObject({ errors: [{ member: 'messages' }] });
  });
});

describe('PUT and POST /_emulator/faults', () => {
  it('set the given faults and reset all others', async () => {
    const { emulator } = emulatorAt();
    const put = await control(emulator, 'PUT', '/faults', { latencyMs: 5, throttleRate: 0.5, seed: 7 });
    expect(put.status).toBe(200);
    expect(await put.json()).toEqual({ latencyMs: 5, throttleRate: 0.5, seed: 7 });
    await control(emulator, 'POST', '/faults', { lagMs: 9 });
    expect(await (await control(emulator, 'GET', '/faults')).json()).toEqual({ lagMs: 9 });
    await control(emulator, 'POST', '/faults', {});
    expect(await (await control(emulator, 'GET', '/faults')).json()).toEqual({});
  });

  it('refuse values out of range and unknown members without changing anything', async () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ throttleRate: 1.1 }, 'throttleRate'],
      [{ throttleRate: -0.1 }, 'throttleRate'],
      [{ resetRate: '1' }, 'resetRate'],
      [{ latencyMs: -1 }, 'latencyMs'],
      [{ latencyMs: 1.5 }, 'latencyMs'],
      [{ throtleRate: 1 }, 'throtleRate'],
      [{ executions: 'all' }, 'executions'],
      [{ executions: [5] }, 'executions[0]'],
      [{ seed: 'x' }, 'seed'],
      [{ throttleBucket: { capacity: 0, refillPerSecond: 1 } }, 'throttleBucket.capacity'],
      [{ throttleBucket: { capacity: 1 } }, 'throttleBucket.refillPerSecond'],
      [{ lagRate: 0.5 }, 'lagMs'],
      [{ stallMs: 5 }, 'stallRate'],
      [{ throttleRate: 0.6, resetRate: 0.6 }, 'throttleRate'],
    ];
    for (const [body, member] of wrong) {
      expect(Object.keys(await problems('/faults', body)), JSON.stringify(body)).toEqual([member]);
    }
    const { emulator } = emulatorAt();
    await control(emulator, 'PUT', '/faults', { latencyMs: 5 });
    await control(emulator, 'PUT', '/faults', { latencyMs: -5 });
    expect(await (await control(emulator, 'GET', '/faults')).json()).toEqual({ latencyMs: 5 });
  });
});

describe('GET /_emulator/stats', () => {
  it('counts calls by operation and execution, and refused requests separately', async () => {
    const { emulator, clock } = emulatorAt();
    const flowExecutionId = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);
    await list(emulator, clock, { flowExecutionId });
    await list(emulator, clock, { flowExecutionId });
    await list(emulator, clock, { flowExecutionId: '__proto__' });
    await list(emulator, clock, { flowExecutionId, maxResults: 0 });
    await emulator.fetch(await signedRequest({ flowExecutionId }, { nowMs: clock.now() - 600_000 }));
    await emulator.fetch(new Request('http://127.0.0.1:8788/'));

    const answer = await control(emulator, 'GET', '/stats');
    const stats = JSON.parse(await answer.text());
    expect(stats).toMatchObject({
      calls: 4,
      inFlight: 0,
      maxInFlight: 1,
      throttled: 0,
      byOperation: { ListFlowExecutionMessages: 4 },
      byError: { ResourceNotFoundException: 1, InvalidRequestException: 1 },
      refused: {
        calls: 2,
        byError: { InvalidSignatureException: 1, MissingAuthenticationTokenException: 1 },
      },
    });
    expect(Object.entries(stats.byExecution)).toEqual([
      [flowExecutionId, { calls: 2, maxInFlight: 1 }],
      ['__proto__', { calls: 1, maxInFlight: 1 }],
    ]);
    expect(emulator.stats()).toEqual(stats);
  });

  it('shows the maximum number of concurrent calls, for each execution and in total', async () => {
    const { emulator, clock } = emulatorAt();
    await control(emulator, 'PUT', '/faults', { latencyMs: 1_000 });
    const calls = ['a', 'a', 'b', 'c', 'c', 'c'].map((flowExecutionId) =>
      list(emulator, clock, { flowExecutionId }),
    );
    await expect.poll(() => clock.sleepers).toBe(6);
    expect(emulator.stats()).toMatchObject({ inFlight: 6 });
    await clock.advance(1_000);
    await Promise.all(calls);
    expect(emulator.stats()).toMatchObject({
      calls: 6,
      inFlight: 0,
      maxInFlight: 6,
      byExecution: { a: { calls: 2, maxInFlight: 2 }, b: { maxInFlight: 1 }, c: { maxInFlight: 3 } },
    });
  });
});

describe('the control API', () => {
  it('deletes scripts, faults and statistics on DELETE', async () => {
    const { emulator, clock } = emulatorAt();
    await control(emulator, 'POST', '/executions', { flowExecutionId: 'mine', messages: [] });
    await control(emulator, 'PUT', '/faults', { throttleRate: 1 });
    await list(emulator, clock, { flowExecutionId: 'mine' });
    const response = await control(emulator, 'DELETE', '');
    expect(response.status).toBe(204);
    expect(emulator.stats()).toMatchObject({ calls: 0, throttled: 0, byExecution: {} });
    expect(await list(emulator, clock, { flowExecutionId: 'mine' })).toMatchObject({
      __type: 'ResourceNotFoundException',
    });
  });

  it('lists the scenarios, each with the id of a running execution', async () => {
    const { emulator, clock } = emulatorAt();
    const answer = await control(emulator, 'GET', '/');
    const { scenarios }: { scenarios: { flowExecutionId: string }[] } = JSON.parse(await answer.text());
    expect(scenarios).toHaveLength(6);
    for (const { flowExecutionId } of scenarios) {
      expect((await list(emulator, clock, { flowExecutionId })).messages).toHaveLength(1);
    }
  });

  it('answers an unknown path with a list of its paths', async () => {
    const { emulator } = emulatorAt();
    const missing = await control(emulator, 'GET', '/constructor');
    expect(missing.status).toBe(404);
    expect(await missing.text()).toContain('/_emulator/faults');
    const wrongMethod = await control(emulator, 'PATCH', '/faults');
    expect(wrongMethod.status).toBe(405);
    expect(wrongMethod.headers.get('allow')).toBe('GET, POST, PUT');
  });

  it('neither needs a signature nor counts as a call', async () => {
    const { emulator } = emulatorAt();
    await control(emulator, 'GET', '/stats');
    expect(emulator.stats()).toMatchObject({ calls: 0, refused: { calls: 0 } });
  });
});
