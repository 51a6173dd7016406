/** Parent and children at /watch, read again while the execution runs. */
import { expect, test } from 'vitest';

import { FlowtapConnectionError, FlowtapProblem } from '../../src/client/client.ts';
import { followRelatives } from '../../src/viewer/watch/follow-relatives.ts';
import { ManualClock } from '../support/manual-clock.ts';

/** What each request answers: a number of children, or an error. The execution ends after the last one. */
async function outcomes(answers: readonly (number | Error)[]): Promise<readonly (number | string)[]> {
  const clock = new ManualClock();
  const startMs = clock.now();
  const seen: (number | string)[] = [];
  let asked = 0;
  const over = followRelatives({
    read: async () => {
      const answer = answers[asked++] ?? 0;
      seen.push(`at ${(clock.now() - startMs) / 1000} s`);
      if (answer instanceof Error) throw answer;
      return {
        children: Array.from({ length: answer }, (_, index) => ({
          flowExecutionId: `child-${index}`,
          status: 'RUNNING' as const,
          source: 'step-functions' as const,
          upstreamStatus: 'RUNNING',
          archived: false,
          final: false,
        })),
      };
    },
    isOver: () => asked >= answers.length,
    onFound: ({ children }) => seen.push(children.length),
    onFailed: ({ message }) => seen.push(message),
    clock,
    signal: new AbortController().signal,
  });
  for (let step = 0; step < 40; step++) await clock.advance(10_000);
  await over;
  return seen;
}

test('a failed request is reported and retried after a longer pause, until the execution has ended', async () => {
  const lost = new FlowtapConnectionError('lost');
  expect(await outcomes([1, lost, lost, 2, 3])).toEqual([
    'at 0 s',
    1,
    'at 10 s',
    'lost',
    'at 30 s',
    'lost',
    'at 70 s',
    2,
    'at 80 s',
    3,
  ]);
});

test('a request that is refused for good is not repeated', async () => {
  const refused = new FlowtapProblem({
    status: 403,
    code: 'AccessDeniedException',
    title: '',
    detail: 'No.',
  });
  expect(await outcomes([refused, 1])).toEqual(['at 0 s']);
});
