"""An implementation of ListFlowExecutionMessages that follows botocore's understanding of the service, not ours.

Shares no code with src/emulator. botocore's signer verifies the signature, and botocore's validator and service model
judge the input. Pages, tokens and errors are like those of other AWS services: a page has at most 37 messages, whatever
maxResults says, and every full page has a token, so the last page can be empty.

Reads one line of JSON from stdin: {"accessKeyId", "secretAccessKey", "region", "histories": path of a file}. Prints the
port that it listens on, and exits when stdin closes. Each request reads the file again. The file maps each
flowExecutionId to {"messages": [...]}. An entry with "exception": name makes all calls fail, or only the first ones if
it also has "times": count.
"""

import base64
import binascii
import calendar
import collections
import hashlib
import hmac
import json
import os
import sys
import threading
import time
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

PAGE_MESSAGES_MAX = 37
CLOCK_SKEW_SECONDS_MAX = 300

given = json.loads(sys.stdin.buffer.readline())
model = botocore.session.get_session().get_service_model("iotthingsgraph")
operation = model.operation_model("ListFlowExecutionMessages")
target = model.metadata["targetPrefix"] + "." + operation.name
content_type = "application/x-amz-json-" + model.metadata["jsonVersion"]
signer = SigV4Auth(
    Credentials(given["accessKeyId"], given["secretAccessKey"]), model.signing_name, given["region"]
)
calls = collections.Counter()


class Refusal(Exception):
    def __init__(self, name, message, status=400):
        super().__init__(name)
        self.name, self.message, self.status = name, message, status


def check_signature(method, path, headers, body):
    """Refuses a missing signature, an unknown key, a wrong scope or signature, and an old date, with AWS's errors."""
    algorithm, _, rest = headers.get("Authorization", "").partition(" ")
    parts = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    if algorithm != "AWS4-HMAC-SHA256" or not {"Credential", "SignedHeaders", "Signature"} <= set(parts):
        raise Refusal("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    key_id, _, _ = parts["Credential"].partition("/")
    if key_id != given["accessKeyId"] or "X-Amz-Security-Token" in headers:
        raise Refusal(
            "UnrecognizedClientException", "The security token included in the request is invalid."
        )
    names = parts["SignedHeaders"].split(";")
    unsigned = {name.lower() for name in headers if name.lower().startswith("x-amz-")} - set(names)
    signed = AWSRequest(
        method=method,
        url="http://" + headers["Host"] + path,
        headers={name: headers.get(name, "") for name in names},
        data=body,
    )
    signed.context["timestamp"] = headers.get("X-Amz-Date", "")
    signature = signer.signature(
        signer.string_to_sign(signed, signer.canonical_request(signed)), signed
    )
    # botocore trusts the body hash in the header, if the request has one. So compare it with the real hash.
    claimed = headers.get("X-Amz-Content-SHA256", hashlib.sha256(body).hexdigest())
    if (
        unsigned
        or "host" not in names
        or claimed != hashlib.sha256(body).hexdigest()
        or parts["Credential"] != signer.scope(signed)
        or not hmac.compare_digest(signature, parts["Signature"])
    ):
        raise Refusal(
            "InvalidSignatureException",
            "The request signature we calculated does not match the signature you provided.",
            403,
        )
    try:
        sent = calendar.timegm(time.strptime(signed.context["timestamp"], "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise Refusal("IncompleteSignatureException", "X-Amz-Date is no date") from None
    if abs(time.time() - sent) > CLOCK_SKEW_SECONDS_MAX:
        raise Refusal("InvalidSignatureException", "Signature expired", 403)


def check_input(headers, body):
    if headers.get("X-Amz-Target") != target:
        raise Refusal("UnknownOperationException", None)
    if headers.get("Content-Type") != content_type:
        raise Refusal("SerializationException", "Unexpected content type")
    try:
        asked = json.loads(body)
    except ValueError:
        raise Refusal("SerializationException", None) from None
    report = ParamValidator().validate(asked, operation.input_shape)
    if report.has_errors():
        raise Refusal("InvalidRequestException", report.generate_report())
    # botocore's validator checks only lower bounds.
    if asked.get("maxResults", 1) > operation.input_shape.members["maxResults"].metadata["max"]:
        raise Refusal("InvalidRequestException", "maxResults is too large")
    return asked


def token_of(execution_id, position):
    return base64.b64encode(json.dumps({"v": 1, "of": execution_id, "after": position}).encode()).decode()


def position_of(execution_id, token):
    try:
        read = json.loads(base64.b64decode(token, validate=True))
        if read["of"] == execution_id:
            return read["after"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    raise Refusal("InvalidRequestException", "nextToken is invalid")


def page(asked):
    execution_id = asked["flowExecutionId"]
    with open(given["histories"], encoding="utf-8") as file:
        history = json.load(file).get(execution_id)
    if history is None:
        raise Refusal("ResourceNotFoundException", "Flow execution " + execution_id + " was not found")
    calls[execution_id] += 1
    if "exception" in history and calls[execution_id] <= history.get("times", float("inf")):
        name = history["exception"]
        raise Refusal(name, "The foreign upstream says " + name, 500 if name.startswith("Internal") else 400)
    start = position_of(execution_id, asked["nextToken"]) if "nextToken" in asked else 0
    limit = min(asked.get("maxResults", PAGE_MESSAGES_MAX), PAGE_MESSAGES_MAX)
    messages = history["messages"][start : start + limit]
    more = {"nextToken": token_of(execution_id, start + limit)} if len(messages) == limit else {}
    return {"messages": messages, **more}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Buffers the response, so that head and body leave in one packet. Otherwise the body would wait for an ACK.
    wbufsize = -1

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        try:
            check_signature(self.command, self.path, self.headers, body)
            self.answer(200, page(check_input(self.headers, body)))
        except Refusal as refusal:
            error = {"__type": "com.amazonaws.iotthingsgraph#" + refusal.name}
            if refusal.message is not None:
                error["message"] = refusal.message
            self.answer(refusal.status, error, refusal.name)

    def answer(self, status, value, error=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if error is not None:
            self.send_header("x-amzn-ErrorType", error + ":http://internal.amazon.com/coral/com.amazonaws/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        """Logs nothing."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.buffer.read()
os._exit(0)
