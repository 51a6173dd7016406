import { expect, test } from 'vitest';

import type { FlowMessage } from '../../src/client/client.ts';
import { FilteredMessages, NO_FILTER } from '../../src/viewer/messages/message-filter.ts';
import { fileNameOf, messagesAsLines } from '../../src/viewer/messages/download-messages.ts';

const MESSAGES: readonly FlowMessage[] = [
  {
    messageId: '1',
    eventType: 'STEP_STARTED',
    upstreamType: 'TaskStateEntered',
    step: 'A',
    payload: 'Find Me',
  },
  { messageId: '2', eventType: 'ACTIVITY_FAILED', upstreamType: 'TaskFailed', step: 'A', error: 'findme' },
  { messageId: '3', eventType: 'STEP_STARTED', upstreamType: 'TaskStateEntered', step: 'B' },
];
const found = (filter: object): (string | undefined)[] =>
  new FilteredMessages().of(MESSAGES, { ...NO_FILTER, ...filter }).map(({ messageId }) => messageId);

test.each([
  [{}, ['1', '2', '3']],
  [{ type: 'STEP_STARTED' }, ['1', '3']],
  [{ type: 'TaskFailed' }, ['2']],
  [{ step: 'A' }, ['1', '2']],
  [{ text: 'find me' }, ['1']],
  [{ text: 'FINDME' }, ['2']],
  [{ ids: new Set(['3']) }, ['3']],
  [{ step: 'A', type: 'STEP_STARTED' }, ['1']],
])('the filter %j finds the messages %j', (filter, ids) => {
  expect(found(filter)).toEqual(ids);
});

test('results include messages that are added later, and are computed anew for another history', () => {
  const filtered = new FilteredMessages();
  const filter = { ...NO_FILTER, step: 'A' };
  expect(filtered.of(MESSAGES.slice(0, 1), filter)).toHaveLength(1);
  expect(filtered.of(MESSAGES, filter)).toHaveLength(2);
  const others = MESSAGES.map((message) => ({ ...message, step: 'A' }));
  expect(filtered.of(others, filter)).toEqual(others);
});

test('a download has one message per line, and a file name that is valid everywhere', () => {
  expect(
    messagesAsLines(MESSAGES)
      .split('\n')
      .slice(0, 3)
      .map((line) => JSON.parse(line) as unknown),
  ).toEqual(MESSAGES);
  expect(fileNameOf('arn:aws:states:us-west-2:1:execution:A:b')).toBe(
    'arn_aws_states_us-west-2_1_execution_A_b',
  );
  expect(fileNameOf('../..')).toBe('messages');
});
