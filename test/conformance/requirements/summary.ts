import assert from 'node:assert/strict';
import { requirement, type Section } from '../requirement.ts';
import { assertBetween, eventually, history, idsIn, isPending, pageOf, summaryOf } from '../target.ts';

/**
 * The most upstream calls until an answer includes a new message: a poll that was in flight, the next poll, and
 * one that began before the test read the count again.
 */
const POLLS_MAX = 3;

export const summary: Section = {
  title: 'The summary',
  requirements: [
    requirement(
      '`asOf` is the time of the last upstream read. It is absent if the execution is archived.',
      'the summary of a running execution has status, messageCount and asOf, and no member about its end',
      ['emulator'],
      async (target) => {
        const id = target.newId('running');
        await target.script(id, history(4));
        const beganAt = Date.now();
        const { asOf, ...summary } = await target.json(summaryOf(id));
        assertBetween(Date.parse(asOf), beganAt, Date.now());
        assert.deepEqual(summary, {
          flowExecutionId: id,
          source: 'things-graph',
          status: 'RUNNING',
          startedAt: new Date(1_700_000_000_000).toISOString(),
          messageCount: 4,
          final: false,
        });
      },
    ),
    requirement(
      '`failure` is the failure that ended the execution, not one that was caught. A page from its `cursor` begins with the failure.',
      '`failure` is the last failure that was not caught, with its step and a cursor to its message',
      ['emulator'],
      async (target) => {
        const id = target.newId('failed');
        const types = [
          ['EXECUTION_STARTED', 'Flow execution started'],
          ['STEP_STARTED', '{stepId: Step1, input: null}'],
          ['ACTIVITY_FAILED', 'timed out; it will be tried again'],
          ['ACTIVITY_SUCCEEDED', ''],
          ['STEP_SUCCEEDED', '{stepId: Step1, output: null}'],
          ['STEP_STARTED', '{stepId: Step2, input: null}'],
          ['STEP_FAILED', '{stepId: Step2, error: the door is stuck}'],
          ['EXECUTION_FAILED', 'Flow execution failed'],
        ];
        await target.script(
          id,
          types.map(([eventType = '', payload = ''], index) => ({
            messageId: String(index),
            eventType,
            payload,
            timestamp: 1_700_000_000 + index,
          })),
        );
        const summary = await target.json(summaryOf(id));
        assert.deepEqual(
          [summary['status'], summary['durationMs'], summary['messageCount'], summary['failure'].messageId],
          ['FAILED', 7_000, 8, '6'],
        );
        assert.equal(summary['failure'].step, 'Step2');
        const page = await target.json(pageOf(id, `cursor=${summary['failure'].cursor}`));
        assert.deepEqual(idsIn(page), ['6', '7']);
        await eventually(async () => {
          const archived = await target.json(summaryOf(id));
          assert.deepEqual([archived['final'], archived['asOf']], [true, undefined]);
          assert.match(archived['archivedAt'], /Z$/);
          assert.deepEqual(archived['failure'], summary['failure']);
        });
      },
    ),
    requirement(
      'With `?waitTimeSeconds=0..50`, the answer waits until the execution ends or the time is up.',
      'a waiting request is answered soon after the execution ends, or with RUNNING when the time is up',
      ['emulator'],
      async (target) => {
        const id = target.newId('wait');
        await target.script(id, history(3));
        const waiting = target.json(summaryOf(id, 'waitTimeSeconds=50'));
        const beganAt = Date.now();
        assert.equal((await target.json(summaryOf(id, 'waitTimeSeconds=2')))['status'], 'RUNNING');
        assert(Date.now() - beganAt > 1_800);
        assert(await isPending(waiting));
        await target.script(id, [{ messageId: '3', eventType: 'EXECUTION_ABORTED' }], true);
        const { calls } = await target.calls(id);
        assert.equal((await waiting)['status'], 'ABORTED');
        assert((await target.calls(id)).calls <= calls + POLLS_MAX);
      },
      20,
    ),
  ],
};
