#!/bin/sh
# Follows an execution live with curl alone.
#
#     FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... sh examples/follow.sh EXECUTION_ID
#
# Prints each message as a line of JSON, and comes to an end when the execution has. curl does not come back when it is cut off:
# this does, as every client of the event stream owes (docs/http-api.md, "What a client owes").
set -eu
key=${FLOWTAP_API_KEY:?} execution=${1:?needs the id of an execution}
# Every byte as %xx: then no character of an id means anything to curl, or in an address.
path=/v1/executions/$(printf %s "$execution" | od -An -v -tx1 | tr -d '[:space:]' | sed 's/../%&/g')/messages
service=${FLOWTAP_URL:-http://127.0.0.1:8787} url=${service%/}$path

# Bytes, also where a connection was cut in the middle of a character.
export LC_ALL=C
# Who reads what this prints may have seen enough, as in `… | head -1`: then printf fails below, and all ends quietly.
trap '' PIPE
cr=$(printf '\r')
last='' retry=1000

# One connection's bytes; behind them a carriage return, which no event has in it, and the status (000: there was no answer).
connect() {
  # The key goes in by a file descriptor, so that no list of processes shows it. Heartbeats come after 15 s of silence: a
  # connection that says nothing for three times as long is dead. -N: each event as it comes; -g: no patterns in the address.
  printf 'header = "Authorization: Bearer %s"\n' "$key" |
    curl -sgN -K - --connect-timeout 45 --speed-limit 1 --speed-time 45 -w '\r%{http_code}\n' \
      -H 'Accept: text/event-stream' ${last:+-H "Last-Event-ID: $last"} "$url" || true
}

# Prints a connection's messages to 3. Then, if it is worth coming back: its status, after how many milliseconds, and with which id.
# `read` takes no byte more than its line, so that nothing waits in a buffer.
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
