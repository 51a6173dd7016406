#!/bin/sh
# Follows an execution live with curl alone.
#
#     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... sh examples/follow.sh EXECUTION_ID
#
# Prints each message as a line of JSON, and ends when the execution has ended. curl does not reconnect after a lost connection. This
# script does, as every client of the event stream must (docs/http-api.md, "What a client must do").
set -eu
key=${FLOWTAP_API_KEY:?} execution=${1:?needs the id of an execution}
# Every byte as %xx, so that no character of the id is special to curl or in a URL.
path=/v1/executions/$(printf %s "$execution" | od -An -v -tx1 | tr -d '[:space:]' | sed 's/../%&/g')/messages
service=${FLOWTAP_URL:-http://127.0.0.1:8787} url=${service%/}$path

# Process bytes: a connection may be cut in the middle of a character.
export LC_ALL=C
# The reader of the output may close the pipe, as in `… | head -1`. Then printf fails below, and the script exits silently.
trap '' PIPE
cr=$(printf '\r')
last='' retry=1000

# Prints the bytes of one connection, then a carriage return, which no event contains, and the status (000: no answer).
connect() {
  # The key is passed by a file descriptor, so that no process list shows it. The server sends a heartbeat after 15 s of silence:
  # after 45 s without a byte, the connection is dead. -N: print events unbuffered. -g: no patterns in the URL.
  printf 'header = "Authorization: Bearer %s"\n' "$key" |
    curl -sgN -K - --connect-timeout 45 --speed-limit 1 --speed-time 45 -w '\r%{http_code}\n' \
      -H 'Accept: text/event-stream' ${last:+-H "Last-Event-ID: $last"} "$url" || true
}

# Prints a connection's messages to descriptor 3. If a reconnect makes sense, prints the status, the milliseconds to wait, and the id to
# send. `read` consumes no byte beyond its line, so that nothing waits in a buffer.
read_events() {
  status=000 event=message id='' data=''
  while IFS= read -r line; do
    case $line in
      *"$cr"[0-9][0-9][0-9]) status=${line##*"$cr"} && break ;;
      'event: '*) event=${line#*: } ;;
      'id: '*) id=${line#*: } ;;
      'data: '*) data=${line#*: } ;;
      'retry: '*[!0-9]*) ;;
      'retry: '*) retry=${line#*: } ;;
      '')
        # Only a blank line completes an event: one that was cut off half-way comes again.
        last=${id:-$last}
        case $event in
          message) [ -z "$data" ] || printf '%s\n' "$data" >&3 2>/dev/null || exit 0 ;;
          reset | problem | end) printf '%s: %s\n' "$event" "$data" >&2 ;;
        esac
        [ "$event" != end ] || exit 0
        event=message id='' data=''
        ;;
    esac
  done
  case $status in
    204) exit 0 ;;
    # Cut off, or nobody there, or something on the way that passes.
    000 | 200 | 429 | 5??) echo "$status $retry $last" ;;
    *) printf '%s: %s\n' "$status" "${line%"$cr"*}" >&2 && exit 1 ;;
  esac
}

exec 3>&1
while :; do
  again=$(connect | read_events) || exit
  [ "$again" ] || exit 0
  was=${status-} status=${again%% *} again=${again#* }
  # Once for each trouble: it may last.
  case $status in
    200 | "$was") ;;
    000) echo "No answer from $service. Trying again." >&2 ;;
    *) echo "$service answers $status. Trying again." >&2 ;;
  esac
  retry=${again%% *} last=${again#* }
  sleep $(((retry + 999) / 1000))
done
