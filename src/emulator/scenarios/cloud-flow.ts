/**
 * CloudFlow has the shape of a real cloud flow: 36 messages within ten seconds. The message ids are small
 * integers from 0 to 41, and one number is skipped after each web-service step.
 */
import { timeline, type Beat, type Scenario } from './scenario.ts';
import { choiceStep, webServiceStep } from './steps.ts';

const STEPS: readonly (readonly Beat[])[] = [
  webServiceStep({
    atMs: 140,
    takesMs: 822,
    stepId: 'Step2ReadSqsPayloadLambda',
    after: 'Step1SqsService',
    output: '{deviceId: pump-17, celsius: 81.4}',
  }),
  choiceStep({
    atMs: 1_010,
    takesMs: 31,
    stepId: 'Step3IsTooHot',
    after: 'Step2ReadSqsPayloadLambda',
    output: '{result: true}',
  }),
  webServiceStep({
    atMs: 1_090,
    takesMs: 1_204,
    stepId: 'Step4LookUpSiteLambda',
    after: 'Step3IsTooHot',
    input: '{deviceId: pump-17}',
    output: '{site: Harbour "B", onCall: [ada, grace]}',
  }),
  webServiceStep({
    atMs: 2_340,
    takesMs: 967,
    stepId: 'Step5ReadThresholdsLambda',
    after: 'Step4LookUpSiteLambda',
    output: '{warn: 70, stop: 80}',
  }),
  choiceStep({
    atMs: 3_350,
    takesMs: 28,
    stepId: 'Step6MustStop',
    after: 'Step5ReadThresholdsLambda',
    output: '{result: true}',
  }),
  webServiceStep({
    atMs: 3_410,
    takesMs: 1_733,
    stepId: 'Step7StopPumpLambda',
    after: 'Step6MustStop',
    input: '{deviceId: pump-17, reason: 81.4 > 80}',
  }),
  webServiceStep({
    atMs: 5_190,
    takesMs: 1_418,
    stepId: 'Step8WriteReportLambda',
    after: 'Step7StopPumpLambda',
    output: 'Report written to s3://reports/pump-17.txt',
  }),
  webServiceStep({
    atMs: 6_660,
    takesMs: 904,
    stepId: 'Step9NotifyLambda',
    after: 'Step8WriteReportLambda',
    input: '{topic: on-call, subject: "Pump 17 stopped"}',
  }),
];

const BEATS: readonly Beat[] = [
  { afterMs: 0, eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' },
  ...STEPS.flat(),
  { afterMs: 7_640, eventType: 'EXECUTION_SUCCEEDED', payload: 'Flow execution succeeded' },
];

/**
 * Returns the id of each message. One number is skipped after each web-service step. Choice steps are
 * recognised by their two messages.
 */
function messageIds(): readonly number[] {
  const ids = [0];
  let next = 1;
  for (const step of STEPS) {
    for (let index = 0; index < step.length; index++) ids.push(next++);
    if (step.length > 2) next++;
  }
  return [...ids, next];
}

const IDS = messageIds();

export const cloudFlow: Scenario = {
  name: 'CloudFlow',
  description:
    'A cloud flow of 36 messages that succeeds within 8 seconds; message ids are small integers with gaps.',
  trigger: 'SqsMessage',
  durationMs: 7_640,
  history: (startMs) => timeline(BEATS, startMs, (position) => String(IDS[position])),
};
