/** Expected trees of steps, written by hand for recorded histories of AWS and for flows of the emulator. */
import { describe, expect, test } from 'vitest';
import { type FlowMessage, toSteps } from '../../../src/client/client.ts';
import { STATE_MACHINES } from '../../../src/emulator/scenarios/step-functions-machines.ts';
import { readRecordedHistories } from '../../step-functions/recorded-histories.ts';
import { stepFunctionsMessages, thingsGraphMessages } from './named-messages.ts';
import { outline, unindented } from './outline.ts';

const histories = readRecordedHistories();

function recorded(name: string): FlowMessage[] {
  const history = histories.find(({ recordedBy }) => recordedBy.endsWith(`::${name}`));
  if (!history) throw new Error(`no recorded history of ${name}`);
  return stepFunctionsMessages(history.events);
}

const LABELLED: readonly (readonly [test: string, tree: string])[] = [
  [
    'test_map_state_legacy_config_inline',
    `execution SUCCEEDED
       map MapState SUCCEEDED
         iteration 0 SUCCEEDED
           pass IteratorInner SUCCEEDED
         iteration 1 SUCCEEDED
           pass IteratorInner SUCCEEDED
       succeed Finish SUCCEEDED`,
  ],
  [
    'test_catch_error_variable_sampling[TASK_CATCH_ERROR_VARIABLE_SAMPLING]',
    `execution SUCCEEDED
       task Task FAILED Exception caught
       pass Fallback SUCCEEDED`,
  ],
  [
    'test_lambda_invoke_with_retry_extended_input',
    `execution SUCCEEDED
       task InvokeLambdaWithRetry FAILED x4 Exception caught
       pass HandleError SUCCEEDED`,
  ],
  [
    'test_parallel_state[PARALLEL_STATE_PARAMETERS]',
    `execution SUCCEEDED
       parallel TestState SUCCEEDED
         branch 0 SUCCEEDED
           pass Branch0State0 SUCCEEDED
         branch 1 SUCCEEDED
           pass Branch1State0 SUCCEEDED`,
  ],
  [
    'test_sqs_failure_in_wait_for_task_tok_no_error_field[SQS_PARALLEL_WAIT_FOR_TASK_TOKEN]',
    `execution SUCCEEDED
       parallel ParallelJob FAILED caught
         branch 0 FAILED
           task SendMessageWithWait FAILED
       pass CaughtStatesALL SUCCEEDED`,
  ],
  [
    'test_parallel_catch_error[PARALLEL_CATCH_ERROR_OUTPUT_WITH_RETRY]',
    `execution SUCCEEDED
       parallel ParallelState FAILED x2 Exception caught
         branch 0 FAILED Exception
           task ExecuteLambdaTask FAILED Exception
         branch 1 FAILED Exception
           task ExecuteLambdaTask FAILED Exception
       pass Fallback SUCCEEDED`,
  ],
  [
    'test_map_state_catch_empty_fail',
    `execution FAILED
       pass StartState SUCCEEDED
       map MapState FAILED
         iteration 0 FAILED
           fail HandleItemFail FAILED`,
  ],
  [
    'test_map_catch_error[MAP_CATCH_ERROR_OUTPUT]',
    `execution SUCCEEDED
       map ProcessItems SUCCEEDED
         iteration 0 SUCCEEDED
           task ProcessItem FAILED Exception caught
           pass Fallback SUCCEEDED
         iteration 1 SUCCEEDED
           task ProcessItem FAILED Exception caught
           pass Fallback SUCCEEDED
         iteration 2 SUCCEEDED
           task ProcessItem FAILED Exception caught
           pass Fallback SUCCEEDED`,
  ],
  [
    // All four iterations timed out. AWS reports the first as failed and aborts the others.
    'test_service_lambda_map_timeout',
    `execution FAILED States.Timeout
       map MapWait FAILED States.Timeout
         iteration 0 FAILED States.Timeout
           task LambdaInvoke FAILED States.Timeout
         iteration 1 ABORTED
           task LambdaInvoke FAILED States.Timeout
         iteration 2 ABORTED
           task LambdaInvoke FAILED States.Timeout
         iteration 3 ABORTED
           task LambdaInvoke FAILED States.Timeout`,
  ],
  [
    'test_fixed_timeout_lambda',
    `execution FAILED States.Timeout
       task Start FAILED States.Timeout`,
  ],
  [
    'test_map_item_reader_csv_max_items_paths[-1]',
    `execution FAILED States.ItemReaderFailed
       map MapState FAILED States.ItemReaderFailed`,
  ],
  [
    'test_map_state_items_input_types[object]',
    `execution FAILED States.QueryEvaluationError
       pass Start SUCCEEDED
       map MapIterateState FAILED States.QueryEvaluationError`,
  ],
  [
    // A Catch leads to a Fail state. The task's failure was caught, but the execution still failed.
    'test_s3_no_such_key',
    `execution FAILED
       task StartState FAILED S3.NoSuchKeyException caught
       fail NoSuchKeyState FAILED`,
  ],
  [
    'test_stop_execution',
    `execution ABORTED
       wait State_1 ABORTED`,
  ],
];

describe('a recorded history of Step Functions has the expected steps', () => {
  test.each(LABELLED)('%s', (name, tree) => {
    expect(outline(toSteps(recorded(name)))).toBe(unindented(tree));
  });
});

const RUN = { home: 'arn:aws:states:us-west-2:123456789012', startMs: 0, suffix: 'uuid' };

const machine = (name: string): FlowMessage[] =>
  stepFunctionsMessages(
    STATE_MACHINES.find((known) => known.name === name)
      ?.beats(RUN)
      .map(({ afterMs, event }) => ({
        ...event,
        timestamp: afterMs / 1000,
      })) ?? [],
  );

test('branches stay separate even if each event refers to the event recorded before it', () => {
  expect(outline(toSteps(machine('ParallelBranches')))).toBe(
    unindented(`execution SUCCEEDED
                  parallel TestState SUCCEEDED
                    branch 0 SUCCEEDED
                      pass Branch0State0 SUCCEEDED
                    branch 1 SUCCEEDED
                      pass Branch1State0 SUCCEEDED`),
  );
});

test('a redriven step is the same step with one more attempt', () => {
  const messages = machine('Redriven');
  const failedAt = messages.findIndex(({ eventType }) => eventType === 'EXECUTION_FAILED');
  expect(outline(toSteps(messages.slice(0, failedAt + 1)))).toBe(
    unindented(`execution FAILED Lambda.ResourceNotFoundException
                  task Start FAILED Lambda.ResourceNotFoundException`),
  );
  expect(outline(toSteps(messages.slice(0, failedAt + 3)))).toBe(
    unindented(`execution RUNNING x2
                  task Start RUNNING x2`),
  );
  expect(outline(toSteps(messages))).toBe(
    unindented(`execution SUCCEEDED x2
                  task Start SUCCEEDED x2`),
  );
});

test('a step of Things Graph counts retries, and fails with its error', () => {
  expect(outline(toSteps(thingsGraphMessages('FailingFlow')))).toBe(
    unindented(`execution FAILED ThingActionFailed
                  step Step1ReadOrderLambda SUCCEEDED x2
                  step Step2IsDoorKnown SUCCEEDED
                  step Step3OpenDoor FAILED ThingActionFailed`),
  );
});

test('a step of Things Graph that never ended is aborted with its flow', () => {
  expect(outline(toSteps(thingsGraphMessages('AbortedFlow')))).toBe(
    unindented(`execution ABORTED
                  step Step1PrepareLambda SUCCEEDED
                  step Step2WorkOffLambda ABORTED`),
  );
});
