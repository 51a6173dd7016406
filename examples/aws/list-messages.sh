#!/bin/sh
# Prints every message of an execution, read with the AWS CLI.
#
#     FLOWTAP_URL=http://127.0.0.1:8787 sh list-messages.sh <flowExecutionId>
#
# The API key stands in a profile of its own, in ~/.aws/credentials:
#
#     [flowtap]
#     aws_access_key_id = flowtap
#     aws_secret_access_key = unused
#     aws_session_token = ftk_…
#
# Always with --endpoint-url, as here: without it the CLI would send the key to AWS.
set -eu
exec aws iotthingsgraph list-flow-execution-messages \
  --profile flowtap --region us-west-2 --endpoint-url "$FLOWTAP_URL" --output json \
  --flow-execution-id "$1"
