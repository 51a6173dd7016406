/**
 * Five histories that were recorded from AWS, one event per line, without times. They are test snapshots of
 * localstack/localstack (Apache-2.0) that were validated against AWS; see test/data/README.md. The
 * placeholders of accounts and roles are filled in, and one event that a recording omits is added.
 */

/** test_invoke_pipe, 2025-11-06. */
export const lambdaCalls = String.raw`
{"id":1,"type":"ExecutionStarted","previousEventId":0,"executionStartedEventDetails":{"input":"{}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::123456789012:role/state-machine"}}
{"id":2,"type":"TaskStateEntered","previousEventId":0,"stateEnteredEventDetails":{"input":"{}","inputDetails":{"truncated":false},"name":"step1"}}
{"id":3,"type":"LambdaFunctionScheduled","previousEventId":2,"lambdaFunctionScheduledEventDetails":{"input":"{}","inputDetails":{"truncated":false},"resource":"arn:aws:lambda:us-west-2:123456789012:function:<lambda_function_1_name>"}}
{"id":4,"type":"LambdaFunctionStarted","previousEventId":3}
{"id":5,"type":"LambdaFunctionSucceeded","previousEventId":4,"lambdaFunctionSucceededEventDetails":{"output":"{\"Return\":\"HelloWorld\"}","outputDetails":{"truncated":false}}}
{"id":6,"type":"TaskStateExited","previousEventId":5,"stateExitedEventDetails":{"name":"step1","output":"{\"Return\":\"HelloWorld\"}","outputDetails":{"truncated":false}}}
{"id":7,"type":"TaskStateEntered","previousEventId":6,"stateEnteredEventDetails":{"input":"{\"Return\":\"HelloWorld\"}","inputDetails":{"truncated":false},"name":"step2"}}
{"id":8,"type":"LambdaFunctionScheduled","previousEventId":7,"lambdaFunctionScheduledEventDetails":{"input":"{\"Return\":\"HelloWorld\"}","inputDetails":{"truncated":false},"resource":"arn:aws:lambda:us-west-2:123456789012:function:<lambda_function_2_name>"}}
{"id":9,"type":"LambdaFunctionStarted","previousEventId":8}
{"id":10,"type":"LambdaFunctionSucceeded","previousEventId":9,"lambdaFunctionSucceededEventDetails":{"output":"{\"Return\":\"HelloWorld\"}","outputDetails":{"truncated":false}}}
{"id":11,"type":"TaskStateExited","previousEventId":10,"stateExitedEventDetails":{"name":"step2","output":"{\"Return\":{\"Return\":\"HelloWorld\"}}","outputDetails":{"truncated":false}}}
{"id":12,"type":"ExecutionSucceeded","previousEventId":11,"executionSucceededEventDetails":{"output":"{\"Return\":{\"Return\":\"HelloWorld\"}}","outputDetails":{"truncated":false}}}
`;

/** test_service_lambda_map_timeout, 2024-03-10. */
export const failingMap = String.raw`
{"id":1,"type":"ExecutionStarted","previousEventId":0,"executionStartedEventDetails":{"input":"{\"Inputs\":[{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}]}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::123456789012:role/state-machine"}}
{"id":2,"type":"MapStateEntered","previousEventId":0,"stateEnteredEventDetails":{"input":"{\"Inputs\":[{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null},{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}]}","inputDetails":{"truncated":false},"name":"MapWait"}}
{"id":3,"type":"MapStateStarted","previousEventId":2,"mapStateStartedEventDetails":{"length":4}}
{"id":4,"type":"MapIterationStarted","previousEventId":3,"mapIterationStartedEventDetails":{"index":0,"name":"MapWait"}}
{"id":5,"type":"MapIterationStarted","previousEventId":3,"mapIterationStartedEventDetails":{"index":1,"name":"MapWait"}}
{"id":6,"type":"MapIterationStarted","previousEventId":3,"mapIterationStartedEventDetails":{"index":2,"name":"MapWait"}}
{"id":7,"type":"MapIterationStarted","previousEventId":3,"mapIterationStartedEventDetails":{"index":3,"name":"MapWait"}}
{"id":8,"type":"TaskStateEntered","previousEventId":4,"stateEnteredEventDetails":{"input":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"name":"LambdaInvoke"}}
{"id":9,"type":"TaskScheduled","previousEventId":8,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","region":"us-west-2","resource":"invoke","resourceType":"lambda","timeoutInSeconds":5}}
{"id":10,"type":"TaskStateEntered","previousEventId":5,"stateEnteredEventDetails":{"input":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"name":"LambdaInvoke"}}
{"id":11,"type":"TaskScheduled","previousEventId":10,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","region":"us-west-2","resource":"invoke","resourceType":"lambda","timeoutInSeconds":5}}
{"id":12,"type":"TaskStateEntered","previousEventId":6,"stateEnteredEventDetails":{"input":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"name":"LambdaInvoke"}}
{"id":13,"type":"TaskScheduled","previousEventId":12,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","region":"us-west-2","resource":"invoke","resourceType":"lambda","timeoutInSeconds":5}}
{"id":14,"type":"TaskStateEntered","previousEventId":7,"stateEnteredEventDetails":{"input":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"name":"LambdaInvoke"}}
{"id":15,"type":"TaskScheduled","previousEventId":14,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"<lambda_function_1_name>\",\"Payload\":null}","region":"us-west-2","resource":"invoke","resourceType":"lambda","timeoutInSeconds":5}}
{"id":16,"type":"TaskStarted","previousEventId":9,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":17,"type":"TaskStarted","previousEventId":11,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":18,"type":"TaskStarted","previousEventId":13,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":19,"type":"TaskStarted","previousEventId":15,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":20,"type":"TaskTimedOut","previousEventId":16,"taskTimedOutEventDetails":{"error":"States.Timeout","resource":"invoke","resourceType":"lambda"}}
{"id":21,"type":"TaskTimedOut","previousEventId":18,"taskTimedOutEventDetails":{"error":"States.Timeout","resource":"invoke","resourceType":"lambda"}}
{"id":22,"type":"TaskTimedOut","previousEventId":17,"taskTimedOutEventDetails":{"error":"States.Timeout","resource":"invoke","resourceType":"lambda"}}
{"id":23,"type":"TaskTimedOut","previousEventId":19,"taskTimedOutEventDetails":{"error":"States.Timeout","resource":"invoke","resourceType":"lambda"}}
{"id":24,"type":"MapIterationFailed","previousEventId":20,"mapIterationFailedEventDetails":{"index":0,"name":"MapWait"}}
{"id":25,"type":"TaskStateAborted","previousEventId":20}
{"id":26,"type":"MapIterationAborted","previousEventId":20,"mapIterationAbortedEventDetails":{"index":1,"name":"MapWait"}}
{"id":27,"type":"TaskStateAborted","previousEventId":20}
{"id":28,"type":"MapIterationAborted","previousEventId":20,"mapIterationAbortedEventDetails":{"index":2,"name":"MapWait"}}
{"id":29,"type":"TaskStateAborted","previousEventId":20}
{"id":30,"type":"MapIterationAborted","previousEventId":20,"mapIterationAbortedEventDetails":{"index":3,"name":"MapWait"}}
{"id":31,"type":"TaskStateAborted","previousEventId":20}
{"id":32,"type":"MapStateFailed","previousEventId":20}
{"id":33,"type":"ExecutionFailed","previousEventId":32,"executionFailedEventDetails":{"error":"States.Timeout"}}
`;

/** test_task_catch_error_with_retry[TASK_CATCH_ERROR_OUTPUT_WITH_RETRY], 2024-11-12. */
export const caughtError = String.raw`
{"id":1,"type":"ExecutionStarted","previousEventId":0,"executionStartedEventDetails":{"input":"{\"inputData\":\"dummy\"}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::123456789012:role/state-machine"}}
{"id":2,"type":"TaskStateEntered","previousEventId":0,"stateEnteredEventDetails":{"input":"{\"inputData\":\"dummy\"}","inputDetails":{"truncated":false},"name":"Task"}}
{"id":3,"type":"TaskScheduled","previousEventId":2,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"arn:aws:lambda:us-west-2:123456789012:function:<lambda-function-name>\",\"Payload\":{\"foo\":\"foobar\"}}","region":"us-west-2","resource":"invoke","resourceType":"lambda"}}
{"id":4,"type":"TaskStarted","previousEventId":3,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":5,"type":"TaskFailed","previousEventId":4,"taskFailedEventDetails":{"cause":"{\"errorMessage\":\"Some exception was raised.\",\"errorType\":\"Exception\",\"requestId\":\"<uuid:1>\",\"stackTrace\":[\"  File \\\"/var/task/handler.py\\\", line 2, in handler\\n    raise Exception(\\\"Some exception was raised.\\\")\\n\"]}","error":"Exception","resource":"invoke","resourceType":"lambda"}}
{"id":6,"type":"TaskScheduled","previousEventId":5,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"arn:aws:lambda:us-west-2:123456789012:function:<lambda-function-name>\",\"Payload\":{\"foo\":\"foobar\"}}","region":"us-west-2","resource":"invoke","resourceType":"lambda"}}
{"id":7,"type":"TaskStarted","previousEventId":6,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":8,"type":"TaskFailed","previousEventId":7,"taskFailedEventDetails":{"cause":"{\"errorMessage\":\"Some exception was raised.\",\"errorType\":\"Exception\",\"requestId\":\"<uuid:2>\",\"stackTrace\":[\"  File \\\"/var/task/handler.py\\\", line 2, in handler\\n    raise Exception(\\\"Some exception was raised.\\\")\\n\"]}","error":"Exception","resource":"invoke","resourceType":"lambda"}}
{"id":9,"type":"TaskStateExited","previousEventId":8,"stateExitedEventDetails":{"name":"Task","output":"{\"stateInput\":{\"inputData\":\"dummy\"},\"stateError\":{\"Error\":\"Exception\",\"Cause\":\"{\\\"errorMessage\\\":\\\"Some exception was raised.\\\",\\\"errorType\\\":\\\"Exception\\\",\\\"requestId\\\":\\\"<uuid:2>\\\",\\\"stackTrace\\\":[\\\"  File \\\\\\\"/var/task/handler.py\\\\\\\", line 2, in handler\\\\n    raise Exception(\\\\\\\"Some exception was raised.\\\\\\\")\\\\n\\\"]}\"}}","outputDetails":{"truncated":false}}}
{"id":10,"type":"PassStateEntered","previousEventId":9,"stateEnteredEventDetails":{"input":"{\"stateInput\":{\"inputData\":\"dummy\"},\"stateError\":{\"Error\":\"Exception\",\"Cause\":\"{\\\"errorMessage\\\":\\\"Some exception was raised.\\\",\\\"errorType\\\":\\\"Exception\\\",\\\"requestId\\\":\\\"<uuid:2>\\\",\\\"stackTrace\\\":[\\\"  File \\\\\\\"/var/task/handler.py\\\\\\\", line 2, in handler\\\\n    raise Exception(\\\\\\\"Some exception was raised.\\\\\\\")\\\\n\\\"]}\"}}","inputDetails":{"truncated":false},"name":"Fallback"}}
{"id":11,"type":"PassStateExited","previousEventId":10,"stateExitedEventDetails":{"name":"Fallback","output":"{\"error\":{\"stateInput\":{\"inputData\":\"dummy\"},\"stateError\":{\"Error\":\"Exception\",\"Cause\":\"{\\\"errorMessage\\\":\\\"Some exception was raised.\\\",\\\"errorType\\\":\\\"Exception\\\",\\\"requestId\\\":\\\"<uuid:2>\\\",\\\"stackTrace\\\":[\\\"  File \\\\\\\"/var/task/handler.py\\\\\\\", line 2, in handler\\\\n    raise Exception(\\\\\\\"Some exception was raised.\\\\\\\")\\\\n\\\"]}\"}}}","outputDetails":{"truncated":false}}}
{"id":12,"type":"ExecutionSucceeded","previousEventId":11,"executionSucceededEventDetails":{"output":"{\"error\":{\"stateInput\":{\"inputData\":\"dummy\"},\"stateError\":{\"Error\":\"Exception\",\"Cause\":\"{\\\"errorMessage\\\":\\\"Some exception was raised.\\\",\\\"errorType\\\":\\\"Exception\\\",\\\"requestId\\\":\\\"<uuid:2>\\\",\\\"stackTrace\\\":[\\\"  File \\\\\\\"/var/task/handler.py\\\\\\\", line 2, in handler\\\\n    raise Exception(\\\\\\\"Some exception was raised.\\\\\\\")\\\\n\\\"]}\"}}}","outputDetails":{"truncated":false}}}
`;

/** test_parallel_state[PARALLEL_STATE_PARAMETERS], 2024-09-12. */
export const parallelBranches = String.raw`
{"id":1,"type":"ExecutionStarted","previousEventId":0,"executionStartedEventDetails":{"input":"{}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::123456789012:role/state-machine"}}
{"id":2,"type":"ParallelStateEntered","previousEventId":0,"stateEnteredEventDetails":{"input":"{}","inputDetails":{"truncated":false},"name":"TestState"}}
{"id":3,"type":"ParallelStateStarted","previousEventId":2}
{"id":4,"type":"PassStateEntered","previousEventId":3,"stateEnteredEventDetails":{"input":"{\"static-input-0\":0,\"static-input-1\":[1]}","inputDetails":{"truncated":false},"name":"Branch0State0"}}
{"id":5,"type":"PassStateEntered","previousEventId":4,"stateEnteredEventDetails":{"input":"{\"static-input-0\":0,\"static-input-1\":[1]}","inputDetails":{"truncated":false},"name":"Branch1State0"}}
{"id":6,"type":"PassStateExited","previousEventId":5,"stateExitedEventDetails":{"name":"Branch0State0","output":"{\"static-input-0\":0,\"static-input-1\":[1]}","outputDetails":{"truncated":false}}}
{"id":7,"type":"PassStateExited","previousEventId":6,"stateExitedEventDetails":{"name":"Branch1State0","output":"{\"static-input-0\":0,\"static-input-1\":[1]}","outputDetails":{"truncated":false}}}
{"id":8,"type":"ParallelStateSucceeded","previousEventId":7}
{"id":9,"type":"ParallelStateExited","previousEventId":7,"stateExitedEventDetails":{"name":"TestState","output":"[{\"static-input-0\":0,\"static-input-1\":[1]},{\"static-input-0\":0,\"static-input-1\":[1]}]","outputDetails":{"truncated":false}}}
{"id":10,"type":"ExecutionSucceeded","previousEventId":9,"executionSucceededEventDetails":{"output":"[{\"static-input-0\":0,\"static-input-1\":[1]},{\"static-input-0\":0,\"static-input-1\":[1]}]","outputDetails":{"truncated":false}}}
`;

/** test_no_such_function, 2025-11-25. */
export const failingTask = String.raw`
{"id":1,"type":"ExecutionStarted","previousEventId":0,"executionStartedEventDetails":{"input":"{\"FunctionName\":\"no_such_<lambda_function_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"roleArn":"arn:aws:iam::123456789012:role/state-machine"}}
{"id":2,"type":"TaskStateEntered","previousEventId":0,"stateEnteredEventDetails":{"input":"{\"FunctionName\":\"no_such_<lambda_function_name>\",\"Payload\":null}","inputDetails":{"truncated":false},"name":"Start"}}
{"id":3,"type":"TaskScheduled","previousEventId":2,"taskScheduledEventDetails":{"parameters":"{\"FunctionName\":\"no_such_<lambda_function_name>\",\"Payload\":null}","region":"us-west-2","resource":"invoke","resourceType":"lambda"}}
{"id":4,"type":"TaskStarted","previousEventId":3,"taskStartedEventDetails":{"resource":"invoke","resourceType":"lambda"}}
{"id":5,"type":"TaskFailed","previousEventId":4,"taskFailedEventDetails":{"cause":"Function not found: arn:aws:lambda:us-west-2:123456789012:function:no_such_<lambda_function_name>:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: <request_id>; Proxy: null)","error":"Lambda.ResourceNotFoundException","resource":"invoke","resourceType":"lambda"}}
{"id":6,"type":"ExecutionFailed","previousEventId":5,"executionFailedEventDetails":{"cause":"Function not found: arn:aws:lambda:us-west-2:123456789012:function:no_such_<lambda_function_name>:$LATEST (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: <request_id>; Proxy: null)","error":"Lambda.ResourceNotFoundException"}}
`;
