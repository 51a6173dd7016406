#!/bin/sh
# Follows an execution live with curl alone.
#
#     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... sh examples/follow.sh EXECUTION_ID
#
# -N shows each event as it comes. curl does not come back when it is cut off: this does, with the last id that it saw, and
# stops at 204 (all was sent) or when it is refused for good.
set -eu
url="${FLOWTAP_URL:-http://127.0.0.1:8787}/v1/executions/$(printf %s "$1" | sed 's|%|%25|g; s|?|%3F|g; s|#|%23|g; s|/|%2F|g')/messages"
seen=$(mktemp) && status=$(mktemp)
trap 'rm -f "$seen" "$status"' EXIT
while :; do
  last=$(sed -n 's/^id: //p' "$seen" | tail -n 1)
  # The key goes in by a file descriptor, so that no list of processes shows it.
  printf 'header = "Authorization: Bearer %s"\n' "$FLOWTAP_API_KEY" |
    curl -sN -K - -H 'Accept: text/event-stream' ${last:+-H "Last-Event-ID: $last"} \
      -o /dev/stdout -w '%{stderr}%{http_code}' "$url" 2>"$status" | tee -a "$seen" || true
  case "$(tail -c 3 "$status")" in
    204) exit 0 ;;
    200 | 000) sleep 2 ;;
    *) exit 1 ;;
  esac
done
