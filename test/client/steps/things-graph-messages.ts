/** Messages of the emulator's Things Graph flows, as a key with the access `names` gets them. */
import type { FlowMessage } from '../../../src/client/client.ts';
import { SCENARIOS } from '../../../src/emulator/scenarios/catalog.ts';
import type { ScenarioName } from '../../../src/emulator/scenarios/scenario.ts';

const UUID = '0d1bd9ce-7d1c-4f0b-8b3c-3a1c5b1f9d10';
const LONG_AFTER_MS = 3_600_000;

/** At most `count` messages of it, from the first. */
export function thingsGraphMessages(scenario: ScenarioName, count = 120): FlowMessage[] {
  const view = SCENARIOS.find(({ name }) => name === scenario)
    ?.history(0, UUID)
    .at(LONG_AFTER_MS);
  let openStep: string | undefined;
  return Array.from({ length: Math.min(count, view?.count ?? 0) }, (_none, position) => {
    const { timestamp = 0, payload = '', ...message } = view?.message(position) ?? {};
    if (message.eventType === 'STEP_STARTED') openStep = /stepId: (\w+)/.exec(payload)?.[1];
    const step = /^(?:STEP|ACTIVITY|THING|ACKNOWLEDGE)_/.test(message.eventType ?? '') ? openStep : undefined;
    if (/^STEP_(?:SUCCEEDED|FAILED)$/.test(message.eventType ?? '')) openStep = undefined;
    const error = /error: (\w+)/.exec(payload)?.[1];
    return {
      ...message,
      timestamp: new Date(timestamp * 1000).toISOString(),
      ...(step !== undefined && { step }),
      ...(error !== undefined && { error }),
    };
  });
}
