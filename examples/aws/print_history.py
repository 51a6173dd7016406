"""Prints every event of an execution of Step Functions, read with boto3.

    FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_… python3 print_history.py <executionArn>

Needs boto3, any version. The key needs access to payloads ("full"). With the first argument --wait, it waits until the
execution has ended.
"""

import os
import sys

import boto3
from botocore.waiter import WaiterModel, create_waiter_with_client

url, api_key = os.environ.get("FLOWTAP_URL"), os.environ.get("FLOWTAP_API_KEY")
*options, arn = sys.argv[1:] or [""]
if not url or not api_key or not arn or options not in ([], ["--wait"]):
    raise SystemExit(__doc__)

# All three credentials, and the endpoint, belong in the constructor: a boto3 that finds credentials in its environment
# ignores a session token that comes alone.
client = boto3.client(
    "stepfunctions",
    endpoint_url=url,
    region_name=arn.split(":")[3],
    aws_access_key_id="flowtap",
    aws_secret_access_key="unused",
    aws_session_token=api_key,
)

# DescribeExecution reaches AWS at most once a second, however many programs wait.
RETRY_WHILE = {"RUNNING", "PENDING_REDRIVE"}
ENDS = {"SUCCEEDED": "success", "FAILED": "success", "TIMED_OUT": "success", "ABORTED": "success"}
HAS_ENDED = WaiterModel(
    {
        "version": 2,
        "waiters": {
            "execution_ended": {
                "operation": "DescribeExecution",
                "delay": 2,
                "maxAttempts": 1800,
                "acceptors": [
                    {"matcher": "path", "argument": "status", "expected": status, "state": state}
                    for status, state in [*ENDS.items(), *((status, "retry") for status in RETRY_WHILE)]
                ],
            }
        },
    }
)
if options:
    create_waiter_with_client("execution_ended", HAS_ENDED, client).wait(executionArn=arn)

paginator = client.get_paginator("get_execution_history")
try:
    for page in paginator.paginate(executionArn=arn, includeExecutionData=False):
        for event in page["events"]:
            details = next((value for name, value in event.items() if name.endswith("EventDetails")), {})
            print(event["timestamp"].isoformat(), event["type"], details.get("name", ""))
    sys.stdout.flush()
except BrokenPipeError:
    # The reader has seen enough, as in `… | head -1`. Discard the rest: Python would try to write it once more when it exits,
    # and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
