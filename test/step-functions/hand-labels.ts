/**
 * 40 histories of both sources, labelled by hand from their raw events, independently of src/. The format is
 * `index type: step #iteration !error`. Parts that an event does not have are omitted, and so is an error
 * that is not a name (`Programmatic Error`).
 */

/** Keyed by the line of test/data/step-functions-histories.jsonl, starting at 0. */
export const RECORDED_LABELS: Readonly<Record<number, readonly string[]>> = {
  // An inline map that runs one iteration after the other. Each iteration follows the last state of the
  // previous one.
  2: [
    '0 ExecutionStarted',
    '2 MapStateStarted: MapState',
    '5 PassStateExited: IteratorInner #0',
    '7 MapIterationStarted: MapState #1',
    '9 PassStateExited: IteratorInner #1',
    '10 MapIterationSucceeded: MapState #1',
    '11 MapStateSucceeded: MapState',
    '12 MapStateExited: MapState',
    '13 SucceedStateEntered: Finish',
  ],
  // A caught failure.
  3: [
    '3 TaskStarted: Task',
    '4 TaskFailed: Task !Exception',
    '5 TaskStateExited: Task',
    '7 PassStateExited: Fallback',
  ],
  // A map that cannot begin.
  4: ['1 MapStateEntered: MapState', '2 MapStateStarted: MapState', '3 ExecutionFailed !States.Runtime'],
  // A task token that never returns.
  5: [
    '4 TaskSubmitted: State1',
    '5 TaskTimedOut: State1 !States.Timeout',
    '6 ExecutionFailed !States.Timeout',
  ],
  // A wait that fails without its own failing event.
  6: ['1 WaitStateEntered: WaitUntil', '2 ExecutionFailed !States.Runtime'],
  // A map with a failing expression. The failure names the map, but follows the state before the map.
  7: [
    '2 PassStateExited: Start',
    '4 EvaluationFailed: MapIterateState !States.QueryEvaluationError',
    '5 MapStateFailed: MapIterateState',
  ],
  // A Lambda task that is retried three times, then caught.
  11: [
    '4 LambdaFunctionFailed: InvokeLambdaWithRetry !Exception',
    '5 LambdaFunctionScheduled: InvokeLambdaWithRetry',
    '13 LambdaFunctionFailed: InvokeLambdaWithRetry !Exception',
    '14 TaskStateExited: InvokeLambdaWithRetry',
    '15 PassStateEntered: HandleError',
  ],
  // Parallel branches.
  12: [
    '2 ParallelStateStarted: TestState',
    '3 PassStateEntered: Branch0State0',
    '4 PassStateEntered: Branch1State0',
    '5 PassStateExited: Branch0State0',
    '6 PassStateExited: Branch1State0',
    '7 ParallelStateExited: TestState',
  ],
  // A Fail state in an iteration.
  13: [
    '2 PassStateExited: StartState',
    '6 FailStateEntered: HandleItemFail #0',
    '7 MapIterationFailed: MapState #0',
    '8 MapStateFailed: MapState',
    '9 ExecutionFailed',
  ],
  // A parallel state that is retried, then caught.
  14: [
    '2 ParallelStateStarted: ParallelState',
    '3 TaskStateEntered: ExecuteLambdaTask',
    '14 ParallelStateExited: ParallelState',
    '16 PassStateExited: Fallback',
  ],
  // A Lambda task with a time limit.
  16: ['3 LambdaFunctionStarted: Start', '4 LambdaFunctionTimedOut: Start !States.Timeout'],
  // A distributed map that fails.
  17: [
    '3 MapRunStarted: MapState',
    '4 MapRunFailed: MapState !States.ItemReaderFailed',
    '5 MapStateFailed: MapState',
  ],
  // Activities.
  18: ['2 ActivityScheduled: ActivityTask', '4 ActivityTimedOut: ActivityTask !States.Timeout'],
  // An inline map with concurrent iterations. The first timeout stops the others. The map's own end follows a
  // task of iteration 0.
  19: [
    '6 MapIterationStarted: MapWait #3',
    '7 TaskStateEntered: LambdaInvoke #0',
    '10 TaskScheduled: LambdaInvoke #1',
    '17 TaskStarted: LambdaInvoke #2',
    '18 TaskStarted: LambdaInvoke #3',
    '20 TaskTimedOut: LambdaInvoke #2 !States.Timeout',
    '21 TaskTimedOut: LambdaInvoke #1 !States.Timeout',
    '22 TaskTimedOut: LambdaInvoke #3 !States.Timeout',
    '23 MapIterationFailed: MapWait #0',
    '24 TaskStateAborted: LambdaInvoke #0',
    '27 MapIterationAborted: MapWait #2',
    '31 MapStateFailed: MapWait',
    '32 ExecutionFailed !States.Timeout',
  ],
  20: ['3 ActivityStarted: ActivityTask', '4 ActivityFailed: ActivityTask', '5 ExecutionFailed'],
  21: ['4 ActivitySucceeded: ActivityTask', '5 TaskStateExited: ActivityTask', '6 ExecutionSucceeded'],
  // A branch that fails without an error name. The parallel state catches the failure.
  22: [
    '3 TaskStateEntered: SendMessageWithWait',
    '7 TaskFailed: SendMessageWithWait',
    '8 TaskStateAborted: SendMessageWithWait',
    '9 ParallelStateFailed: ParallelJob',
    '10 ParallelStateExited: ParallelJob',
    '11 PassStateEntered: CaughtStatesALL',
  ],
  // An aborted execution.
  23: ['1 WaitStateEntered: State_1', '2 ExecutionAborted'],
  // A catch in each iteration.
  33: [
    '7 TaskFailed: ProcessItem #0 !Exception',
    '9 PassStateEntered: Fallback #0',
    '12 MapIterationStarted: ProcessItems #1',
    '16 TaskFailed: ProcessItem #1 !Exception',
    '28 PassStateExited: Fallback #2',
    '29 MapIterationSucceeded: ProcessItems #2',
    '30 MapStateSucceeded: ProcessItems',
    '31 MapStateExited: ProcessItems',
  ],
  // A task token that returns.
  35: ['4 TaskSubmitted: SendMessageWithWait', '5 TaskSucceeded: SendMessageWithWait'],
  // A distributed map.
  64: [
    '4 MapStateStarted: MapState',
    '5 MapRunStarted: MapState',
    '6 MapRunSucceeded: MapState',
    '7 MapStateSucceeded: MapState',
    '9 SucceedStateEntered: Finish',
  ],
  // An expression whose failure has no previous event.
  73: [
    '2 EvaluationFailed: State0 !States.QueryEvaluationError',
    '3 ExecutionFailed !States.QueryEvaluationError',
  ],
  88: [
    '4 LambdaFunctionFailed: InvokeLambda !States.DataLimitExceeded',
    '6 PassStateEntered: HandleDataLimitExceeded',
  ],
  109: ['5 PassStateExited: Process #0', '6 MapIterationSucceeded: Start #0', '7 MapStateSucceeded: Start'],
  // A loop that runs the same distributed map twice.
  116: [
    '7 MapRunStarted: IterationBody',
    '12 ChoiceStateExited: CheckIteration',
    '14 PassStateExited: BeforeIteration',
    '18 MapRunSucceeded: IterationBody',
    '23 SucceedStateEntered: Terminate',
  ],
  // A .sync job, whose end the task waits for.
  118: [
    '4 TaskSubmitted: StartExecution',
    '5 TaskSucceeded: StartExecution',
    '6 TaskStateExited: StartExecution',
  ],
  134: [
    '3 TaskStateEntered: ExecuteLambdaTask',
    '8 ParallelStateExited: ParallelState',
    '9 PassStateEntered: Fallback',
  ],
  161: [
    '4 TaskFailed: Publish !SNS.InvalidParameterException',
    '5 ExecutionFailed !SNS.InvalidParameterException',
  ],
  // A Fail state after a Catch. The end of the execution has no error.
  162: [
    '4 TaskFailed: StartState !S3.NoSuchKeyException',
    '5 TaskStateExited: StartState',
    '6 FailStateEntered: NoSuchKeyState',
    '7 ExecutionFailed',
  ],
  169: [
    '4 TaskFailed: Task !Exception',
    '5 TaskScheduled: Task',
    '7 TaskFailed: Task !Exception',
    '9 PassStateEntered: Fallback',
  ],
  170: [
    '11 MapIterationStarted: MapState #1',
    '14 PassStateEntered: Pass #1',
    '25 ChoiceStateExited: Equals3 #3',
    '32 FailStateEntered: Break #4',
    '33 MapIterationFailed: MapState #4',
    '34 MapStateFailed: MapState',
    '35 ExecutionFailed !SomeFailure',
  ],
  // A .sync job that fails.
  172: ['4 TaskSubmitted: StartExecution', '5 TaskFailed: StartExecution !States.TaskFailed'],
  // Names with spaces and punctuation.
  174: [
    '4 TaskSucceeded: Add Pet to Store',
    '7 ChoiceStateExited: Pet was Added Successfully?',
    '9 SucceedStateExited: Success',
  ],
  177: [
    '2 LambdaFunctionScheduled: Start',
    '4 LambdaFunctionFailed: Start !Exception',
    '5 ExecutionFailed !Exception',
  ],
};

/** Keyed by state machine of the emulator (src/emulator/scenarios/step-functions-machines.ts). */
export const MACHINE_LABELS = {
  Redriven: [
    '4 TaskFailed: Start !Lambda.ResourceNotFoundException',
    '5 ExecutionFailed !Lambda.ResourceNotFoundException',
    '6 ExecutionRedriven',
    '7 TaskScheduled: Start',
    '9 TaskSucceeded: Start',
    '10 TaskStateExited: Start',
    '11 ExecutionSucceeded',
  ],
  // This machine loops through a Wait state. The history has only the entries of that state, no exits.
  Rounds: [
    '4 LambdaFunctionSucceeded: Patrol',
    '6 WaitStateEntered: Pause',
    '8 LambdaFunctionScheduled: Patrol',
    '11 TaskStateExited: Patrol',
    '12 WaitStateEntered: Pause',
  ],
} as const;

/** Keyed by Things Graph flow, a scenario of the emulator. */
export const FLOW_LABELS = {
  CloudFlow: [
    '0 EXECUTION_STARTED',
    '2 ACTIVITY_SCHEDULED: Step2ReadSqsPayloadLambda',
    '5 STEP_SUCCEEDED: Step2ReadSqsPayloadLambda',
    '6 STEP_STARTED: Step3IsTooHot',
    '11 ACTIVITY_SUCCEEDED: Step4LookUpSiteLambda',
    '14 ACTIVITY_SCHEDULED: Step5ReadThresholdsLambda',
    '21 ACTIVITY_SCHEDULED: Step7StopPumpLambda',
  ],
  SecurityFlow: [
    '1 START_FLOW_EXECUTION_TASK',
    '2 SCHEDULE_NEXT_READY_STEPS_TASK',
    '4 THING_ACTION_TASK: Step1ReadMotionSensor',
    '5 ACKNOWLEDGE_TASK_MESSAGE: Step1ReadMotionSensor',
    '12 THING_ACTION_TASK_SUCCEEDED: Step2CaptureImage',
    '17 ACTIVITY_SUCCEEDED: Step3RekognitionDetectFaces',
    '20 STEP_SUCCEEDED: Step4IsSomeoneThere',
    '21 SCHEDULE_NEXT_READY_STEPS_TASK',
  ],
  FailingFlow: [
    '4 ACTIVITY_FAILED: Step1ReadOrderLambda',
    '7 ACTIVITY_SUCCEEDED: Step1ReadOrderLambda',
    '9 STEP_STARTED: Step2IsDoorKnown',
    '14 THING_ACTION_TASK_FAILED: Step3OpenDoor',
    '15 STEP_FAILED: Step3OpenDoor !ThingActionFailed',
    '16 EXECUTION_FAILED',
  ],
  AbortedFlow: [
    '3 ACTIVITY_STARTED: Step1PrepareLambda',
    '8 ACTIVITY_STARTED: Step2WorkOffLambda',
    '9 EXECUTION_ABORTED',
  ],
} as const;
