import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { fingerprintAfter, fingerprintAtStart, fingerprintsAlong } from '../../src/messages/fingerprint.ts';
import type { Message } from '../../src/messages/message.ts';
import { anyHistory, anyMessage } from '../support/histories.ts';

const start = fingerprintAtStart({ source: 'things-graph', executionId: 'flow' });

const contentOf = ({ messageId, eventType }: Message): string => JSON.stringify([messageId, eventType]);

describe('the fingerprint of a position', () => {
  test('depends only on the ids and types of all messages before it', () => {
    fc.assert(
      fc.property(anyHistory(40, 1), fc.nat(), anyMessage, (history, drawn, other) => {
        const at = drawn % history.length;
        const changed = history.with(at, other);
        const [before, after] = [history, changed].map((messages) => fingerprintsAlong(start, messages));
        const same = contentOf(history[at] ?? {}) === contentOf(other);
        expect(after?.slice(0, at + 1)).toEqual(before?.slice(0, at + 1));
        for (let position = at + 1; position <= history.length; position++) {
          expect(after?.[position] === before?.[position]).toBe(same);
        }
      }),
    );
  });

  test('does not depend on how a history is split into pages', () => {
    fc.assert(
      fc.property(anyHistory(40), fc.nat(40), (history, cut) => {
        const whole = fingerprintsAlong(start, history);
        const first = fingerprintsAlong(start, history.slice(0, cut));
        const second = fingerprintsAlong(first.at(-1) ?? '', history.slice(cut));
        expect([...first, ...second.slice(1)]).toEqual(whole);
        expect(whole).toHaveLength(history.length + 1);
      }),
    );
  });

  test('differs between histories that differ only in their first message', () => {
    const run = (first: string) => [
      { messageId: first },
      ...Array.from({ length: 30 }, () => ({ messageId: '1' })),
    ];
    expect(fingerprintsAlong(start, run('a')).at(-1)).not.toBe(fingerprintsAlong(start, run('b')).at(-1));
  });

  test('differs between executions, sources and messages, even if their names joined are the same text', () => {
    const starts = [
      fingerprintAtStart({ source: 'ab', executionId: 'c' }),
      fingerprintAtStart({ source: 'a', executionId: 'bc' }),
      fingerprintAtStart({ source: 'a', executionId: 'b' }),
      fingerprintAfter(start, { messageId: 'ab', eventType: 'c' }),
      fingerprintAfter(start, { messageId: 'a', eventType: 'bc' }),
      fingerprintAfter(start, { messageId: 'a' }),
      fingerprintAfter(start, { eventType: 'a' }),
      fingerprintAfter(start, { messageId: '' }),
      fingerprintAfter(start, {}),
    ];
    expect(new Set(starts).size).toBe(starts.length);
  });

  test('does not change when a message is updated in place', () => {
    const message = { messageId: '7', eventType: 'STEP_STARTED' };
    const updated = { ...message, timestamp: '2019-05-30T22:45:40.656Z', payload: 'more' };
    expect(fingerprintAfter(start, updated)).toBe(fingerprintAfter(start, message));
  });

  test('keeps its format, because clients hold cursors that contain it', () => {
    expect(start).toBe('ecad151f5c433faf');
    expect(fingerprintAfter(start, { messageId: '0', eventType: 'EXECUTION_STARTED' })).toBe(
      '46e0f2cc91f72b85',
    );
  });
});
