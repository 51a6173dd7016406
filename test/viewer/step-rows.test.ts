import { expect, test } from 'vitest';

import type { Step } from '../../src/client/client.ts';
import { pathToMessage, stepRows, tallyOf } from '../../src/viewer/steps/step-rows.ts';

const step = (name: string, more: Partial<Step> = {}): Step => ({
  name,
  kind: 'task',
  status: 'SUCCEEDED',
  attempts: 1,
  caught: false,
  children: [],
  messageIds: [],
  ...more,
});
const failed = (name: string, more: Partial<Step> = {}): Step =>
  step(name, { status: 'FAILED', error: 'E', ...more });
const execution = (...children: Step[]): Step => step('', { kind: 'execution', status: 'FAILED', children });
const NONE = { chosen: new Map<string, boolean>() };
const handled = (root: Step): string[] =>
  stepRows(root, NONE).flatMap(({ step: { name }, isHandled }) => (isHandled ? [name] : []));

test('rows have their level, position and number of siblings in the tree', () => {
  const root = execution(
    step('a', { children: [step('b'), step('c', { children: [step('d')] })] }),
    step('e'),
  );
  expect(
    stepRows(root, NONE).map(({ step: { name }, key, level, position, siblings }) => [
      name,
      key,
      level,
      position,
      siblings,
    ]),
  ).toEqual([
    ['a', '0', 1, 1, 2],
    ['b', '0.0', 2, 1, 2],
    ['c', '0.1', 2, 2, 2],
    ['d', '0.1.0', 3, 1, 1],
    ['e', '1', 1, 2, 2],
  ]);
});

test('a collapsed step hides its children', () => {
  const root = execution(step('a', { children: [step('b')] }), step('c'));
  const rows = stepRows(root, { chosen: new Map([['0', false]]) });
  expect(rows.map(({ step: { name }, isExpanded }) => [name, isExpanded])).toEqual([
    ['a', false],
    ['c', undefined],
  ]);
});

test('if there are many steps, iterations that succeeded are collapsed at first', () => {
  const iteration = (name: string, status: Step['status']) =>
    step(name, { kind: 'iteration', status, children: [step('work')] });
  const many = Array.from({ length: 200 }, (_, index) =>
    iteration(String(index), index === 7 ? 'FAILED' : 'SUCCEEDED'),
  );
  const rows = stepRows(execution(step('map', { kind: 'map', children: many })), NONE);
  expect(rows).toHaveLength(1 + 200 + 1);
});

test('failures that were caught or retried are handled, and so are failures inside them', () => {
  const root = execution(
    failed('caught', { caught: true, children: [failed('inside')] }),
    step('retried', { attempts: 3, children: [failed('first attempt')] }),
    failed('fatal', { children: [failed('inner')] }),
  );
  expect(handled(root)).toEqual(['caught', 'inside', 'retried', 'first attempt']);
  expect(tallyOf(root)).toMatchObject({
    steps: 6,
    branches: 0,
    iterations: 0,
    marks: { failed: 2, handled: 3, retried: 1, succeeded: 0 },
  });
});

test('if the execution succeeded, all its failures are handled', () => {
  expect(handled({ ...execution(failed('a')), status: 'SUCCEEDED' })).toEqual(['a']);
});

test('pathToMessage gives the rows that lead to the step of a message', () => {
  const root = execution(step('a', { children: [step('b', { messageIds: ['7'] })] }));
  expect(pathToMessage(root, '7')).toEqual(['0', '0.0']);
  expect(pathToMessage(root, '8')).toEqual([]);
});

test('steps that are running again are counted as retrying', () => {
  const again = step('again', { status: 'RUNNING', attempts: 2 });
  const once = step('once', { status: 'RUNNING' });
  expect(tallyOf(execution(again, once, step('done', { attempts: 2 })))).toMatchObject({
    retries: 2,
    retrying: 1,
  });
});

test('branches, maps and iterations that only contain running steps are not counted as working', () => {
  const running = (name: string, kind: Step['kind'], ...children: Step[]): Step =>
    step(name, { kind, status: 'RUNNING', children });
  const pay = running('pay', 'task');
  const iteration = running('0', 'iteration', running('wait', 'wait'));
  const root = execution(
    running(
      'both',
      'parallel',
      running('0', 'branch', pay),
      running('1', 'branch', running('each', 'map', iteration)),
    ),
  );
  expect(tallyOf(root)).toMatchObject({ steps: 7, working: 2, marks: { running: 7 } });
});
