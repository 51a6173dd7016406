/** AbortedFlow is aborted while an activity runs, so the activity and its step never end. */
import { messageUuid, timeline, type Beat, type Scenario } from './scenario.ts';
import { webServiceStep } from './steps.ts';

const BEATS: readonly Beat[] = [
  { afterMs: 0, eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' },
  ...webServiceStep({
    atMs: 150,
    takesMs: 2_320,
    stepId: 'Step1PrepareLambda',
    after: 'Timer',
    output: '{items: 250}',
  }),
  {
    afterMs: 2_520,
    eventType: 'STEP_STARTED',
    payload: '{stepId: Step2WorkOffLambda, input: {items: 250}, triggerStepId: Step1PrepareLambda}',
  },
  { afterMs: 2_540, eventType: 'ACTIVITY_SCHEDULED', payload: '' },
  { afterMs: 2_610, eventType: 'ACTIVITY_STARTED', payload: '' },
  { afterMs: 15_000, eventType: 'EXECUTION_ABORTED', payload: 'Flow execution aborted by operator' },
];

export const abortedFlow: Scenario = {
  name: 'AbortedFlow',
  description: 'A flow that is aborted after 15 seconds, in the middle of a step.',
  trigger: 'Timer',
  durationMs: 15_000,
  history: (startMs, uuid) => timeline(BEATS, startMs, (position) => messageUuid(uuid, position)),
};
