import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { parseMapRunRef } from '../../src/core/execution-arn.ts';
import { parseExecutionRef } from '../../src/core/execution-ref.ts';
import {
  executionNameOf,
  executionPrefix,
  flowOf,
  isMapRunChild,
  labelledFlow,
  notAFlow,
  parseFlowRef,
} from '../../src/core/flow-ref.ts';

const MACHINE = 'arn:aws:states:us-west-2:123456789012:stateMachine:Order';
const EXECUTION = 'arn:aws:states:us-west-2:123456789012:execution:Order:run-1';
const CHILD = 'arn:aws:states:us-west-2:123456789012:execution:Order/Lines:3f1c';
const WORKFLOW = 'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow';
const RUN = `${WORKFLOW}_2019-05-11T19:39:55.317Z_MotionSensor_69b151ad-a611-42f5-ac21-fe537f9868ad`;
const PLACE = { partition: 'aws', region: 'us-west-2', account: '123456789012' };

describe('the flow of an execution', () => {
  test('is the state machine in its ARN', () => {
    expect(flowOf(parseExecutionRef(EXECUTION))).toEqual({
      source: 'step-functions',
      flow: MACHINE,
      name: 'Order',
      arn: PLACE,
    });
    expect(executionNameOf(parseExecutionRef(EXECUTION))).toBe('run-1');
    expect(isMapRunChild(parseExecutionRef(EXECUTION))).toBe(false);
  });

  test('is the same for a child of a map run as for the parent execution', () => {
    expect(flowOf(parseExecutionRef(CHILD))?.flow).toBe(MACHINE);
    expect(executionNameOf(parseExecutionRef(CHILD))).toBe('3f1c');
    expect(isMapRunChild(parseExecutionRef(CHILD))).toBe(true);
    expect(flowOf(parseExecutionRef(CHILD))).toEqual(flowOf(parseExecutionRef(EXECUTION)));
  });

  test('is the part of a Things Graph id before the start time', () => {
    expect(flowOf(parseExecutionRef(RUN))).toEqual({
      source: 'things-graph',
      flow: WORKFLOW,
      name: 'SecurityFlow',
    });
    expect(executionNameOf(parseExecutionRef(RUN))).toBe(RUN.slice(WORKFLOW.length + 1));
    expect(flowOf(parseExecutionRef(RUN.replace('SecurityFlow', 'Door_2_x')))?.name).toBe('Door_2_x');
  });

  test('has an id prefix that children of its map runs do not have', () => {
    const flow = parseFlowRef(MACHINE);
    const prefix = flow && executionPrefix(flow);
    expect(prefix).toBe('arn:aws:states:us-west-2:123456789012:execution:Order:');
    expect(CHILD.startsWith(prefix ?? '')).toBe(false);
  });

  test.each([
    '69b151ad-a611-42f5-ac21-fe537f9868ad',
    'urn:tdm:us-west-2/123456789012/default:Workflow:SecurityFlow',
    'arn:aws:states:us-west-2:123456789012:express:Order:run-1:x',
    '',
  ])('does not exist for %j', (id) => {
    expect(flowOf(parseExecutionRef(id))).toBeUndefined();
    expect(executionNameOf(parseExecutionRef('69b151ad'))).toBeUndefined();
  });
});

describe('a flow', () => {
  test.each([MACHINE, WORKFLOW, 'arn:aws-cn:states:cn-north-1:123456789012:stateMachine:Ord-er_1'])(
    'is parsed from %s',
    (text) => {
      const flow = parseFlowRef(text);
      expect(flow?.flow).toBe(text);
      expect(flow?.source).toBe(text.startsWith('arn:') ? 'step-functions' : 'things-graph');
    },
  );

  test.each([
    [`${MACHINE}:7`, `is the ARN of a version or an alias. Give the ARN of the state machine: ${MACHINE}.`],
    [
      `${MACHINE}:PROD`,
      `is the ARN of a version or an alias. Give the ARN of the state machine: ${MACHINE}.`,
    ],
    [EXECUTION, `is the ARN of one run. Give the ARN of its state machine: ${MACHINE}.`],
    [CHILD, `is the ARN of one run. Give the ARN of its state machine: ${MACHINE}.`],
    [RUN, `is the id of one execution. Give the id of its workflow: ${WORKFLOW}.`],
    [` ${MACHINE}`, 'has spaces around an ARN. Remove them.'],
    ['arn:aws:iam::123456789012:role/x', 'is not the ARN of a state machine.'],
    ['arn:aws:states:cn-north-1:123456789012:stateMachine:A', 'is not the ARN of a state machine.'],
    ['SecurityFlow', 'is not a flow.'],
    ['', 'is not a flow.'],
  ])('is not parsed from %j, and the error text says what to give instead', (text, sentence) => {
    expect(parseFlowRef(text)).toBeUndefined();
    expect(notAFlow(text).startsWith(sentence)).toBe(true);
  });

  test('can be derived from the id of any of its executions', () => {
    const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,40}$/);
    fc.assert(
      fc.property(name, name, fc.constantFrom(MACHINE, WORKFLOW), (flowName, run, example) => {
        const flow = parseFlowRef(example.replace(/[^:]+$/, flowName));
        if (!flow) return expect.unreachable();
        const id = flow.arn
          ? `${executionPrefix(flow)}${run}`
          : `${executionPrefix(flow)}2019-05-11T19:39:55.317Z_${run}`;
        expect(flowOf(parseExecutionRef(id))).toEqual(flow);
      }),
    );
  });
});

test('the ARN of a map run is parsed into region, account, state machine and label; other ARNs are not parsed', () => {
  const mapRunArn = 'arn:aws:states:us-west-2:123456789012:mapRun:Order/Lines:3f1c';
  const arn = { ...PLACE, machine: 'Order', label: 'Lines' };
  expect(parseMapRunRef(mapRunArn)).toEqual({ mapRunArn, arn });
  expect(labelledFlow(arn)).toEqual({
    source: 'step-functions',
    flow: `${MACHINE}/Lines`,
    name: 'Order/Lines',
    arn: PLACE,
  });
  expect(executionPrefix(labelledFlow(arn))).toBe(CHILD.slice(0, CHILD.lastIndexOf(':') + 1));
  for (const text of [MACHINE, EXECUTION, CHILD, 'arn:aws:states:us-west-2:123456789012:mapRun:Order']) {
    expect(parseMapRunRef(text)).toBeUndefined();
  }
});
