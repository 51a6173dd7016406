import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { matchesPattern } from '../../src/access/keys/execution-pattern.ts';
import {
  mayReadFlow,
  mayReadFlowless,
  mayReadPlace,
  soleFlowOf,
} from '../../src/access/keys/flow-pattern.ts';
import { parseFlowRef } from '../../src/core/flow-ref.ts';
import { runs } from '../support/seeded-random.ts';

const flow = (text: string) => {
  const parsed = parseFlowRef(text);
  if (!parsed) throw new Error(`not a flow: ${text}`);
  return parsed;
};
const PLACE = 'arn:aws:states:us-west-2:123456789012';
const WORKFLOW = 'urn:tdm:us-west-2/123456789012/default:Workflow:Door';
const door = flow(`${PLACE}:stateMachine:Door`);
const workflow = flow(WORKFLOW);

describe('access to the state machine Door', () => {
  test.each<[string, boolean]>([
    ['*', true],
    [`${PLACE}:execution:Door:*`, true],
    [`${PLACE}:execution:Door:front-7`, true],
    [`${PLACE}:execution:Door:`, false],
    [`${PLACE}:execution:Do*`, true],
    [`${PLACE}:execution:Door*`, true],
    [`${PLACE}:execution:Doors:*`, false],
    [`${PLACE}:execution:Door/each:*`, false],
    ['arn:aws:states:*:123456789012:execution:*', true],
    ['arn:aws:states:*:execution:Door:*', true],
    ['arn:aws:states:*:execution:Other:*', false],
    ['arn:aws:states:*:210987654321:execution:*', false],
    ['arn:*:states:*:*:execution:*:front-*', true],
    ['*or:front-7', true],
    ['*ar:front-7', false],
    ['*:front-7', true],
    ['*:Door:', false],
    ['*Door:*7', true],
    ['*front*', true],
    ['*r:*r:*r:front', false],
    ['*n:*r:front', true],
    ['*:Door:*:Door:*', false],
    [`${WORKFLOW}_*`, false],
  ])('is granted by the pattern %j: %j', (pattern, expected) => {
    expect(mayReadFlow([pattern], door)).toBe(expected);
  });
});

describe('access to the workflow Door', () => {
  test.each<[string, boolean]>([
    ['*', true],
    [`${WORKFLOW}_*`, true],
    [`${WORKFLOW}*`, true],
    [`${WORKFLOW}_2019-05*`, true],
    [`${WORKFLOW}_2019-05-11T19:39:55.317Z_MotionSensor_*`, true],
    [`${WORKFLOW}_2_*`, false],
    [`${WORKFLOW}_2_2019-05-11T19:39:55.317Z_*`, false],
    [`${WORKFLOW}Bell_*`, false],
    ['urn:tdm:*:Workflow:Door_*', true],
    ['urn:tdm:*:Workflow:Other_*', false],
    ['*_MotionSensor_*', true],
    ['*T19:39:*', true],
    ['*Door_2_*', true],
    [`${PLACE}:execution:*`, false],
  ])('is granted by the pattern %j: %j', (pattern, expected) => {
    expect(mayReadFlow([pattern], workflow)).toBe(expected);
  });
});

describe('access to the account and region', () => {
  test.each<[string, boolean]>([
    ['*', true],
    [`${PLACE}:execution:*`, true],
    [`${PLACE}:execution:Door:front-7`, true],
    ['arn:aws:states:*:execution:Door:*', true],
    ['arn:aws:states:*:210987654321:execution:*', false],
    ['arn:aws:states:eu-*:execution:Door:*', false],
    ['arn:aws:*:front', true],
    [`${WORKFLOW}_*`, false],
  ])('is granted by the pattern %j: %j', (pattern, expected) => {
    expect(mayReadPlace([pattern], { partition: 'aws', region: 'us-west-2', account: '123456789012' })).toBe(
      expected,
    );
  });
});

test('a key whose patterns match only executions of flows may read no execution without a flow', () => {
  expect(mayReadFlowless([`${PLACE}:execution:Door:*`, 'arn:*', `${WORKFLOW}_*`])).toBe(false);
  expect(mayReadFlowless(['arn:*', '69b151ad-*'])).toBe(true);
  expect(mayReadFlowless(['*'])).toBe(true);
});

describe('the only flow that patterns name', () => {
  test.each<[readonly string[], string | undefined]>([
    [[`${PLACE}:execution:Door:*`], door.flow],
    [[`${PLACE}:execution:Door:front-*`, `${PLACE}:execution:Door:back-1`], door.flow],
    [[`${PLACE}:execution:Door:*`, `${PLACE}:execution:Bell:*`], undefined],
    [[`${PLACE}:execution:Door*`], undefined],
    [[`${PLACE}:execution:*`], undefined],
    [[`${WORKFLOW}_*`], WORKFLOW],
    [[`${WORKFLOW}_2019-05*`], WORKFLOW],
    [[`${WORKFLOW}_2019-05-11T19:39:55.317Z_MotionSensor_*`], WORKFLOW],
    [[`${WORKFLOW}_2019-05-11T19:39:55.317Z_MotionSensor_1`, `${WORKFLOW}_*`], WORKFLOW],
    [[`${WORKFLOW}*`], undefined],
    [['*'], undefined],
    [['69b151ad'], undefined],
    [[`${WORKFLOW}_*`, '69b151ad'], undefined],
    [[], undefined],
  ])('for %j is %j', (patterns, expected) => {
    expect(soleFlowOf(patterns)?.flow).toBe(expected);
  });
});

/** Short names over a small alphabet, so that random patterns often match. */
const name = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 3 });
const machine = (of: string) => flow(`arn:aws:states:us-west-2:123456789012:stateMachine:${of}`);
const executionId = (of: string, own: string) =>
  `arn:aws:states:us-west-2:123456789012:execution:${of}:${own}`;

describe('access that is judged by patterns alone', () => {
  test('is granted by each pattern that matches an execution of the flow and region', () => {
    const cuts = fc.array(fc.tuple(fc.nat(60), fc.nat(60)), { minLength: 0, maxLength: 3 });
    fc.assert(
      fc.property(name, name, cuts, (of, own, stars) => {
        const id = executionId(of, own);
        let pattern = id;
        for (const [at, length] of stars) pattern = `${pattern.slice(0, at)}*${pattern.slice(at + length)}`;
        expect(matchesPattern(pattern, id)).toBe(true);
        expect(mayReadFlow([pattern], machine(of))).toBe(true);
        expect(
          mayReadPlace([pattern], { partition: 'aws', region: 'us-west-2', account: '123456789012' }),
        ).toBe(true);
      }),
      { numRuns: runs(2_000) },
    );
  });

  test('is denied by each pattern that matches no execution of the flow', () => {
    const pattern = fc
      .array(fc.constantFrom('*', ':', 'a', 'b', 'a:', ':b', 'n:a'), { maxLength: 7 })
      .map((parts) => `arn:aws:states:*:execution:${parts.join('')}`);
    /** All names of up to four letters. A pattern of at most four letters matches one of these names, or no name. */
    const letters = ['', 'a', 'b'];
    const names = letters.flatMap((a) =>
      letters.flatMap((b) => letters.flatMap((c) => letters.map((d) => a + b + c + d))),
    );
    const longer = [...names, ...names.map((short) => `${short}abab${short}`)].filter((own) => own !== '');
    fc.assert(
      fc.property(pattern, name, (given, of) => {
        const matches = longer.some((own) => matchesPattern(given, executionId(of, own)));
        // A pattern with more letters might match only longer names, so a failed search proves nothing about it.
        if (matches) expect(mayReadFlow([given], machine(of))).toBe(true);
        else if (given.replace('arn:aws:states', '').replaceAll(/[^ab]/g, '').length <= 4)
          expect(mayReadFlow([given], machine(of))).toBe(false);
      }),
      { numRuns: runs(2_000) },
    );
  });

  test('takes linear time where a naive search takes quadratic time', () => {
    const long = { ...door, flow: `${PLACE}:stateMachine:${'a'.repeat(1_000_000)}` };
    expect(mayReadFlow([`*${'a'.repeat(500_000)}b:*`], long)).toBe(false);
  });
});
