/**
 * FailingFlow has two failures. An activity fails and succeeds on retry. Later the action of a device fails,
 * which ends the flow. So the first failure in the history is not the one that ended the flow.
 */
import { messageUuid, timeline, type Beat, type Scenario } from './scenario.ts';
import { choiceStep } from './steps.ts';

const BEATS: readonly Beat[] = [
  { afterMs: 0, eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' },
  {
    afterMs: 110,
    eventType: 'STEP_STARTED',
    payload: '{stepId: Step1ReadOrderLambda, input: null, triggerStepId: Door}',
  },
  { afterMs: 130, eventType: 'ACTIVITY_SCHEDULED', payload: '' },
  { afterMs: 190, eventType: 'ACTIVITY_STARTED', payload: '' },
  {
    afterMs: 3_190,
    eventType: 'ACTIVITY_FAILED',
    payload: 'Task timed out after 3.00 seconds; it will be tried again (1 of 2)',
  },
  { afterMs: 4_200, eventType: 'ACTIVITY_SCHEDULED', payload: '' },
  { afterMs: 4_260, eventType: 'ACTIVITY_STARTED', payload: '' },
  { afterMs: 5_010, eventType: 'ACTIVITY_SUCCEEDED', payload: '' },
  {
    afterMs: 5_030,
    eventType: 'STEP_SUCCEEDED',
    payload: '{stepId: Step1ReadOrderLambda, output: {order: 4711, door: D-3}}',
  },
  ...choiceStep({
    atMs: 5_080,
    takesMs: 25,
    stepId: 'Step2IsDoorKnown',
    after: 'Step1ReadOrderLambda',
    output: '{result: true}',
  }),
  {
    afterMs: 5_160,
    eventType: 'STEP_STARTED',
    payload: '{stepId: Step3OpenDoor, input: {door: D-3}, triggerStepId: Step2IsDoorKnown}',
  },
  { afterMs: 5_200, eventType: 'THING_ACTION_TASK', payload: 'Door D-3: unlock(seconds=10)' },
  { afterMs: 5_390, eventType: 'ACKNOWLEDGE_TASK_MESSAGE' },
  {
    afterMs: 11_400,
    eventType: 'THING_ACTION_TASK_FAILED',
    payload: "Door D-3: the bolt doesn't move (error E42)",
  },
  {
    afterMs: 11_440,
    eventType: 'STEP_FAILED',
    payload: '{stepId: Step3OpenDoor, error: ThingActionFailed, cause: bolt stuck (E42)}',
  },
  { afterMs: 11_500, eventType: 'EXECUTION_FAILED', payload: 'Flow execution failed in step Step3OpenDoor' },
];

export const failingFlow: Scenario = {
  name: 'FailingFlow',
  description: 'A flow that retries one failure successfully, and fails after 12 seconds in its last step.',
  trigger: 'Door',
  durationMs: 11_500,
  history: (startMs, uuid) => timeline(BEATS, startMs, (position) => messageUuid(uuid, position)),
};
