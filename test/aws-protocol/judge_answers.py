"""Validates answers in AWS's protocols with botocore's parser, parameter validator and service model.

The arguments are a service and its default operation. Each line of stdin is one answer as a JSON object: {"status",
"headers", "body", "operation"}. Prints a JSON array with one object per answer: {"problems": [...], "messages": [...]}, or
{"problems": [...], "code": "..."} for an exception. Times are epoch seconds.
"""

import json
import sys

import botocore.parsers
import botocore.session
from botocore.validate import ParamValidator

service, default_operation = sys.argv[1:]
model = botocore.session.get_session().get_service_model(service)
parser = botocore.parsers.create_parser(model.protocol)
validator = ParamValidator()


def judge(answer):
    operation = model.operation_model(answer.get("operation", default_operation))
    errors = {shape.error_code: shape for shape in operation.error_shapes}
    body = json.loads(answer["body"])
    raw = {"status_code": answer["status"], "headers": answer["headers"], "body": answer["body"].encode()}
    if answer["status"] >= 300:
        code = parser.parse(raw, operation.output_shape)["Error"]["Code"]
        problems = [] if answer["headers"]["x-amzn-errortype"] == code else ["x-amzn-errortype is not the code"]
        if code in errors:
            parsed = parser.parse(raw, errors[code])
            parsed.pop("ResponseMetadata", None)
            problems += validate(parsed, errors[code])
            problems += [] if parsed.get("message") else ["no message"]
        return {"code": code, "problems": problems}
    parsed = parser.parse(raw, operation.output_shape)
    metadata = parsed.pop("ResponseMetadata", None)
    problems = validate(parsed, operation.output_shape) + unknown(body, operation.output_shape)
    if metadata["RequestId"] != answer["headers"]["x-amzn-requestid"]:
        problems.append("the request id is not that of the header")
    messages = [
        {**message, "timestamp": message["timestamp"].timestamp()} if "timestamp" in message else message
        for message in parsed.get("messages", [])
    ]
    return {"messages": messages, "problems": problems}


def validate(parsed, shape):
    report = validator.validate(parsed, shape)
    return [report.generate_report()] if report.has_errors() else []


def unknown(value, shape):
    """Lists members that are not in the model. The parser ignores them silently."""
    if shape.type_name == "structure":
        strangers = [name for name in value if name not in shape.members]
        known = [unknown(value[name], member) for name, member in shape.members.items() if name in value]
        return strangers + [problem for problems in known for problem in problems]
    if shape.type_name == "list":
        return [problem for item in value for problem in unknown(item, shape.member)]
    return [] if value is not None else ["null"]


print(json.dumps([judge(json.loads(line)) for line in sys.stdin]))
