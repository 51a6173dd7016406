/** The events of a live list. */
import { listedExample } from './answer-examples.ts';
import { type DescribedStream, event } from './event-stream-content.ts';
import { problemExample } from './problem-examples.ts';

export const liveList: DescribedStream = {
  events: [
    event(
      'execution',
      'LiveListExecution',
      'An execution. When you connect, the newest ones are sent; later, each one that appears or changes.',
      listedExample,
    ),
    event('caught-up', 'LiveListCaughtUp', 'The newest executions that match have been sent.', {}),
    event(
      'heartbeat',
      'StreamHeartbeat',
      'Sent after 15 s without another event. Reports the state of the upstream service.',
      { timestamp: '2019-05-30T20:19:16.102Z', pollIntervalMs: 2_500, upstream: 'ok' },
    ),
    event(
      'problem',
      'StreamProblem',
      'The reason why the server closes the stream early.',
      problemExample('RateLimitExceeded'),
    ),
  ],
  hasIds: false,
  beginning: ['execution', 'caught-up'],
};
