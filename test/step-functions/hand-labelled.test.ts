/** Members derived for 40 histories equal labels that were written by hand (hand-labels.ts). */
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

/** All messages or events of a history that started at time 0 and has ended. */
function whole<M>(history: History<M> | undefined): M[] {
  const ended = history?.at(24 * 3_600_000);
  if (!ended) throw new RangeError('no such history');
  return Array.from({ length: ended.count }, (_, position) => ended.message(position));
}

const UUID = '00000000-0000-4000-8000-000000000000';
const recorded = readRecordedHistories();
const entries = <Name extends string, Labels>(labels: Readonly<Record<Name, Labels>>) =>
  // Safety: the labels have exactly these keys.
  Object.entries(labels) as [Name, Labels][];

test('40 histories have hand-written labels', () => {
  expect([RECORDED_LABELS, MACHINE_LABELS, FLOW_LABELS].flatMap(Object.keys)).toHaveLength(40);
});

test.each(Object.entries(RECORDED_LABELS))(
  'the members derived for recorded history %s equal its labels',
  (line, labels) => {
    const events = recorded[Number(line)]?.events ?? [];
    expectLabels(
      labels,
      events.flatMap((event) => messageOfEvent(event) ?? []),
    );
  },
);

test.each(entries(MACHINE_LABELS))(
  'the members derived for the state machine %s equal its labels',
  (name, labels) => {
    const events = whole(scenarioEvents(scenarioArn(name, 0, UUID)));
    expectLabels(
      labels,
      events.flatMap((event) => messageOfEvent(event) ?? []),
    );
  },
);

test.each(entries(FLOW_LABELS))('the members derived for the flow %s equal its labels', (name, labels) => {
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
