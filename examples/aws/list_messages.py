"""Prints every message of an execution, read with boto3.

    FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_… python3 list_messages.py <flowExecutionId>

Needs boto3, any version that has the iotthingsgraph client.
"""

import os
import sys

import boto3

url, api_key = os.environ.get("FLOWTAP_URL"), os.environ.get("FLOWTAP_API_KEY")
if not url or not api_key or len(sys.argv) != 2:
    raise SystemExit(__doc__)

# All three credentials, and the endpoint, belong in the constructor: a boto3 that finds credentials in its environment
# ignores a session token that comes alone.
client = boto3.client(
    "iotthingsgraph",
    endpoint_url=url,
    region_name="us-west-2",
    aws_access_key_id="flowtap",
    aws_secret_access_key="unused",
    aws_session_token=api_key,
)

paginator = client.get_paginator("list_flow_execution_messages")
try:
    for page in paginator.paginate(flowExecutionId=sys.argv[1]):
        for message in page["messages"]:
            print(message["timestamp"].isoformat(), message["eventType"], message.get("payload", ""))
    sys.stdout.flush()
except BrokenPipeError:
    # The reader has seen enough, as in `… | head -1`. Discard the rest: Python would try to write it once more when it exits,
    # and complain.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
