"""Calls the Worker with boto3's Step Functions client as users do, and prints the results as one JSON object.

Reads its input as JSON from stdin (see states-boto3.test.ts). Checks nothing itself. The calling test checks the results.
"""

import json
import os
import sys
import threading

# The session below finds these credentials, as on the machine of a user who also works with AWS.
os.environ["AWS_ACCESS_KEY_ID"] = "ASIAREALAWSKEY"
os.environ["AWS_SECRET_ACCESS_KEY"] = "real secret"
os.environ["AWS_SESSION_TOKEN"] = "IQoJb3JpZ2luX2VjEREALTOKEN"

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError, WaiterError
from botocore.waiter import WaiterModel, create_waiter_with_client

given = json.load(sys.stdin)
session = boto3.session.Session()


def client(key, url=given["url"], key_id="flowtap", secret="unused", retries=0):
    return session.client(
        "stepfunctions",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=key,
        config=Config(retries={"max_attempts": retries}, max_pool_connections=100),
    )


upstream = client("", **given["upstream"]) if "upstream" in given else None
reader = client(given["key"])


def with_paginator(name, result, source, page_size, **input):
    pages = source.get_paginator(name).paginate(**input, PaginationConfig={"PageSize": page_size})
    return [item for page in pages for item in page[result]]


def by_hand(source, page_size, **input):
    events, more = [], {}
    while True:
        page = source.get_execution_history(maxResults=page_size, **input, **more)
        events += page["events"]
        if "nextToken" not in page:
            return events
        more = {"nextToken": page["nextToken"]}


def described(source, arn):
    answer = source.describe_execution(executionArn=arn)
    answer.pop("ResponseMetadata")
    return answer


def views(source, arn, page_size, read):
    return [
        read(source, page_size, executionArn=arn, reverseOrder=reverse, includeExecutionData=data)
        for reverse in (False, True)
        for data in (True, False)
    ]


def events(source, page_size, **input):
    return with_paginator("get_execution_history", "events", source, page_size, **input)


def compared(arn, page_size):
    expected = views(upstream, arn, 1000, events)
    return {
        "count": len(expected[0]),
        "paginator": views(reader, arn, page_size, events) == expected,
        "client": views(reader, arn, page_size, by_hand) == expected,
        "description": described(reader, arn) == described(upstream, arn),
    }


def lists(source, machine, page_size):
    executions = [
        with_paginator("list_executions", "executions", source, page_size, stateMachineArn=machine, **more)
        for more in [{}, *({"statusFilter": status} for status in ("RUNNING", "FAILED", "TIMED_OUT"))]
    ]
    return [*executions, with_paginator("list_state_machines", "stateMachines", source, page_size)]


def compared_lists(machine):
    expected = lists(upstream, machine, 1000)
    return {
        "counts": [len(each) for each in expected],
        "same": [lists(reader, machine, size) == expected for size in (3, 1000)],
    }


def refusal(call):
    try:
        call()
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        return {
            "code": error.response["Error"]["Code"],
            "class": type(error).__name__,
            "status": metadata["HTTPStatusCode"],
            "retries": metadata["RetryAttempts"],
            "message": error.response["Error"]["Message"],
        }
    except ParamValidationError as error:
        return {"code": "ParamValidationError", "message": str(error)}
    return {"code": "answered"}


# The waiter as Airflow's amazon provider defines it.
WAITER = WaiterModel(
    {
        "version": 2,
        "waiters": {
            "step_function_succeeded": {
                "operation": "DescribeExecution",
                "delay": 2,
                "maxAttempts": 30,
                "acceptors": [
                    {"matcher": "path", "argument": "status", "expected": "SUCCEEDED", "state": "success"},
                    {"matcher": "path", "argument": "status", "expected": "RUNNING", "state": "retry"},
                    {"matcher": "path", "argument": "status", "expected": "PENDING_REDRIVE", "state": "retry"},
                    {"matcher": "path", "argument": "status", "expected": "FAILED", "state": "failure"},
                    {"matcher": "path", "argument": "status", "expected": "TIMED_OUT", "state": "failure"},
                    {"matcher": "path", "argument": "status", "expected": "ABORTED", "state": "failure"},
                ],
            }
        },
    }
)


def wait(arn, outcomes):
    try:
        create_waiter_with_client("step_function_succeeded", WAITER, reader).wait(executionArn=arn)
        outcomes.append("succeeded")
    except WaiterError as error:
        outcomes.append(error.last_response.get("status", str(error)))


def wait_for(arn, count):
    outcomes = []
    threads = [threading.Thread(target=wait, args=(arn, outcomes)) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return {outcome: outcomes.count(outcome) for outcome in outcomes}


def writes():
    machine = "arn:aws:states:us-west-2:123456789012:stateMachine:StateMachine"
    return {
        "StartExecution": refusal(lambda: reader.start_execution(stateMachineArn=machine)),
        "StopExecution": refusal(lambda: reader.stop_execution(executionArn=given["unknown"])),
        "SendTaskHeartbeat": refusal(lambda: reader.send_task_heartbeat(taskToken="x")),
        "DeleteStateMachine": refusal(lambda: reader.delete_state_machine(stateMachineArn=machine)),
        "CreateActivity": refusal(lambda: reader.create_activity(name="x")),
    }


def refusals():
    executions = given["executions"]
    return {
        "unknown": refusal(lambda: reader.get_execution_history(executionArn=given["unknown"])),
        "unknownToDescribe": refusal(lambda: reader.describe_execution(executionArn=given["unknown"])),
        "arn": refusal(lambda: reader.describe_execution(executionArn="x")),
        "machine": refusal(lambda: reader.list_executions(stateMachineArn=given["noMachine"])),
        "token": refusal(
            lambda: reader.get_execution_history(executionArn=executions[0]["arn"], nextToken="made up")
        ),
        "wrongKey": refusal(lambda: client("wrong").describe_execution(executionArn=given["unknown"])),
        "shy": refusal(lambda: client(given["shyKey"]).get_execution_history(executionArn=executions[0]["arn"])),
    }


print(
    json.dumps(
        {
            "executions": {
                each["arn"]: compared(each["arn"], each["pageSize"]) for each in given.get("executions", [])
            },
            **({"lists": compared_lists(given["machine"])} if "machine" in given else {}),
            **({"writes": writes(), "refusals": refusals()} if "unknown" in given else {}),
            **({"waited": wait_for(given["running"], given["waiters"])} if "running" in given else {}),
        }
    )
)
