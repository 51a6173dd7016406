/** Tests that /watch reads the parent and children of an execution repeatedly while the execution runs. */
import { expect, test } from 'vitest';

import { FlowtapConnectionError, FlowtapProblem } from '../../src/client/client.ts';
import { followRelatives } from '../../src/viewer/watch/follow-relatives.ts';
import { ManualClock } from '../support/manual-clock.ts';

/**
 * Runs followRelatives against these answers: numbers of children, or errors. The execution ends after the last
 * answer. Returns the times of the requests and their outcomes.
 */
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

test('failed requests are reported and retried after longer and longer pauses, until the execution ends', async () => {
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

test('a request that was refused with a 403 is neither reported nor repeated', async () => {
  const refused = new FlowtapProblem({
    status: 403,
    code: 'AccessDeniedException',
    title: '',
    detail: 'No.',
  });
  expect(await outcomes([refused, 1])).toEqual(['at 0 s']);
});
