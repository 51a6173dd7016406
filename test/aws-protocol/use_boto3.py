"""Calls the Worker with boto3 as users do, and prints the results as one JSON object.

Reads its input as JSON from stdin (see boto3.test.ts). Checks nothing itself. The calling test checks the results.
"""

import http.client
import json
import os
import sys
import urllib.parse
import urllib.request

# The session below finds these credentials, as on the machine of a user who also works with AWS.
os.environ["AWS_ACCESS_KEY_ID"] = "ASIAREALAWSKEY"
os.environ["AWS_SECRET_ACCESS_KEY"] = "real secret"
os.environ["AWS_SESSION_TOKEN"] = "IQoJb3JpZ2luX2VjEREALTOKEN"

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError, ParamValidationError

given = json.load(sys.stdin)
session = boto3.session.Session()
MODELLED = [
    "InvalidRequestException",
    "ResourceNotFoundException",
    "ThrottlingException",
    "InternalFailureException",
]


def client(key, retries=0, **changes):
    arguments = dict(
        endpoint_url=given["url"],
        region_name="us-west-2",
        aws_access_key_id="flowtap",
        aws_secret_access_key="unused",
        aws_session_token=key,
        config=Config(retries={"max_attempts": retries}),
    )
    arguments.update(changes)
    given_arguments = {name: value for name, value in arguments.items() if value is not None}
    return session.client("iotthingsgraph", **given_arguments)


def upstream():
    return session.client(
        "iotthingsgraph",
        endpoint_url=given["upstream"]["url"],
        region_name="us-west-2",
        aws_access_key_id=given["upstream"]["accessKeyId"],
        aws_secret_access_key=given["upstream"]["secretAccessKey"],
        aws_session_token="",
    )


def with_paginator(reader, execution_id, page_size):
    pages = reader.get_paginator("list_flow_execution_messages").paginate(
        flowExecutionId=execution_id, PaginationConfig={"PageSize": page_size}
    )
    return [message for page in pages for message in page["messages"]]


def by_hand(reader, execution_id, page_size):
    messages, more = [], {}
    while True:
        page = reader.list_flow_execution_messages(
            flowExecutionId=execution_id, maxResults=page_size, **more
        )
        messages += page["messages"]
        if "nextToken" not in page:
            return messages
        more = {"nextToken": page["nextToken"]}


def refusal(reader, **input):
    input = {"flowExecutionId": given["executions"][0]["id"], **input}
    try:
        reader.list_flow_execution_messages(**input)
    except ClientError as error:
        metadata = error.response["ResponseMetadata"]
        return {
            "code": error.response["Error"]["Code"],
            "class": next(
                (name for name in MODELLED if isinstance(error, getattr(reader.exceptions, name))), None
            ),
            "status": metadata["HTTPStatusCode"],
            "requestId": metadata["RequestId"],
            "retries": metadata["RetryAttempts"],
            "message": error.response["Error"]["Message"],
        }
    except ParamValidationError as error:
        return {"code": "ParamValidationError", "message": str(error)}
    return {"code": "answered"}


def faults(faults):
    body = json.dumps(faults).encode()
    urllib.request.urlopen(given["upstream"]["url"] + "/_emulator/faults", data=body).close()


def failing(exception, retries=0):
    each = next(each for each in given["failing"] if each["exception"] == exception)
    if "faults" in each:
        faults(each["faults"])
    try:
        return refusal(client(given["key"], retries), flowExecutionId=each["flowExecutionId"])
    finally:
        if "faults" in each:
            faults({})


def use_up_rate(key):
    """Uses up the key's rate with plain requests. boto3 can be too slow for that on a busy machine."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(given["url"]).netloc)
    while True:
        connection.request("GET", "/v1/key", headers={"X-API-Key": key})
        response = connection.getresponse()
        response.read()
        if response.status == 429:
            connection.close()
            return


def throttled(key):
    while True:
        use_up_rate(key)
        refused = refusal(client(key), maxResults=1)
        # If the call was answered, a new rate-limit period had just begun. Then try again.
        if refused["code"] != "answered":
            return refused


def compared(execution_id, page_size):
    expected = with_paginator(upstream(), execution_id, 250)
    reader = client(given["key"])
    return {
        "count": len(expected),
        "paginator": with_paginator(reader, execution_id, page_size) == expected,
        "client": by_hand(reader, execution_id, page_size) == expected,
    }


good = client(given["key"])
print(
    json.dumps(
        {
            "version": boto3.__version__,
            "executions": {each["id"]: compared(each["id"], each["pageSize"]) for each in given["executions"]},
            "failing": {each["exception"]: failing(each["exception"]) for each in given["failing"]},
            "refusals": {
                "invalid": refusal(good, maxResults=251),
                "token": refusal(good, nextToken="made up"),
                "failedUpstreamTwice": failing("InternalFailureException", retries=1),
                "overTheLimit": throttled(given["slowKey"]),
                "wrongKey": refusal(client("wrong", retries=1)),
                "revokedKey": refusal(client(given["revokedKey"])),
                "foreignExecution": refusal(client(given["foreignKey"])),
                "realTokenOfAws": refusal(
                    client(given["key"], aws_access_key_id=None, aws_secret_access_key=None)
                ),
                "noToken": refusal(client(None)),
                "unsigned": refusal(client(None, config=Config(signature_version=botocore.UNSIGNED))),
                "endpointWithPath": refusal(client(given["key"], endpoint_url=given["url"] + "aws")),
            },
        }
    )
)
