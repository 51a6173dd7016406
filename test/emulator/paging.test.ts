import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SCENARIOS, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { control, emulatorAt, list, listAll, START_MS, UUID } from './signed-call.ts';
import { runs } from '../support/seeded-random.ts';

const cloudFlow = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);
const endlessFlow = scenarioId('EndlessFlow', START_MS, 'Patrol', UUID);

describe('pages', () => {
  it('contain each message once and in order, whatever the page size', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    const all = await listAll(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 250 });
    expect(all).toHaveLength(36);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 250 }), async (maxResults) => {
        expect(await listAll(emulator, clock, { flowExecutionId: cloudFlow, maxResults })).toEqual(all);
      }),
      { numRuns: runs(12) },
    );
  });

  it('have 100 messages by default, and at most maxResults', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(600_000);
    const largeFlow = scenarioId('LargeFlow', START_MS, 'Batch', UUID);
    expect((await list(emulator, clock, { flowExecutionId: largeFlow })).messages).toHaveLength(100);
    for (const maxResults of [1, 7, 250]) {
      const page = await list(emulator, clock, { flowExecutionId: largeFlow, maxResults });
      expect(page.messages).toHaveLength(maxResults);
      expect(page.nextToken).toBeTypeOf('string');
    }
  });

  it('have no nextToken if nothing follows yet, even if the page is full', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    for (const maxResults of [36, 37, 250]) {
      const page = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults });
      expect(page.messages).toHaveLength(36);
      expect(page).not.toHaveProperty('nextToken');
    }
  });

  it('have timestamps as epoch seconds with a fraction, and omit absent members', async () => {
    const { emulator, clock } = emulatorAt(Date.parse('2019-05-30T22:45:40.656Z'));
    const flowExecutionId = scenarioId('FailingFlow', clock.now(), 'Door', UUID);
    await clock.advance(60_000);
    const { messages } = await list(emulator, clock, { flowExecutionId });
    expect(messages[0]?.timestamp).toBe(1559256340.656);
    const acknowledged = messages.find(({ eventType }) => eventType === 'ACKNOWLEDGE_TASK_MESSAGE');
    expect(Object.keys(acknowledged ?? {}).toSorted()).toEqual(['eventType', 'messageId', 'timestamp']);
  });
});

describe('a page token', () => {
  it('can be used again, and then also returns newer messages', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(20_000);
    const first = await list(emulator, clock, { flowExecutionId: endlessFlow, maxResults: 5 });
    const again = { flowExecutionId: endlessFlow, nextToken: first.nextToken };
    const before = await list(emulator, clock, again);
    expect((await list(emulator, clock, again)).messages).toEqual(before.messages);
    await clock.advance(20_000);
    const after = await list(emulator, clock, again);
    expect(after.messages.slice(0, before.messages.length)).toEqual(before.messages);
    expect(after.messages.length).toBeGreaterThanOrEqual(before.messages.length + 9);
  });

  it('differs each time, and does not reveal the position', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    const input = { flowExecutionId: cloudFlow, maxResults: 7 };
    const tokens = [await list(emulator, clock, input), await list(emulator, clock, input)].map(
      ({ nextToken }) => nextToken ?? '',
    );
    expect(tokens[0]).not.toBe(tokens[1]);
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{40,}$/);
  });

  it('is valid only for its execution and its emulator', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    const { nextToken } = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 7 });
    const invalid = { status: 400, __type: 'InvalidRequestException' };
    expect(await list(emulator, clock, { flowExecutionId: endlessFlow, nextToken })).toMatchObject(invalid);
    const other = emulatorAt(clock.now());
    expect(await list(other.emulator, other.clock, { flowExecutionId: cloudFlow, nextToken })).toMatchObject(
      invalid,
    );
  });

  it('that was changed, cut off or invented is refused', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    const { nextToken = '' } = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 7 });
    const changed = Array.from(
      nextToken,
      (letter, at) => nextToken.slice(0, at) + (letter === 'A' ? 'B' : 'A') + nextToken.slice(at + 1),
    );
    const cut = Array.from(nextToken, (_, at) => nextToken.slice(0, at));
    for (const token of [
      ...changed,
      ...cut,
      `${nextToken}A`,
      `${nextToken}=`,
      ` ${nextToken}`,
      '0',
      '7',
      'é',
    ]) {
      expect(
        await list(emulator, clock, { flowExecutionId: cloudFlow, nextToken: token }),
        token,
      ).toMatchObject({
        status: 400,
        __type: 'InvalidRequestException',
      });
    }
  });

  it('never expires by default, but expires after tokenLifetimeMs if that fault is set', async () => {
    const { emulator, clock } = emulatorAt();
    await clock.advance(60_000);
    const { nextToken } = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 7 });
    const again = { flowExecutionId: cloudFlow, nextToken };
    await clock.advance(86_400_000);
    expect((await list(emulator, clock, again)).status).toBe(200);
    await control(emulator, 'PUT', '/faults', { tokenLifetimeMs: 60_000 });
    expect(await list(emulator, clock, again)).toMatchObject({ __type: 'InvalidRequestException' });

    const fresh = await list(emulator, clock, { flowExecutionId: cloudFlow, maxResults: 7 });
    const afresh = { flowExecutionId: cloudFlow, nextToken: fresh.nextToken };
    await clock.advance(59_999);
    expect((await list(emulator, clock, afresh)).status).toBe(200);
    await clock.advance(1);
    expect((await list(emulator, clock, afresh)).status).toBe(400);
  });
});

it('every scenario can be read to its end in pages of one message', async () => {
  const { emulator, clock } = emulatorAt();
  await clock.advance(60_000);
  for (const { name, trigger } of SCENARIOS) {
    if (name === 'LargeFlow') continue;
    const flowExecutionId = scenarioId(name, START_MS, trigger, UUID);
    const whole = await listAll(emulator, clock, { flowExecutionId });
    expect(await listAll(emulator, clock, { flowExecutionId, maxResults: 1 })).toEqual(whole);
  }
});
