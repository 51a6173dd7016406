/** The effects of faults on answers, tested in this process. node-server.test.ts tests their effects on sockets. */
import { describe, expect, it } from 'vitest';
import type { Emulator } from '../../src/emulator/server/emulator.ts';
import { scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import type { ManualClock } from '../support/manual-clock.ts';
import { control, emulatorAt, list, listAll, signedRequest, START_MS, UUID } from './signed-call.ts';

const cloudFlow = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);

async function faulty(faults: object): Promise<{ emulator: Emulator; clock: ManualClock }> {
  const { emulator, clock } = emulatorAt();
  await clock.advance(60_000);
  const answer = await control(emulator, 'PUT', '/faults', faults);
  expect(answer.status).toBe(200);
  return { emulator, clock };
}

/** Makes calls, and returns one letter for the outcome of each. */
async function fates(emulator: Emulator, clock: ManualClock, calls: number, id = cloudFlow): Promise<string> {
  let letters = '';
  for (let call = 0; call < calls; call++) {
    const request = await signedRequest({ flowExecutionId: id }, { nowMs: clock.now() });
    const response = await emulator.fetch(request);
    const body = await response.text().catch(() => 'broken');
    letters +=
      body === 'broken'
        ? 'b'
        : body.startsWith('<')
          ? 'x'
          : response.status === 500
            ? 'i'
            : body.includes('ThrottlingException')
              ? 't'
              : '.';
  }
  return letters;
}

describe('a rate', () => {
  it('of 0 affects no call, a rate of 1 every call, and a rate of 0.25 about every fourth call', async () => {
    const none = await faulty({ throttleRate: 0 });
    expect(await fates(none.emulator, none.clock, 10)).toBe('..........');
    const all = await faulty({ throttleRate: 1 });
    expect(await fates(all.emulator, all.clock, 10)).toBe('tttttttttt');
    const some = await faulty({ throttleRate: 0.25 });
    const struck = (await fates(some.emulator, some.clock, 200)).replaceAll('.', '').length;
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(70);
    expect(some.emulator.stats()).toMatchObject({
      calls: 200,
      throttled: struck,
      byError: { ThrottlingException: struck },
    });
  });

  it('affects the same calls for the same seed, and different calls for another seed', async () => {
    const mixed = { throttleRate: 0.2, internalErrorRate: 0.2, xmlErrorRate: 0.2, truncateRate: 0.2 };
    const run = async (seed: number) => {
      const { emulator, clock } = await faulty({ ...mixed, seed });
      return fates(emulator, clock, 60);
    };
    const first = await run(1);
    for (const letter of '.tixb') expect(first).toContain(letter);
    expect(await run(1)).toBe(first);
    expect(await run(2)).not.toBe(first);
  });

  it('starts over from its seed when faults are set again', async () => {
    const { emulator, clock } = await faulty({ throttleRate: 0.5, seed: 3 });
    const first = await fates(emulator, clock, 20);
    await control(emulator, 'PUT', '/faults', { throttleRate: 0.5, seed: 3 });
    expect(await fates(emulator, clock, 20)).toBe(first);
  });

  it('affects only listed executions, and calls for other executions do not change which calls it affects', async () => {
    const faults = { throttleRate: 0.5, seed: 3, executions: [cloudFlow] };
    const alone = await faulty(faults);
    const expected = await fates(alone.emulator, alone.clock, 20);
    const { emulator, clock } = await faulty(faults);
    const other = scenarioId('EndlessFlow', START_MS, 'Patrol', UUID);
    let mixed = '';
    for (let call = 0; call < 20; call++) {
      expect(await fates(emulator, clock, 1, other)).toBe('.');
      mixed += await fates(emulator, clock, 1);
    }
    expect(mixed).toBe(expected);
  });

  it('never affects a refused request', async () => {
    const { emulator, clock } = await faulty({ throttleRate: 1 });
    const request = await signedRequest({ flowExecutionId: cloudFlow }, { nowMs: clock.now() - 600_000 });
    expect(await (await emulator.fetch(request)).json()).toMatchObject({
      __type: 'InvalidSignatureException',
    });
  });
});

describe('errors', () => {
  it('have the statuses of AWS: 400 for throttling, 500 for an internal failure, 403 for an XML error', async () => {
    const answer = async (faults: object) => {
      const { emulator, clock } = await faulty(faults);
      const response = await emulator.fetch(
        await signedRequest({ flowExecutionId: cloudFlow }, { nowMs: clock.now() }),
      );
      return [response.status, response.headers.get('content-type'), await response.text()];
    };
    expect(await answer({ throttleRate: 1 })).toEqual([
      400,
      'application/x-amz-json-1.1',
      '{"__type":"ThrottlingException","message":"Rate exceeded"}',
    ]);
    expect(await answer({ internalErrorRate: 1 })).toEqual([
      500,
      'application/x-amz-json-1.1',
      '{"__type":"InternalFailureException"}',
    ]);
    expect(await answer({ xmlErrorRate: 1 })).toEqual([
      403,
      'application/xml',
      expect.stringMatching(/^<AccessDeniedException>/),
    ]);
  });

  it('include a connection that is reset and an answer that is truncated', async () => {
    for (const [faults, counted] of [
      [{ resetRate: 1 }, { resets: 1 }],
      [{ truncateRate: 1 }, { truncated: 1 }],
    ] as const) {
      const { emulator, clock } = await faulty(faults);
      const response = await emulator.fetch(
        await signedRequest({ flowExecutionId: cloudFlow }, { nowMs: clock.now() }),
      );
      await expect(response.text()).rejects.toThrow('The emulator');
      expect(emulator.stats()).toMatchObject(counted);
    }
  });
});

describe('a throttle bucket', () => {
  it('allows a burst up to its capacity, then calls at its refill rate, for all executions together', async () => {
    const { emulator, clock } = await faulty({ throttleBucket: { capacity: 5, refillPerSecond: 2 } });
    expect(await fates(emulator, clock, 7)).toBe('.....tt');
    expect(await fates(emulator, clock, 1, scenarioId('EndlessFlow', START_MS, 'Patrol', UUID))).toBe('t');
    await clock.advance(1_000);
    expect(await fates(emulator, clock, 3)).toBe('..t');
    await clock.advance(60_000);
    expect(await fates(emulator, clock, 6)).toBe('.....t');
  });
});

describe('a delayed call', () => {
  it('with latency is answered with the state at the end of the delay', async () => {
    const { emulator, clock } = await faulty({ latencyMs: 4_000 });
    const flowExecutionId = scenarioId('EndlessFlow', clock.now(), 'Patrol', UUID);
    const page = list(emulator, clock, { flowExecutionId });
    await expect.poll(() => clock.sleepers).toBe(1);
    await clock.advance(3_999);
    expect(emulator.stats().inFlight).toBe(1);
    await clock.advance(1);
    expect((await page).messages.length).toBeGreaterThan(1);
  });

  it('that stalls is answered after stallMs', async () => {
    const { emulator, clock } = await faulty({ stallRate: 1, stallMs: 30_000 });
    const page = list(emulator, clock, { flowExecutionId: cloudFlow });
    await expect.poll(() => clock.sleepers).toBe(1);
    await clock.advance(30_000);
    expect((await page).messages).toHaveLength(36);
    expect(emulator.stats()).toMatchObject({ stalled: 1, inFlight: 0 });
  });

  it('ends immediately when its caller disconnects', async () => {
    for (const faults of [{ stallRate: 1 }, { stallRate: 1, stallMs: 30_000 }, { latencyMs: 30_000 }]) {
      const { emulator, clock } = await faulty(faults);
      const caller = new AbortController();
      const request = await signedRequest(
        { flowExecutionId: cloudFlow },
        { nowMs: clock.now(), signal: caller.signal },
      );
      const answer = emulator.fetch(request);
      await expect.poll(() => emulator.stats().inFlight).toBe(1);
      caller.abort();
      await answer;
      expect(emulator.stats().inFlight).toBe(0);
      expect(clock.sleepers).toBe(0);
    }
  });
});

describe('a lagging read', () => {
  it('shows an older history, so that a token can point beyond its end', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(10_000);
    const flowExecutionId = scenarioId('EndlessFlow', START_MS, 'Patrol', UUID);
    const fresh = await list(emulator, clock, { flowExecutionId, maxResults: 4 });
    const again = { flowExecutionId, nextToken: fresh.nextToken };
    expect((await list(emulator, clock, again)).messages.length).toBeGreaterThan(0);
    await control(emulator, 'PUT', '/faults', { lagMs: 8_000 });
    expect((await list(emulator, clock, { flowExecutionId })).messages.length).toBeLessThan(3);
    const beyond = await list(emulator, clock, again);
    expect(beyond).toMatchObject({ status: 200, messages: [] });
    expect(beyond).not.toHaveProperty('nextToken');
    expect(emulator.stats()).toMatchObject({ lagged: 2 });
  });

  it('does not find an execution that has just started', async () => {
    const { emulator, clock } = await faulty({ lagMs: 1_000 });
    const flowExecutionId = scenarioId('CloudFlow', clock.now() - 500, 'Sqs', UUID);
    expect(await list(emulator, clock, { flowExecutionId })).toMatchObject({
      __type: 'ResourceNotFoundException',
    });
  });

  it('happens randomly at the given rate', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(4_000);
    await control(emulator, 'PUT', '/faults', { lagMs: 3_000, lagRate: 0.5, seed: 1 });
    const lengths = new Set<number>();
    for (let call = 0; call < 20; call++) {
      lengths.add((await list(emulator, clock, { flowExecutionId: cloudFlow })).messages.length);
    }
    expect(lengths.size).toBe(2);
  });
});

describe('odd pages', () => {
  it('that are short or empty still contain the whole history, with each message once', async () => {
    for (const faults of [
      { shortPageRate: 1, seed: 1 },
      { emptyPageRate: 0.5, seed: 2 },
      { shortPageRate: 0.5, emptyPageRate: 0.3, seed: 3 },
    ]) {
      const { emulator, clock } = await faulty({});
      const whole = await listAll(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 9 });
      const calls = emulator.stats().calls;
      await control(emulator, 'PUT', '/faults', faults);
      expect(await listAll(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 9 })).toEqual(whole);
      expect(emulator.stats().calls).toBeGreaterThan(2 * calls);
    }
  });

  it('that are short have at least one message, but fewer than requested', async () => {
    const { emulator, clock } = await faulty({ shortPageRate: 1, seed: 5 });
    for (let call = 0; call < 20; call++) {
      const page = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 10 });
      expect(page.messages.length).toBeGreaterThanOrEqual(1);
      expect(page.messages.length).toBeLessThan(10);
    }
  });

  it('that are empty each have a different token', async () => {
    const { emulator, clock } = await faulty({ emptyPageRate: 1 });
    const first = await list(emulator, clock, { flowExecutionId: cloudFlow });
    const second = await list(emulator, clock, { flowExecutionId: cloudFlow, nextToken: first.nextToken });
    expect([first.messages, second.messages]).toEqual([[], []]);
    expect(second.nextToken).toBeTypeOf('string');
    expect(second.nextToken).not.toBe(first.nextToken);
  });
});
