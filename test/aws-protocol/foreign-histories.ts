/**
 * Histories for foreign_upstream.py, the upstream that shares no code with our emulator. They have every kind of
 * payload, time and id that the model allows or that real histories contain, and lengths around its page size of 37.
 */
import type { AwsMessage } from './aws-call.ts';

export interface Execution {
  readonly id: string;
  readonly messages: readonly AwsMessage[];
}

/** Converts a message's time to milliseconds, from epoch seconds or from the ISO text that a client prints. */
export const inMilliseconds = ({ timestamp, ...rest }: AwsMessage<string | number>): AwsMessage => ({
  ...rest,
  ...(timestamp !== undefined && {
    timestamp: typeof timestamp === 'string' ? Date.parse(timestamp) : Math.round(timestamp * 1000),
  }),
});

const STARTED_SECONDS = 1_557_603_595;

const PAYLOADS = [
  undefined,
  '',
  ' ',
  'Flow execution started',
  '{stepId: Step2ReadSqsPayloadLambda, input: null, triggerStepId: Step1SqsService}',
  '{"stepId": "Step2", "input": {"temperature": 21.50, "id": 12345678901234567890}}',
  '[]',
  'null',
  '0',
  '"quoted \\u00e9 \\" \\\\ "',
  'Zürich 温度 🌡️ é é אבג \u2028\u2029\u00a0\ufeff',
  ' line\nanother\r\nand\ttab \u0001 \u007f ',
  'data: like an event\n\nid: 7\n\n',
  `long ${'é🙂'.repeat(2_000)}`,
] as const;

/** Whole seconds, milliseconds, microseconds, and a fraction that floating-point addition would change. */
const FRACTIONS = [0, 0.656, 0.5, 0.001, 0.317123, 0.999, 0.1] as const;

const timestampOf = (position: number): number =>
  Number((STARTED_SECONDS + position + (FRACTIONS[position % FRACTIONS.length] ?? 0)).toFixed(6));

export const flow = (count: number, ...ending: readonly AwsMessage[]): readonly AwsMessage[] => [
  ...Array.from({ length: count - ending.length }, (_, position) => {
    const payload = PAYLOADS[position % PAYLOADS.length];
    return {
      messageId: String(position + Math.floor(position / 5)),
      eventType:
        position === 0 ? 'EXECUTION_STARTED' : position % 2 === 0 ? 'STEP_SUCCEEDED' : 'STEP_STARTED',
      timestamp: timestampOf(position),
      ...(payload !== undefined && { payload }),
    };
  }),
  ...ending,
];

export const ended = (eventType: string, count: number): AwsMessage => ({
  messageId: '9ed3f0c8-5d0b-4c0f-8a35-52eb5fd9a9a2',
  eventType,
  timestamp: timestampOf(count),
  payload: 'Flow execution ended',
});

const SUCCEEDED = {
  id: 'urn:tdm:us-west-2/123456789012/default:Workflow:Foreign.Flow_2019-05-11T19:39:55.317Z_Motion/Sensor_1',
  messages: flow(30, ended('EXECUTION_SUCCEEDED', 30)),
};

/** A running execution whose history is longer than any page. */
export const LONG = { id: 'long/flow.of:412', messages: flow(412) };

export const FOREIGN_EXECUTIONS: readonly Execution[] = [
  SUCCEEDED,
  LONG,
  { id: '7f0a6c1e-two-full-pages', messages: flow(74, ended('EXECUTION_ABORTED', 74)) },
  {
    id: 'a/b:c.d with members left out',
    messages: [
      {},
      { messageId: '1' },
      { eventType: 'A_TYPE_OF_TOMORROW' },
      { payload: 'only this' },
      { timestamp: STARTED_SECONDS },
      { timestamp: 0 },
      { timestamp: -1.656 },
      { messageId: '', eventType: 'STEP_STARTED', timestamp: STARTED_SECONDS },
      { messageId: '1', eventType: 'EXECUTION_FAILED', timestamp: timestampOf(9) },
    ],
  },
  { id: 'up/../and.down', messages: flow(3) },
  { id: 'nothing:yet', messages: [] },
];
