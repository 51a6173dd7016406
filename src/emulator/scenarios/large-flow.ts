/** LargeFlow has 10,000 messages, one every 50 ms. Each is computed from its position. */
import type { WireMessage } from '../history.ts';
import { messageUuid, type Scenario } from './scenario.ts';

export const LARGE_FLOW_MESSAGES = 10_000;
const INTERVAL_MS = 50;

/**
 * The part that repeats. The flow has three messages, then 1,999 steps of these five messages, then two
 * messages.
 */
const STEP = [
  'STEP_STARTED',
  'ACTIVITY_SCHEDULED',
  'ACTIVITY_STARTED',
  'ACTIVITY_SUCCEEDED',
  'STEP_SUCCEEDED',
] as const;

function content(position: number): Pick<WireMessage, 'eventType' | 'payload'> {
  switch (position) {
    case 0:
      return { eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' };
    case 1:
      return { eventType: 'START_FLOW_EXECUTION_TASK', payload: '{trigger: Batch, items: 1999}' };
    case 2:
      return { eventType: 'SCHEDULE_NEXT_READY_STEPS_TASK', payload: 'Next ready steps: [Step1]' };
    case LARGE_FLOW_MESSAGES - 2:
      return { eventType: 'ACKNOWLEDGE_TASK_MESSAGE' };
    case LARGE_FLOW_MESSAGES - 1:
      return { eventType: 'EXECUTION_SUCCEEDED', payload: 'Flow execution succeeded' };
    default: {
      const step = Math.floor((position - 3) / STEP.length) + 1;
      const eventType = STEP[(position - 3) % STEP.length] ?? 'STEP_STARTED';
      if (eventType === 'STEP_STARTED')
        return { eventType, payload: `{stepId: Step${step}, input: {item: ${step}}}` };
      if (eventType === 'STEP_SUCCEEDED') return { eventType, payload: `Item ${step} of 1999 is done` };
      return { eventType, payload: '' };
    }
  }
}

export const largeFlow: Scenario = {
  name: 'LargeFlow',
  description: 'A flow of 10,000 messages, 20 per second, that succeeds after 500 seconds.',
  trigger: 'Batch',
  durationMs: (LARGE_FLOW_MESSAGES - 1) * INTERVAL_MS,
  history: (startMs, uuid) => ({
    at: (nowMs) =>
      nowMs < startMs
        ? undefined
        : {
            count: Math.min(LARGE_FLOW_MESSAGES, Math.floor((nowMs - startMs) / INTERVAL_MS) + 1),
            message: (position) => ({
              messageId: messageUuid(uuid, position),
              timestamp: (startMs + position * INTERVAL_MS) / 1000,
              ...content(position),
            }),
          },
  }),
};
