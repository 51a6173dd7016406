import { expect, test } from 'vitest';

import {
  type ListView,
  listFragment,
  parseLocation,
  queryOf,
} from '../../src/viewer/watch/watch-location.ts';

const FLOW = 'arn:aws:states:us-west-2:123456789012:stateMachine:A';
const VIEW: ListView = { flow: FLOW, statuses: ['RUNNING', 'FAILED'], namePrefix: 'a&b=ö', since: '24h' };

test('parsing the address of a list view gives the same view', () => {
  expect(parseLocation(listFragment(VIEW))).toEqual({ type: 'list', view: VIEW });
  expect(listFragment(VIEW)).toMatch(/^#flow=arn:aws:states:.*&status=RUNNING,FAILED&/);
  const between = {
    flow: FLOW,
    statuses: [],
    namePrefix: '',
    from: '2026-11-29T16:00',
    to: '2026-11-29T18:00',
  };
  expect(parseLocation(listFragment(between))).toEqual({ type: 'list', view: between });
});

test('an address with an execution and a ticket leads to that execution', () => {
  expect(parseLocation('#execution=a&ticket=t&message=17')).toEqual({
    type: 'execution',
    execution: 'a',
    ticket: 't',
    message: '17',
  });
});

test('invalid parameters of an address are ignored', () => {
  const view = { statuses: ['FAILED'], namePrefix: '' };
  expect(parseLocation('#status=FAILED,LOST&since=constructor&from=yesterday')).toEqual({
    type: 'list',
    view,
  });
});

test('the time range of a view becomes start times, and a view without a flow makes no request', () => {
  const nowMs = Date.parse('2026-11-29T16:00:00Z');
  expect(queryOf(VIEW, nowMs)).toEqual({
    flow: FLOW,
    statuses: ['RUNNING', 'FAILED'],
    namePrefix: 'a&b=ö',
    startedAfter: '2026-11-28T16:00:00.000Z',
  });
  const from = '2026-11-29T16:00';
  expect(queryOf({ flow: 'source:things-graph', statuses: [], namePrefix: '', from }, nowMs)).toEqual({
    source: 'things-graph',
    startedAfter: new Date(from).toISOString(),
  });
  expect(queryOf({ statuses: [], namePrefix: '' }, nowMs)).toBeUndefined();
});
