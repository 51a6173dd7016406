#!/bin/sh
# Prints every event of an execution of Step Functions, read with the AWS CLI.
#
#     FLOWTAP_URL=http://127.0.0.1:8787 sh print-history.sh <executionArn>
#
# The API key stands in a profile of its own, in ~/.aws/credentials, and needs access to payloads ("full"):
#
#     [flowtap]
#     aws_access_key_id = flowtap
#     aws_secret_access_key = unused
#     aws_session_token = ftk_…
#
# Always with --endpoint-url, as here: without it the CLI would send the key to AWS.
set -eu
region=$(echo "$1" | cut -d : -f 4)
exec aws stepfunctions get-execution-history \
  --profile flowtap --region "$region" --endpoint-url "$FLOWTAP_URL" --output json \
  --no-include-execution-data --execution-arn "$1"
