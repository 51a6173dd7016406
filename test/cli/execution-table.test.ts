/** The table of executions on a terminal. */
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';

import type { ListedExecution } from '../../src/client/client.ts';
import { executionFields, executionTable } from '../../src/cli/execution-table.ts';
import { Output } from '../../src/cli/output.ts';
import { widthOf } from '../../src/cli/plain-text.ts';

const NOW = Date.UTC(2026, 0, 1, 12);
const BEGINNING = 'arn:aws:states:us-west-2:123456789012:execution:Door:';

const output = (columns: number, env = { NO_COLOR: '1' }) =>
  new Output(Object.assign(new PassThrough(), { isTTY: true, columns }), env);
const execution = (name: string, more: Partial<ListedExecution> = {}): ListedExecution => ({
  flowExecutionId: BEGINNING + name,
  name,
  source: 'step-functions',
  status: 'SUCCEEDED',
  startedAt: new Date(NOW - 3_600_000).toISOString(),
  durationMs: 1_510,
  archived: false,
  final: false,
  ...more,
});

test('a wide terminal shows ids, and a narrow one shows names and the common prefix of the ids', () => {
  const executions = [execution('one'), execution('two')];
  const [head, first] = executionTable(executions, output(140), NOW);
  expect(head).toMatch(/^STATUS +STARTED +TOOK +ID$/);
  expect(first).toMatch(new RegExp(`^SUCCEEDED  2026-01-01 ..:00:00  1.5 s +${BEGINNING}one$`));
  const narrow = executionTable(executions, output(80), NOW);
  expect(narrow[0]).toMatch(/NAME$/);
  expect(narrow[1]).toMatch(/ one$/);
  expect(narrow.at(-1)).toBe(`An id is ${BEGINNING}<name>`);
  expect(
    executionTable([...executions, execution('x', { flowExecutionId: 'y'.repeat(99) })], output(80), NOW),
  ).toHaveLength(4);
});

test('a running execution shows the time since its start, or no time if its start is unknown', () => {
  const { durationMs: _ended, ...running } = execution('one', { status: 'RUNNING' });
  const { startedAt: _start, ...timeless } = running;
  const lines = executionTable([running, timeless], output(80), NOW);
  expect(lines[1]).toMatch(/^RUNNING .* 1 h 0 min +one$/);
  expect(lines[2]).toMatch(/^RUNNING +– +one$/);
});

test('no line is wider than the terminal or contains control characters, whatever the names', () => {
  const names = [
    'x'.repeat(300),
    '漢字'.repeat(50),
    '🟢'.repeat(50),
    'a\u001b[2Jb\u202ec',
    'line\nbreak\ttab',
  ];
  const executions = names.map((name) => execution(name, { upstreamStatus: name }));
  for (const columns of [60, 80, 139]) {
    for (const line of executionTable(executions, output(columns), NOW)) {
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
      // eslint-disable-next-line no-control-regex
      expect(line).not.toMatch(/[\u0000-\u001f\u202e]/);
    }
  }
  for (const one of executions) expect(executionFields(one).split('\t')).toHaveLength(4);
});
