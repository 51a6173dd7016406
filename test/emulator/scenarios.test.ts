import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPES, statusAfter } from '../../src/messages/event-types.ts';
import { SCENARIOS, scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import type { History, View, WireMessage } from '../../src/emulator/history.ts';
import type { ScenarioName } from '../../src/emulator/scenarios/scenario.ts';
import { START_MS, UUID } from './signed-call.ts';
import { runs } from '../support/seeded-random.ts';

const DAY_MS = 86_400_000;

function history(name: ScenarioName, startMs = START_MS, uuid = UUID): History {
  const found = scenarioHistory(scenarioId(name, startMs, 'Trigger', uuid));
  if (found === undefined) throw new Error(`${name} has no history`);
  return found;
}

const messagesOf = (view: View | undefined): WireMessage[] =>
  Array.from({ length: view?.count ?? 0 }, (_, position) => view?.message(position) ?? {});

const finished = (name: ScenarioName): WireMessage[] => messagesOf(history(name).at(START_MS + DAY_MS));

const anyScenario = fc.constantFrom(...SCENARIOS.map(({ name }) => name));
/** A time in the first two hours of an execution. All scenarios but the endless one end in this time. */
const anyTimeMs = fc.integer({ min: -1_000, max: 7_200_000 });

describe('scenario ids', () => {
  it('have the form of a real Things Graph execution id', () => {
    expect(scenarioId('SecurityFlow', Date.parse('2019-05-11T19:39:55.317Z'), 'MotionSensor', UUID)).toBe(
      'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad',
    );
  });

  it('match no scenario if any part of them is invalid', () => {
    const id = scenarioId('CloudFlow', START_MS, 'Sqs', UUID);
    expect(scenarioHistory(id)).toBeDefined();
    for (const wrong of [
      '',
      UUID,
      id.replace('CloudFlow', 'OtherFlow'),
      id.replace('CloudFlow', 'constructor'),
      id.replace('2026-01-01', '2026-13-01'),
      id.replace('_Sqs_', '_'),
      id.slice(0, -1),
      `${id}\n`,
      ` ${id}`,
    ]) {
      expect(scenarioHistory(wrong), wrong).toBeUndefined();
    }
  });

  it('belong to scenarios with a description of one sentence', () => {
    for (const { description } of SCENARIOS) expect(description).toMatch(/^[A-Z][^.]+\.$/);
    expect(SCENARIOS).toHaveLength(6);
  });
});

describe('every scenario', () => {
  it('does not exist before its start, and has its first message at its start', () => {
    for (const { name } of SCENARIOS) {
      expect(history(name).at(START_MS - 1)).toBeUndefined();
      const [first, ...rest] = messagesOf(history(name).at(START_MS));
      expect(first).toMatchObject({ eventType: 'EXECUTION_STARTED', timestamp: START_MS / 1000 });
      expect(rest).toEqual([]);
    }
  });

  it('only grows, and its messages never change or disappear', () => {
    fc.assert(
      fc.property(anyScenario, anyTimeMs, anyTimeMs, (name, one, other) => {
        const [early, late] = [Math.min(one, other), Math.max(one, other)];
        const before = messagesOf(history(name).at(START_MS + early)).slice(-50);
        const after = history(name).at(START_MS + late);
        const from = (history(name).at(START_MS + early)?.count ?? 0) - before.length;
        expect(before.map((_, index) => after?.message(from + index))).toEqual(before);
      }),
      { numRuns: runs(60) },
    );
  });

  it('shows each message at its timestamp and not earlier', () => {
    fc.assert(
      fc.property(anyScenario, anyTimeMs, (name, afterMs) => {
        const nowMs = START_MS + afterMs;
        const view = history(name).at(nowMs);
        if (view === undefined) return;
        expect((view.message(view.count - 1).timestamp ?? 0) * 1000).toBeLessThanOrEqual(nowMs + 0.01);
        const later = history(name).at(nowMs + DAY_MS);
        if (later !== undefined && later.count > view.count) {
          expect((later.message(view.count).timestamp ?? 0) * 1000).toBeGreaterThan(nowMs);
        }
      }),
    );
  });

  it('is determined by the execution id alone, and another execution id gives other message ids', () => {
    const other = '00000000-0000-4000-8000-000000000000';
    for (const { name } of SCENARIOS) {
      const at = START_MS + 3_600_000;
      const ids = (uuid: string) =>
        messagesOf(history(name, START_MS, uuid).at(at)).map(({ messageId }) => messageId);
      expect(ids(UUID)).toEqual(ids(UUID));
      expect(new Set(ids(UUID)).size).toBe(ids(UUID).length);
      if (name !== 'CloudFlow') expect(ids(UUID)[0]).not.toBe(ids(other)[0]);
    }
  });

  it('uses only event types of AWS, and its messages are in order of time', () => {
    for (const { name } of SCENARIOS) {
      const messages = messagesOf(history(name).at(START_MS + 600_000));
      for (const { eventType } of messages) expect(EVENT_TYPES).toContain(eventType);
      const times = messages.map(({ timestamp }) => timestamp ?? 0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
  });

  it('ends after its duration with its intended status', () => {
    const statuses = SCENARIOS.map(({ name, durationMs }) => {
      const end = START_MS + (durationMs ?? DAY_MS);
      const last = (nowMs: number) => messagesOf(history(name).at(nowMs)).at(-1)?.eventType;
      expect(statusAfter(last(end - 1)), name).toBe('RUNNING');
      return [name, statusAfter(last(end))];
    });
    expect(Object.fromEntries(statuses)).toEqual({
      CloudFlow: 'SUCCEEDED',
      SecurityFlow: 'SUCCEEDED',
      FailingFlow: 'FAILED',
      AbortedFlow: 'ABORTED',
      LargeFlow: 'SUCCEEDED',
      EndlessFlow: 'RUNNING',
    });
  });

  it('contributes to a complete set of payloads: absent, empty, prose, several lines, and text that looks like JSON', () => {
    const payloads = SCENARIOS.flatMap(({ name }) =>
      messagesOf(history(name).at(START_MS + 60_000)).map(({ payload }) => payload),
    );
    const texts = payloads.filter((payload) => payload !== undefined);
    expect(payloads).toContain(undefined);
    expect(texts).toContain('');
    expect(texts).toContain('Flow execution started');
    expect(texts.some((text) => text.includes('\n\n'))).toBe(true);
    expect(texts.some((text) => /[^\x20-\x7e\n]/u.test(text))).toBe(true);
    const nearJson = texts.filter((text) => text.startsWith('{'));
    expect(nearJson.length).toBeGreaterThan(0);
    for (const text of nearJson) expect(() => JSON.parse(text)).toThrow(SyntaxError);
  });
});

describe('CloudFlow', () => {
  it('has the 36 messages of the real flow, with ids 0 to 41 and a gap after each web-service step', () => {
    const webService = [
      'STEP_STARTED',
      'ACTIVITY_SCHEDULED',
      'ACTIVITY_STARTED',
      'ACTIVITY_SUCCEEDED',
      'STEP_SUCCEEDED',
    ];
    const messages = finished('CloudFlow');
    expect(messages).toHaveLength(36);
    const types = messages.map(({ eventType }) => eventType);
    expect(types[0]).toBe('EXECUTION_STARTED');
    expect(types.at(-1)).toBe('EXECUTION_SUCCEEDED');

    // Walks through the steps, and counts ids as the real flow did: it skips one after each web-service step.
    const expectedIds = [0];
    let [at, id, webServiceSteps, choiceSteps] = [1, 1, 0, 0];
    while (at < types.length - 1) {
      const isWebService = types[at + 1] === 'ACTIVITY_SCHEDULED';
      const length = isWebService ? 5 : 2;
      expect(types.slice(at, at + length)).toEqual(
        isWebService ? webService : ['STEP_STARTED', 'STEP_SUCCEEDED'],
      );
      for (let index = 0; index < length; index++) expectedIds.push(id++);
      if (isWebService) id++;
      if (isWebService) webServiceSteps++;
      else choiceSteps++;
      at += length;
    }
    expect([webServiceSteps, choiceSteps]).toEqual([6, 2]);
    expect(messages.map(({ messageId }) => messageId)).toEqual([...expectedIds, 41].map(String));
    for (const { eventType, payload } of messages) {
      if (eventType?.startsWith('ACTIVITY_')) expect(payload).toBe('');
    }
  });
});

describe('SecurityFlow', () => {
  it('runs for a minute, uses UUIDs as message ids, and is silent for more than 15 s', () => {
    const messages = finished('SecurityFlow');
    for (const { messageId } of messages) {
      expect(messageId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    const times = messages.map(({ timestamp }) => timestamp ?? 0);
    expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBe(60);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(Math.max(...gaps)).toBeGreaterThan(15);
  });
});

describe('FailingFlow', () => {
  it('has a failure that is retried successfully, and later one that ends it', () => {
    const types = finished('FailingFlow').map(({ eventType }) => eventType);
    expect(types.indexOf('ACTIVITY_FAILED')).toBeLessThan(types.indexOf('ACTIVITY_SUCCEEDED'));
    expect(types.slice(-3)).toEqual(['THING_ACTION_TASK_FAILED', 'STEP_FAILED', 'EXECUTION_FAILED']);
  });
});

describe('LargeFlow', () => {
  it('has 10,000 messages', () => {
    expect(finished('LargeFlow')).toHaveLength(10_000);
  });
});

describe('EndlessFlow', () => {
  it('has a message about every two seconds, and can be read even if it started in 1970', () => {
    const view = history('EndlessFlow', 0).at(START_MS);
    expect(view?.count).toBeGreaterThan(START_MS / 2_000 - 2);
    expect(view?.count).toBeLessThanOrEqual(START_MS / 2_000 + 1);
    expect(view?.message((view?.count ?? 0) - 1).eventType).not.toMatch(/^EXECUTION_/);
  });
});
