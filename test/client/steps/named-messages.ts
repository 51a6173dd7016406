/**
 * Messages as a key with the level `names` gets them, from Step Functions and from the emulator's Things Graph flows.
 */
import type { FlowMessage } from '../../../src/client/client.ts';
import { SCENARIOS } from '../../../src/emulator/scenarios/catalog.ts';
import type { ScenarioName } from '../../../src/emulator/scenarios/scenario.ts';
import type { DerivedMembers } from '../../../src/messages/derive.ts';
import type { Message } from '../../../src/messages/message.ts';
import {
  type HistoryEvent,
  messageOfEvent,
} from '../../../src/sources/step-functions/step-functions-mapping.ts';
import { StepFunctionsWalk } from '../../../src/sources/step-functions/step-functions-walk.ts';
import { ThingsGraphWalk } from '../../../src/sources/things-graph/things-graph-walk.ts';

/** Uses the service's own mapping and walk. */
export const stepFunctionsMessages = (events: readonly HistoryEvent[]): FlowMessage[] =>
  named(
    new StepFunctionsWalk(),
    events.map((event) => messageOfEvent(event) ?? {}),
  );

const UUID = '0d1bd9ce-7d1c-4f0b-8b3c-3a1c5b1f9d10';
const LONG_AFTER_MS = 3_600_000;

/** Returns at most the first `count` messages of the scenario. */
export function thingsGraphMessages(scenario: ScenarioName, count = 120): FlowMessage[] {
  const view = SCENARIOS.find(({ name }) => name === scenario)
    ?.history(0, UUID)
    .at(LONG_AFTER_MS);
  const messages = Array.from({ length: Math.min(count, view?.count ?? 0) }, (_none, position): Message => {
    const { timestamp = 0, ...message } = view?.message(position) ?? {};
    return { ...message, timestamp: new Date(timestamp * 1000).toISOString() };
  });
  return named(new ThingsGraphWalk(), messages);
}

interface Walk {
  next(message: Message): DerivedMembers | undefined;
}

const named = (walk: Walk, messages: readonly Message[]): FlowMessage[] =>
  messages.map((message) => {
    const { payload: _, ...visible } = message;
    return { ...visible, ...walk.next(message) };
  });
