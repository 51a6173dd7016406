/**
 * The steps that flows consist of, as lists of beats. Three properties are those of real Things Graph flows:
 * the order of events in a step, the empty payloads of ACTIVITY_* messages, and payloads that look like JSON
 * but are not.
 */
import type { Beat } from './scenario.ts';

interface Step {
  /** The time from the start of the flow to the start of the step. */
  readonly atMs: number;
  readonly takesMs: number;
  readonly stepId: string;
  /** The step or trigger that this step waited for. */
  readonly after: string;
  readonly input?: string;
  readonly output?: string;
}

const started = ({ stepId, input = 'null', after }: Step): string =>
  `{stepId: ${stepId}, input: ${input}, triggerStepId: ${after}}`;

const succeeded = ({ stepId, output = 'null' }: Step): string => `{stepId: ${stepId}, output: ${output}}`;

/** A step that calls a web service, such as a Lambda function. It has five messages. */
export const webServiceStep = (step: Step): Beat[] => [
  { afterMs: step.atMs, eventType: 'STEP_STARTED', payload: started(step) },
  { afterMs: step.atMs + 12, eventType: 'ACTIVITY_SCHEDULED', payload: '' },
  { afterMs: step.atMs + 57, eventType: 'ACTIVITY_STARTED', payload: '' },
  { afterMs: step.atMs + step.takesMs - 21, eventType: 'ACTIVITY_SUCCEEDED', payload: '' },
  { afterMs: step.atMs + step.takesMs, eventType: 'STEP_SUCCEEDED', payload: succeeded(step) },
];

/** A step that decides inside the flow. It has two messages. */
export const choiceStep = (step: Step): Beat[] => [
  { afterMs: step.atMs, eventType: 'STEP_STARTED', payload: started(step) },
  { afterMs: step.atMs + step.takesMs, eventType: 'STEP_SUCCEEDED', payload: succeeded(step) },
];

/**
 * A step in which a device acts. The device acknowledges the order before it acts. The step has five messages,
 * one without a payload.
 */
export const thingStep = (step: Step & { readonly action: string; readonly result: string }): Beat[] => [
  { afterMs: step.atMs, eventType: 'STEP_STARTED', payload: started(step) },
  { afterMs: step.atMs + 35, eventType: 'THING_ACTION_TASK', payload: step.action },
  { afterMs: step.atMs + 180, eventType: 'ACKNOWLEDGE_TASK_MESSAGE' },
  { afterMs: step.atMs + step.takesMs - 40, eventType: 'THING_ACTION_TASK_SUCCEEDED', payload: step.result },
  { afterMs: step.atMs + step.takesMs, eventType: 'STEP_SUCCEEDED', payload: succeeded(step) },
];

export const readySteps = (afterMs: number, ...stepIds: string[]): Beat => ({
  afterMs,
  eventType: 'SCHEDULE_NEXT_READY_STEPS_TASK',
  payload: `Next ready steps: [${stepIds.join(', ')}]`,
});
