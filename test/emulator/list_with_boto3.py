"""Lists executions of the emulator with boto3 and prints the result as one JSON object.

Arguments: endpoint, key id, secret, state machine ARN. Used by schedule.test.ts.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key_id, secret, machine = sys.argv[1:5]
client = boto3.client(
    "stepfunctions",
    aws_access_key_id=key_id,
    aws_secret_access_key=secret,
    endpoint_url=endpoint,
    region_name="us-west-2",
    config=Config(retries={"max_attempts": 0}),
)


def error_of(work):
    try:
        return work()
    except ClientError as error:
        return error.response["Error"]["Code"]


pages = list(
    client.get_paginator("list_executions").paginate(stateMachineArn=machine, PaginationConfig={"PageSize": 3})
)
executions = [execution for page in pages for execution in page["executions"]]
machines = [
    item for page in client.get_paginator("list_state_machines").paginate() for item in page["stateMachines"]
]

print(
    json.dumps(
        {
            "pages": len(pages),
            "names": [execution["name"] for execution in executions],
            "firstStart": executions[0]["startDate"].timestamp(),
            "machine": next(item["type"] for item in machines if item["stateMachineArn"] == machine),
            "unknown": error_of(lambda: client.list_executions(stateMachineArn=machine + "x")),
        }
    )
)
