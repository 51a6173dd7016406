/** What is derived from 40 histories equals labels written by hand (hand-labels.ts). */
import { expect, test } from 'vitest';

import { openWalk } from '../../src/compose-sources.ts';
import { scenarioHistory, scenarioId } from '../../src/emulator/scenarios/catalog.ts';
import { scenarioArn, scenarioEvents } from '../../src/emulator/scenarios/step-functions-catalog.ts';
import type { History } from '../../src/emulator/history.ts';
import { WALK_START, deriveAll } from '../../src/messages/derive.ts';
import type { Message } from '../../src/messages/message.ts';
import { messageOfEvent } from '../../src/sources/step-functions/step-functions-mapping.ts';
import { FLOW_LABELS, MACHINE_LABELS, RECORDED_LABELS } from './hand-labels.ts';
import { readRecordedHistories } from './recorded-histories.ts';

function derivedLabels(messages: readonly Message[]): string[] {
  return deriveAll(openWalk, WALK_START, messages).messages.map(
    ({ eventType, upstreamType, step, iteration, error }, index) =>
      `${index} ${upstreamType ?? eventType}` +
      (step === undefined ? '' : `: ${step}`) +
      (iteration === undefined ? '' : ` #${iteration}`) +
      (error === undefined ? '' : ` !${error}`),
  );
}

const expectLabels = (labels: readonly string[], messages: readonly Message[]): void => {
  const derived = derivedLabels(messages);
  expect(labels.map((label) => derived[Number.parseInt(label, 10)])).toEqual(labels);
};

/** All messages of a history that started at 0 and has ended. */
function whole<M>(history: History<M> | undefined): M[] {
  const ended = history?.at(24 * 3_600_000);
  if (!ended) throw new RangeError('no such history');
  return Array.from({ length: ended.count }, (_, position) => ended.message(position));
}

const UUID = '00000000-0000-4000-8000-000000000000';
const recorded = readRecordedHistories();
const entries = <Name extends string, Labels>(labels: Readonly<Record<Name, Labels>>) =>
  // Safety: labels have no other keys.
  Object.entries(labels) as [Name, Labels][];

test('40 histories have labels', () => {
  expect([RECORDED_LABELS, MACHINE_LABELS, FLOW_LABELS].flatMap(Object.keys)).toHaveLength(40);
});

test.each(Object.entries(RECORDED_LABELS))(
  'recorded history %s has the labels of a reader',
  (line, labels) => {
    const events = recorded[Number(line)]?.events ?? [];
    expectLabels(
      labels,
      events.flatMap((event) => messageOfEvent(event) ?? []),
    );
  },
);

test.each(entries(MACHINE_LABELS))('the state machine %s has the labels of a reader', (name, labels) => {
  const events = whole(scenarioEvents(scenarioArn(name, 0, UUID)));
  expectLabels(
    labels,
    events.flatMap((event) => messageOfEvent(event) ?? []),
  );
});

test.each(entries(FLOW_LABELS))('the flow %s has the labels of a reader', (name, labels) => {
  const messages = whole(scenarioHistory(scenarioId(name, 0, 'Trigger', UUID)));
  expectLabels(
    labels,
    messages.map(({ messageId, eventType, payload }) => ({
      ...(messageId != null && { messageId }),
      ...(eventType != null && { eventType }),
      ...(payload != null && { payload }),
    })),
  );
});
