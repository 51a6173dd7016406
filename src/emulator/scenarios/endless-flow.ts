/**
 * EndlessFlow never ends. It has a message about every two seconds. Each is computed from its position alone,
 * so that an execution that started years ago costs no more than a new one.
 */
import { messageHash, messageUuid, type Scenario } from './scenario.ts';

const INTERVAL_MS = 2_000;
/** Less than the interval, so that messages keep their order. */
const JITTER_MS = 1_200;

const STEP = [
  'STEP_STARTED',
  'ACTIVITY_SCHEDULED',
  'ACTIVITY_STARTED',
  'ACTIVITY_SUCCEEDED',
  'STEP_SUCCEEDED',
] as const;

/** The time from the start to the message at this position. */
function afterMs(uuid: string, position: number): number {
  if (position === 0) return 0;
  const [high = 0, low = 0] = messageHash(uuid, position);
  return position * INTERVAL_MS + Math.floor(((high * 256 + low) / 65_536) * JITTER_MS);
}

function content(position: number) {
  if (position === 0) return { eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' };
  const round = Math.floor((position - 1) / STEP.length) + 1;
  const eventType = STEP[(position - 1) % STEP.length] ?? 'STEP_STARTED';
  if (eventType === 'STEP_STARTED') return { eventType, payload: `{stepId: StepPatrol, round: ${round}}` };
  if (eventType === 'STEP_SUCCEEDED') return { eventType, payload: `Round ${round}: nothing to report` };
  return { eventType, payload: '' };
}

export const endlessFlow: Scenario = {
  name: 'EndlessFlow',
  description: 'A flow that never ends: a message about every 2 seconds.',
  trigger: 'Patrol',
  durationMs: undefined,
  history: (startMs, uuid) => ({
    at: (nowMs) => {
      if (nowMs < startMs) return undefined;
      const elapsedMs = nowMs - startMs;
      const last = Math.floor(elapsedMs / INTERVAL_MS);
      return {
        count: last + (afterMs(uuid, last) <= elapsedMs ? 1 : 0),
        message: (position) => ({
          messageId: messageUuid(uuid, position),
          timestamp: (startMs + afterMs(uuid, position)) / 1000,
          ...content(position),
        }),
      };
    },
  }),
};
