"""Reads an execution from the emulator with boto3, and prints the result of each attempt as one JSON object.

Arguments: endpoint, key id, secret, execution id. Used by boto3.test.ts. Can be run by hand with any endpoint.
"""

import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, key_id, secret, execution_id = sys.argv[1:5]


def read(key_id, secret, region="us-west-2", execution_id=execution_id, page_size=7):
    client = boto3.client(
        "iotthingsgraph",
        endpoint_url=endpoint,
        region_name=region,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        config=Config(retries={"max_attempts": 0}),
    )
    paginator = client.get_paginator("list_flow_execution_messages")
    try:
        pages = list(paginator.paginate(flowExecutionId=execution_id, PaginationConfig={"PageSize": page_size}))
    except ClientError as error:
        return {
            "error": error.response["Error"]["Code"],
            "status": error.response["ResponseMetadata"]["HTTPStatusCode"],
        }
    messages = [message for page in pages for message in page["messages"]]
    return {
        "pages": len(pages),
        "messages": [{**message, "timestamp": message["timestamp"].timestamp()} for message in messages],
    }


print(
    json.dumps(
        {
            "right": read(key_id, secret),
            "wrongKeyId": read(key_id + "X", secret),
            "wrongSecret": read(key_id, secret + "X"),
            "wrongRegion": read(key_id, secret, region="eu-north-1"),
            "unknownExecution": read(key_id, secret, execution_id="unknown"),
            "tooManyResults": read(key_id, secret, page_size=251),
        }
    )
)
