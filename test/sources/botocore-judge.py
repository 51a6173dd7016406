"""Reads requests from stdin, as they were sent. Prints the Authorization headers that botocore gives them."""
import json
import sys

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

OURS = ("content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target")


def authorization(sent):
    request, keys = sent["request"], sent["credentials"]
    headers = {name: value for name, value in request["headers"].items() if name in OURS}
    wire = AWSRequest(
        method=request["method"],
        url="http://" + headers["host"] + request["url"],
        headers=headers,
        data=request["body"].encode(),
    )
    wire.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(
        Credentials(keys["accessKeyId"], keys["secretAccessKey"], keys.get("sessionToken")),
        "iotthingsgraph",
        sent["region"],
    )
    signature = auth.signature(auth.string_to_sign(wire, auth.canonical_request(wire)), wire)
    signed = auth.signed_headers(auth.headers_to_sign(wire))
    return f"AWS4-HMAC-SHA256 Credential={auth.scope(wire)}, SignedHeaders={signed}, Signature={signature}"


print(json.dumps([authorization(sent) for sent in json.load(sys.stdin)]))
