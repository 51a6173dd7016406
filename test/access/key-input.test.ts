import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseKeyChange, parseNewKey, parseRotation } from '../../src/access/keys/key-input.ts';
import { EXECUTION_PATTERNS_MAX } from '../../src/access/keys/execution-pattern.ts';
import type { Result } from '../../src/core/errors.ts';

const NOW = Date.UTC(2026, 0, 1);
const KEY_TEXT = `ftk_${'a'.repeat(10)}_${'b'.repeat(38)}`;

const wrongMembers = (result: Result<unknown>): readonly string[] =>
  result.ok || result.failure.type !== 'invalid-input' ? [] : result.failure.errors.map(({ name }) => name);

describe('a new key', () => {
  test('needs a name and a payload level, and may read no execution by default', () => {
    expect(parseNewKey({ name: 'partner', payloads: 'none' }, NOW)).toEqual({
      ok: true,
      value: {
        name: 'partner',
        payloads: 'none',
        executions: [],
        tickets: false,
        tier: 'standard',
        streamLimit: 100,
        totalStreamLimit: 1000,
      },
    });
    expect(wrongMembers(parseNewKey({}, NOW))).toEqual(['name', 'payloads']);
  });

  test('keeps all given members, and converts its expiry to UTC', () => {
    const all = {
      name: 'partner',
      owner: 'Ada',
      executions: ['a*', 'b'],
      payloads: 'full',
      tickets: true,
      tier: 'high',
      streamLimit: 1,
      totalStreamLimit: 2,
    };
    expect(parseNewKey({ ...all, expiresAt: '2026-01-01T02:00:00+01:00' }, NOW)).toEqual({
      ok: true,
      value: { ...all, expiresAt: '2026-01-01T01:00:00.000Z' },
    });
  });

  test.each([
    [{ name: '' }, 'name'],
    [{ name: 'x'.repeat(101) }, 'name'],
    [{ name: 'a\nb' }, 'name'],
    [{ name: `key ${KEY_TEXT}` }, 'name'],
    [{ owner: KEY_TEXT }, 'owner'],
    [{ owner: null }, 'owner'],
    [{ expiresAt: '2025-12-31T23:59:59Z' }, 'expiresAt'],
    [{ expiresAt: '2026-01-01' }, 'expiresAt'],
    [{ expiresAt: 1_800_000_000 }, 'expiresAt'],
    [{ expiresAt: null }, 'expiresAt'],
    [{ expiresAt: '9999-12-31T23:59:59-01:00' }, 'expiresAt'],
    [{ name: 'half of a \ud83d' }, 'name'],
    [{ owner: '\udd11 the other' }, 'owner'],
    [{ executions: 'all' }, 'executions'],
    [{ executions: ['ok', ''] }, 'executions.1'],
    [{ executions: ['a'.repeat(513)] }, 'executions.0'],
    [{ executions: [KEY_TEXT] }, 'executions.0'],
    [{ executions: Array.from({ length: EXECUTION_PATTERNS_MAX + 1 }, () => '*') }, 'executions'],
    [{ payloads: 'some' }, 'payloads'],
    [{ tickets: 'yes' }, 'tickets'],
    [{ tier: 'low' }, 'tier'],
    [{ streamLimit: 0 }, 'streamLimit'],
    [{ streamLimit: 1001 }, 'streamLimit'],
    [{ streamLimit: 1.5 }, 'streamLimit'],
    [{ totalStreamLimit: 0 }, 'totalStreamLimit'],
    [{ totalStreamLimit: 100_001 }, 'totalStreamLimit'],
    [{ execution: ['*'] }, 'execution'],
  ])('with %j is refused, and the error names the wrong member', (wrong, member) => {
    expect(wrongMembers(parseNewKey({ name: 'partner', payloads: 'none', ...wrong }, NOW))).toEqual([member]);
  });

  test('each error says what the member must be', () => {
    const result = parseNewKey({ name: 'partner', payloads: 'some', nmae: 1 }, NOW);
    expect(result).toMatchObject({
      failure: {
        errors: [
          { in: 'body', name: 'payloads', detail: 'must be "full", "names" or "none".' },
          { in: 'body', name: 'nmae', detail: 'is not known here.' },
        ],
      },
    });
  });
});

describe('a change of a key', () => {
  test('contains exactly the given members; null removes expiry and owner', () => {
    expect(parseKeyChange({ executions: [] }, NOW)).toEqual({ ok: true, value: { executions: [] } });
    expect(parseKeyChange({ owner: null, expiresAt: null }, NOW)).toEqual({
      ok: true,
      value: { owner: null, expiresAt: null },
    });
  });

  test('is refused if it is empty, names an unchangeable member, or removes a required one', () => {
    expect(wrongMembers(parseKeyChange({}, NOW))).toEqual(['body']);
    expect(wrongMembers(parseKeyChange({ id: 'x', createdAt: 'x', revokedAt: null }, NOW))).toEqual([
      'id',
      'createdAt',
      'revokedAt',
    ]);
    expect(wrongMembers(parseKeyChange({ name: null }, NOW))).toEqual(['name']);
  });
});

describe('a rotation', () => {
  test('keeps the old credential for a day by default', () => {
    expect(parseRotation(undefined)).toEqual({ ok: true, value: { overlapSeconds: 86_400 } });
    expect(parseRotation({ overlapSeconds: 0 })).toEqual({ ok: true, value: { overlapSeconds: 0 } });
    for (const overlapSeconds of [-1, 0.5, 30 * 86_400 + 1, '60', null]) {
      expect(wrongMembers(parseRotation({ overlapSeconds }))).toEqual(['overlapSeconds']);
    }
  });
});

test('any JSON is accepted or refused without an exception', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (body) => {
      for (const result of [parseNewKey(body, NOW), parseKeyChange(body, NOW), parseRotation(body)]) {
        if (!result.ok) expect(result.failure.type).toBe('invalid-input');
      }
    }),
  );
});
