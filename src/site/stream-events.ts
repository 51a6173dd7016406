/** The events of the stream of one execution. */
import { messageExample } from './answer-examples.ts';
import { type DescribedStream, type StreamEvent, event } from './event-stream-content.ts';
import { problemExample } from './problem-examples.ts';

const events: readonly StreamEvent[] = [
  event('message', 'StreamMessage', 'A message. This event has no `event:` line.', messageExample),
  event('caught-up', 'StreamCaughtUp', 'Every message that existed when you connected has been sent.', {
    status: 'RUNNING',
  }),
  event(
    'heartbeat',
    'StreamHeartbeat',
    'Sent after 15 s without another event. Reports the state of the upstream service.',
    {
      timestamp: '2019-05-30T20:19:16.102Z',
      pollIntervalMs: 8_000,
      upstream: 'ok',
    },
  ),
  event(
    'reset',
    'StreamReset',
    'The history has changed since your cursor. Discard your messages: the history is sent again from its start.',
    {},
  ),
  event(
    'end',
    'StreamEnd',
    'The execution has settled and every message was sent, so the server closes the stream. Reconnecting with this id returns 204.',
    {
      status: 'SUCCEEDED',
    },
  ),
  event(
    'problem',
    'StreamProblem',
    'The reason why the server closes the stream early. This event has no id, so the last event id stays valid.',
    problemExample('RateLimitExceeded'),
  ),
];

export const messageStream: DescribedStream = { events, hasIds: true, beginning: ['message', 'caught-up'] };
