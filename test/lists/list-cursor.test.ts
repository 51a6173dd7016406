import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseFlowRef } from '../../src/core/flow-ref.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import {
  FLOWS_LIST,
  LIST_CURSOR_CHARACTERS_MAX,
  decodeListCursor,
  encodeListCursor,
  nameOfList,
} from '../../src/lists/list-cursor.ts';
import type { ListRequest } from '../../src/lists/lists.ts';
import { decodeCursor, encodeCursor } from '../../src/messages/cursor.ts';

const keys = { current: new Uint8Array(32).fill(1) };
const door = parseFlowRef('arn:aws:states:us-west-2:123456789012:stateMachine:Door');
const bell = parseFlowRef('arn:aws:states:us-west-2:123456789012:stateMachine:Bell');
if (!door || !bell) throw new Error('not flows');
const list: Pick<ListRequest, 'of' | 'statuses' | 'namePrefix' | 'startedAfterMs' | 'startedBeforeMs'> = {
  of: { flow: door },
  statuses: ['FAILED', 'RUNNING'],
  namePrefix: 'front-',
  startedAfterMs: 1,
  startedBeforeMs: 2,
};
const PLACE = '08639998239999999.0123456789abcdef0123456789abcdef';

describe('a cursor of a list', () => {
  test('decodes to its place in its own list', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (place) => {
        expect(decodeListCursor(keys, FLOWS_LIST, encodeListCursor(keys, FLOWS_LIST, place))).toBe(place);
      }),
    );
  });

  test.each<[string, Partial<typeof list>]>([
    ['of another flow', { of: { flow: bell } }],
    ['of executions that belong to no flow', { of: { source: 'step-functions' } }],
    ['of other statuses', { statuses: ['RUNNING'] }],
    ['with another prefix', { namePrefix: 'front' }],
    ['after another time', { startedAfterMs: 0 }],
    ['before another time', { startedBeforeMs: 3 }],
  ])('is invalid in a list %s', (_, other) => {
    const cursor = encodeListCursor(keys, nameOfList(list), PLACE);
    expect(decodeListCursor(keys, nameOfList(list), cursor)).toBe(PLACE);
    expect(decodeListCursor(keys, nameOfList({ ...list, ...other }), cursor)).toBeUndefined();
    expect(decodeListCursor(keys, FLOWS_LIST, cursor)).toBeUndefined();
  });

  test('stays valid if the statuses are reordered, or if all statuses are listed instead of none', () => {
    const { statuses: _, ...any } = list;
    expect(nameOfList({ ...list, statuses: ['RUNNING', 'FAILED', 'FAILED'] })).toBe(nameOfList(list));
    expect(nameOfList({ ...list, statuses: ['SUCCEEDED', 'ABORTED', 'FAILED', 'RUNNING'] })).toBe(
      nameOfList(any),
    );
  });

  test('is invalid if a character is changed, if the cursor is truncated, or if another key signed it', () => {
    const cursor = encodeListCursor(keys, FLOWS_LIST, PLACE);
    for (let at = 0; at < cursor.length; at++) {
      const other = cursor[at] === 'A' ? 'B' : 'A';
      expect(
        decodeListCursor(keys, FLOWS_LIST, cursor.slice(0, at) + other + cursor.slice(at + 1)),
      ).toBeUndefined();
      expect(decodeListCursor(keys, FLOWS_LIST, cursor.slice(0, at))).toBeUndefined();
    }
    expect(decodeListCursor({ current: new Uint8Array(32) }, FLOWS_LIST, cursor)).toBeUndefined();
    expect(
      decodeListCursor({ current: new Uint8Array(32), previous: keys.current }, FLOWS_LIST, cursor),
    ).toBe(PLACE);
    expect(
      decodeListCursor(
        keys,
        FLOWS_LIST,
        encodeListCursor(keys, FLOWS_LIST, 'x'.repeat(LIST_CURSOR_CHARACTERS_MAX)),
      ),
    ).toBeUndefined();
  });

  test('is invalid as a cursor of a history, and a cursor of a history is invalid for a list', () => {
    const execution = parseExecutionRef('some-id');
    const context = JSON.stringify([execution.source, execution.executionId]);
    // With a place of 12 characters, the cursor is as long as a cursor of a history.
    const ofList = encodeListCursor(keys, context, 'x'.repeat(12));
    const ofHistory = encodeCursor(keys, execution, {
      position: 1,
      fingerprint: '0'.repeat(16),
      end: 'none',
    });
    expect(ofList.length).toBe(ofHistory.length);
    expect(decodeListCursor(keys, context, ofList)).toBe('x'.repeat(12));
    expect(decodeCursor(keys, execution, ofList)).toBeUndefined();
    expect(decodeListCursor(keys, context, ofHistory)).toBeUndefined();
  });
});
