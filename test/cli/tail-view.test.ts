/** `flowtap tail --steps` on a terminal: its drawings, its updates in place, and the final output. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import { type Environment, Output } from '../../src/cli/output.ts';
import { widthOf } from '../../src/cli/plain-text.ts';
import { StepsView } from '../../src/cli/tail-view.ts';
import type { FlowMessage } from '../../src/client/client.ts';
import { ManualClock } from '../support/manual-clock.ts';

function open({
  rows = 24,
  columns = 80,
  env = {},
}: { rows?: number; columns?: number; env?: Environment } = {}) {
  const clock = new ManualClock();
  const stream = () => Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, rows, columns });
  const [stdout, stderr] = [stream(), stream()];
  const outputs = { stdout: new Output(stdout, { NO_COLOR: '1', ...env }), stderr: new Output(stderr, {}) };
  const view = new StepsView(outputs, clock);
  const written = () => String(stdout.read() ?? '');
  const at = (afterMs: number) => new Date(beganAtMs + afterMs).toISOString();
  const beganAtMs = clock.now();
  return { clock, view, written, at, notes: () => String(stderr.read() ?? '') };
}

const started = (step: string, timestamp: string): FlowMessage => ({
  eventType: 'STEP_STARTED',
  step,
  timestamp,
});

test('steps are redrawn in place when they change, and every second while they run', async () => {
  const { clock, view, written, at } = open();
  await view.message({ eventType: 'EXECUTION_STARTED', timestamp: at(0) });
  await view.message(started('Charge', at(0)));
  await clock.advance(100);
  expect(written()).toBe('RUNNING  100 ms\n● Charge  100 ms\n');
  await clock.advance(1_000);
  expect(written()).toBe('\u001b[2F\u001b[JRUNNING  1.1 s\n● Charge  1.1 s\n');
  await view.message({
    eventType: 'STEP_FAILED',
    step: 'Charge',
    error: 'CardDeclined',
    timestamp: at(1_100),
  });
  await clock.advance(100);
  expect(written()).toBe('\u001b[2F\u001b[JRUNNING  1.2 s\n✗ Charge  1.1 s  CardDeclined\n');
  await view.message({ eventType: 'EXECUTION_FAILED', timestamp: at(1_200) });
  await view.close();
  expect(written()).toMatch(/FAILED {2}1\.2 s\n✗ Charge {2}1\.1 s {2}CardDeclined\n$/);
});

test('a drawing fits into the rows of the terminal, and the final output has all steps', async () => {
  const { clock, view, written, at } = open({ rows: 8 });
  for (let step = 0; step < 12; step++) await view.message(started(`Step${step}`, at(0)));
  await clock.advance(100);
  const drawn = written().trimEnd().split('\n');
  expect(drawn).toHaveLength(6);
  expect(drawn[1]).toBe('… 8 lines above');
  expect(drawn.at(-1)).toContain('Step11');
  await view.close();
  expect(written().match(/● Step/g)).toHaveLength(12);
});

test('when rows are scarce, the steps inside successful steps are hidden first', async () => {
  const { clock, view, written, at } = open({ rows: 6 });
  const event = (id: number, upstreamType: string, step: string): FlowMessage => ({
    messageId: String(id),
    upstreamType,
    step,
    timestamp: at(0),
    ...(id > 1 && { previousMessageId: String(id - 1) }),
  });
  const types = ['ParallelStateEntered', 'ParallelStateStarted', 'PassStateEntered', 'PassStateExited'];
  for (const [index, type] of types.entries()) {
    await view.message(event(index + 1, type, type.startsWith('Pass') ? 'Inner' : 'Both'));
  }
  await view.message(event(5, 'ParallelStateSucceeded', 'Both'));
  await view.message(event(6, 'ParallelStateExited', 'Both'));
  await view.message(event(7, 'TaskStateEntered', 'After'));
  await view.message(event(8, 'TaskScheduled', 'After'));
  await clock.advance(100);
  expect(written()).toMatch(/\n✓ Both {2}0 ms\n● After {2}100 ms\n$/);
  await view.close();
});

test('a note stays the last line until the next message', async () => {
  const { clock, view, written, at } = open();
  await view.message(started('Charge', at(0)));
  await view.note('Retrying in 5.0 s.');
  await clock.advance(100);
  expect(written()).toContain('\nRetrying in 5.0 s.\n');
  await view.message(started('Ship', at(0)));
  await clock.advance(1_000);
  expect(written()).not.toContain('Retrying');
  await view.close();
});

test('a terminal without cursor movement shows the steps once, at the end', async () => {
  const { clock, view, written, notes, at } = open({ env: { TERM: 'dumb' } });
  await view.message(started('Charge', at(0)));
  await view.note('Retrying in 5.0 s.');
  await clock.advance(5_000);
  expect([written(), notes()]).toEqual(['', expect.stringContaining('Retrying')]);
  await view.close();
  expect(written()).toBe('RUNNING\n● Charge  5.0 s\n');
});

test('a line is never wider than the terminal', async () => {
  const { view, written, at } = open({ columns: 30 });
  await view.message(started('漢字'.repeat(30), at(0)));
  await view.message(started('Charge', at(0)));
  await view.message({ eventType: 'STEP_FAILED', step: 'Charge', error: 'E'.repeat(100), timestamp: at(5) });
  await view.close();
  for (const line of written().split('\n')) expect(widthOf(line)).toBeLessThanOrEqual(30);
});
