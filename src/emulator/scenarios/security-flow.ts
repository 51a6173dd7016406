/**
 * SecurityFlow is AWS's own example of a Things Graph flow, in real time. A motion sensor starts it, a camera
 * takes pictures, Rekognition analyses them, and a screen shows them. Its payloads are hard for renderers and
 * parsers. They contain prose, line breaks, quotes, non-ASCII characters and almost-JSON, and some are empty or
 * absent.
 */
import { messageUuid, timeline, type Beat, type Scenario } from './scenario.ts';
import { choiceStep, readySteps, thingStep, webServiceStep } from './steps.ts';

const BEATS: readonly Beat[] = [
  { afterMs: 0, eventType: 'EXECUTION_STARTED', payload: 'Flow execution started' },
  {
    afterMs: 95,
    eventType: 'START_FLOW_EXECUTION_TASK',
    payload: '{trigger: MotionSensor, event: {isMotionDetected: true, lux: 12.5}, flow: SecurityFlow}',
  },
  readySteps(210, 'Step1ReadMotionSensor'),
  ...thingStep({
    atMs: 260,
    takesMs: 1_480,
    stepId: 'Step1ReadMotionSensor',
    after: 'MotionSensor',
    action: 'Read motion sensor MotionSensor1 in "Lobby – Süd"',
    result: 'MotionSensor1: motion for 1.2 s, then still',
    output: '{isMotionDetected: true}',
  }),
  readySteps(1_790, 'Step2CaptureImage'),
  ...thingStep({
    atMs: 1_850,
    takesMs: 6_150,
    stepId: 'Step2CaptureImage',
    after: 'Step1ReadMotionSensor',
    action: 'Camera1: capture(resolution=1920x1080, flash=off)',
    result: 'Camera1: picture taken, 412 KB, sharpness 0.93',
    output: '{lastClickedImage: https://example.com/camera1/0001.jpg?w=1920&h=1080}',
  }),
  ...webServiceStep({
    atMs: 8_400,
    takesMs: 3_910,
    stepId: 'Step3RekognitionDetectFaces',
    after: 'Step2CaptureImage',
    input: '{imageUrl: https://example.com/camera1/0001.jpg}',
    output: 'Found 1 face:\n  1. adult, 98.7 % sure, wears a "visitor" badge\n\n(no match in the collection)',
  }),
  ...choiceStep({
    atMs: 12_360,
    takesMs: 44,
    stepId: 'Step4IsSomeoneThere',
    after: 'Step3RekognitionDetectFaces',
    output: '{result: true}',
  }),
  readySteps(12_450, 'Step5ShowOnScreen', 'Step6CaptureAgain'),
  ...thingStep({
    atMs: 12_600,
    takesMs: 2_300,
    stepId: 'Step5ShowOnScreen',
    after: 'Step4IsSomeoneThere',
    action: 'Screen1: display(https://example.com/camera1/0001.jpg)',
    result: 'Screen1: shown for 30 s 🟢',
  }),
  // The next message follows after 15 s, because readers must tolerate silence.
  ...thingStep({
    atMs: 30_000,
    takesMs: 5_800,
    stepId: 'Step6CaptureAgain',
    after: 'Step4IsSomeoneThere',
    action: 'Camera1: capture(resolution=1920x1080, flash=on)',
    result: 'Camera1: picture taken, 398 KB, sharpness 0.88',
    output: '{lastClickedImage: https://example.com/camera1/0002.jpg?w=1920&h=1080}',
  }),
  ...webServiceStep({
    atMs: 36_100,
    takesMs: 4_220,
    stepId: 'Step7RekognitionCompareFaces',
    after: 'Step6CaptureAgain',
    output: '{similarity: 99.2, boundingBox: {left: .31, top: .12, width: .2, height: .27}}',
  }),
  ...webServiceStep({
    atMs: 41_000,
    takesMs: 2_640,
    stepId: 'Step8NotifyGuardLambda',
    after: 'Step7RekognitionCompareFaces',
    input: '{guard: Zoë, text: "Someone is in the lobby; see 0002.jpg"}',
  }),
  ...webServiceStep({
    atMs: 44_500,
    takesMs: 9_300,
    stepId: 'Step9StorePicturesLambda',
    after: 'Step8NotifyGuardLambda',
    output: '2 pictures stored, kept for 30 days',
  }),
  { afterMs: 60_000, eventType: 'EXECUTION_SUCCEEDED', payload: 'Flow execution succeeded' },
];

export const securityFlow: Scenario = {
  name: 'SecurityFlow',
  description:
    'A security camera flow that runs for one minute in real time, in bursts with a long silence, and succeeds.',
  trigger: 'MotionSensor',
  durationMs: 60_000,
  history: (startMs, uuid) => timeline(BEATS, startMs, (position) => messageUuid(uuid, position)),
};
