"""Assumes a role with boto3, reads an execution of Step Functions with it, and prints the result as one JSON object.

Arguments: endpoint, key id, secret, role ARN, execution ARN. Used by step-functions.test.ts.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key_id, secret, role_arn, execution_arn = sys.argv[1:6]
common = {"endpoint_url": endpoint, "region_name": "us-west-2", "config": Config(retries={"max_attempts": 0})}


def attempt(work):
    try:
        return work()
    except ClientError as error:
        response = error.response
        return {"error": response["Error"]["Code"], "status": response["ResponseMetadata"]["HTTPStatusCode"]}


def assume(role_arn, secret=secret, external_id="partner-1"):
    sts = boto3.client("sts", aws_access_key_id=key_id, aws_secret_access_key=secret, **common)
    return sts.assume_role(
        RoleArn=role_arn, RoleSessionName="test", ExternalId=external_id, DurationSeconds=900
    )["Credentials"]


credentials = assume(role_arn)
client = boto3.client(
    "stepfunctions",
    aws_access_key_id=credentials["AccessKeyId"],
    aws_secret_access_key=credentials["SecretAccessKey"],
    aws_session_token=credentials["SessionToken"],
    **common,
)


def plain(event):
    return {**event, "timestamp": event["timestamp"].timestamp()}


def history(**more):
    pages = list(
        client.get_paginator("get_execution_history").paginate(
            executionArn=execution_arn, PaginationConfig={"PageSize": 5}, **more
        )
    )
    return {"pages": len(pages), "events": [plain(event) for page in pages for event in page["events"]]}


described = client.describe_execution(executionArn=execution_arn)

print(
    json.dumps(
        {
            "history": history(),
            "reversed": [event["id"] for event in history(reverseOrder=True)["events"]],
            "withoutData": "'input'" in str(history(includeExecutionData=False)["events"]),
            "described": {name: described[name] for name in ("status", "name", "executionArn")},
            "unknown": attempt(lambda: client.get_execution_history(executionArn=execution_arn + ".")),
            "express": attempt(
                lambda: client.get_execution_history(executionArn=execution_arn.replace(":execution:", ":express:"))
            ),
            "badToken": attempt(lambda: client.get_execution_history(executionArn=execution_arn, nextToken="x")),
            "otherRole": attempt(lambda: assume(role_arn + "-2")),
            "otherId": attempt(lambda: assume(role_arn, external_id="partner-2")),
            "wrongSecret": attempt(lambda: assume(role_arn, secret=secret + "X")),
        }
    )
)
