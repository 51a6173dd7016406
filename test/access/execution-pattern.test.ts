import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EXECUTION_ID_CHARACTERS_MAX } from '../../src/messages/execution-id.ts';

import {
  executionPatternProblem,
  matchesAnyPattern,
  matchesPattern,
} from '../../src/access/keys/execution-pattern.ts';
import { runs } from '../support/seeded-random.ts';

/** Any UTF-16 unit, including lone surrogates. Setting up fast-check's own `binary` takes most of a second. */
const anyUnit = fc.nat(0xffff).map((unit) => String.fromCharCode(unit));

const SECURITY = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow_';
const ID = `${SECURITY}2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad`;

/** The definition of a match, in exponential time: a star matches nothing, or one character and another star. */
const naive = (pattern: string, text: string): boolean => {
  if (pattern === '') return text === '';
  if (pattern[0] === '*')
    return naive(pattern.slice(1), text) || (text !== '' && naive(pattern, text.slice(1)));
  return text !== '' && pattern[0] === text[0] && naive(pattern.slice(1), text.slice(1));
};

describe('a pattern for executions', () => {
  test.each([
    ['*', ID, true],
    [`${SECURITY}*`, ID, true],
    [`*:Workflow:SecurityFlow_*`, ID, true],
    [`urn:tdm:*/default:Workflow:*_MotionSensor_*`, ID, true],
    [ID, ID, true],
    [`${ID}*`, ID, true],
    ['*SecurityFlow*', `${SECURITY}x`.replace('Flow_', 'FlowAdmin_'), true],
    ['*SecurityFlow_*', `${SECURITY}x`.replace('Flow_', 'FlowAdmin_'), false],
    [`${SECURITY}*`, ID.toLowerCase(), false],
    [SECURITY, ID, false],
    ['', ID, false],
    ['a*a', 'a', false],
    ['ab*bc', 'abc', false],
    ['.*', ID, false],
    ['[a-z]*', 'abc', false],
    ['?', 'x', false],
  ])('%j matches %j: %j', (pattern, id, expected) => {
    expect(matchesPattern(pattern, id)).toBe(expected);
  });

  test('matches exactly what the naive definition matches', () => {
    const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 12 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, few, (p, text) => matchesPattern(p, text) === naive(p, text)),
      { numRuns: runs(5000) },
    );
  });

  test('that was made from an id by inserting stars matches that id', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: anyUnit, maxLength: 10 }), { minLength: 1 }), (parts) => {
        const literal = parts.map((part) => part.replaceAll('*', ''));
        const id = literal.join('');
        expect(matchesPattern(literal.join('*'), id)).toBe(true);
        expect(matchesPattern(`*${literal.join('*')}*`, `x${id}y`)).toBe(true);
      }),
    );
  });

  test('takes linear time where a naive search takes quadratic time', () => {
    // In quadratic time, 2 million characters would take 10^12 steps, and the test would time out.
    expect(matchesPattern(`*${'a'.repeat(1_000_000)}b*`, 'a'.repeat(2_000_000))).toBe(false);
  });

  test('allows an id even if the other patterns in its list do not; an empty list allows nothing', () => {
    expect(matchesAnyPattern(['x', `${SECURITY}*`], ID)).toBe(true);
    expect(matchesAnyPattern(['x', 'y*'], ID)).toBe(false);
    expect(matchesAnyPattern([], ID)).toBe(false);
  });

  test('is refused, with the reason, if no id can match it', () => {
    expect(executionPatternProblem('*')).toBeUndefined();
    expect(executionPatternProblem('a'.repeat(EXECUTION_ID_CHARACTERS_MAX))).toBeUndefined();
    expect(executionPatternProblem('')).toContain('empty');
    expect(executionPatternProblem('a'.repeat(EXECUTION_ID_CHARACTERS_MAX + 1))).toContain('512');
    expect(executionPatternProblem('a\nb')).toContain('control');
    expect(executionPatternProblem('\ud800')).toContain('Unicode');
    expect(executionPatternProblem(`ftk_${'a'.repeat(10)}_${'b'.repeat(38)}`)).toContain('API key');
  });

  const STATES = 'arn:aws:states:us-west-2:123456789012';
  test.each([
    [`${STATES}:stateMachine:Orders`, `${STATES}:execution:Orders:*`],
    [`${STATES}:stateMachine:Orders:7`, `${STATES}:execution:Orders:*`],
    [`${STATES}:stateMachine:Orders*`, `${STATES}:execution:Orders*:*`],
    ['arn:aws:states:*:*:stateMachine:*', 'arn:aws:states:*:*:execution:*:*'],
    ['arn:aws:states:*:stateMachine:Orders', 'arn:aws:states:*:execution:Orders:*'],
    [`${STATES}:mapRun:Orders/Label:*`, `${STATES}:execution:Orders:*`],
    [`${STATES}:express:Orders:*`, ':execution:<state machine>:<execution name>'],
    [`${STATES}:activity:Work`, ':execution:<state machine>:<execution name>'],
    ['https://us-west-2.console.aws.amazon.com/states/home*', 'console'],
  ])('%s, which names no execution, is refused with a suggestion', (pattern, instead) => {
    expect(executionPatternProblem(pattern)).toContain(instead);
  });

  test.each([
    'arn:*',
    'arn:aws:states:*',
    `${STATES}:*`,
    `${STATES}:e*`,
    `${STATES}:execution:stateMachine:*`,
    '*:stateMachine:*',
    'arn:aws:states:*:execution:Orders:*',
    'arn:aws:states:*:execution:stateMachine:*',
  ])('%s can match an execution, so it is accepted', (pattern) => {
    expect(executionPatternProblem(pattern)).toBeUndefined();
  });
});
