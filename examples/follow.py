#!/usr/bin/env python3
"""Follows an execution live, with the standard library alone.

    FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... python3 examples/follow.py EXECUTION_ID

Prints each message as a line of JSON, and comes to an end when the execution has. What every client of the event stream
owes (docs/http-api.md, "What a client owes") is here: it comes back with the last id that it saw, no sooner than it
was asked to; it begins anew at `reset`; and it stops for good at 204, or at a status that will not pass.
"""
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Heartbeats come after 15 s of silence: a connection that says nothing for three times as long is dead.
SILENCE_SECONDS_MAX = 45


def follow(url, api_key, execution_id):
    """Yields (event, data as text) for each event; returns when all was sent."""
    address = f"{url.rstrip('/')}/v1/executions/{urllib.parse.quote(execution_id, safe='')}/messages"
    last_event_id = ""
    retry_seconds = 1.0
    while True:
        request = urllib.request.Request(address)
        request.add_header("Accept", "text/event-stream")
        request.add_header("Authorization", f"Bearer {api_key}")
        if last_event_id:
            request.add_header("Last-Event-ID", last_event_id)
        try:
            with urllib.request.urlopen(request, timeout=SILENCE_SECONDS_MAX) as response:
                if response.status == 204:
                    return
                event, data, event_id = "message", [], None
                for raw in response:
                    if not raw.endswith(b"\n"):
                        # Cut off within a line, perhaps even within a character.
                        break
                    line = raw.decode("utf-8", "replace").rstrip("\r\n")
                    name, _, value = line.partition(":")
                    value = value[1:] if value.startswith(" ") else value
                    if name == "event":
                        event = value
                    elif name == "data":
                        data.append(value)
                    elif name == "id":
                        event_id = value
                    elif name == "retry" and value.isdecimal():
                        retry_seconds = int(value) / 1000
                    elif line == "":
                        # Only a blank line completes an event: one that was cut off half-way comes again.
                        if event_id is not None:
                            last_event_id = event_id
                        if data:
                            yield event, "\n".join(data)
                        event, data, event_id = "message", [], None
        except urllib.error.HTTPError as error:
            # What will pass comes as a `problem` event with 200; from something on the way it may be a 429 or 5xx.
            if error.code != 429 and error.code < 500:
                raise SystemExit(f"{error.code}: {error.read().decode('utf-8', 'replace')}") from None
        except (OSError, http.client.HTTPException):
            # Cut off, silent for too long, not to be reached just now, or no HTTP what came: come back.
            pass
        time.sleep(retry_seconds)


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    url = os.environ.get("FLOWTAP_URL", "http://127.0.0.1:8787")
    for event, data in follow(url, os.environ["FLOWTAP_API_KEY"], sys.argv[1]):
        if event == "message":
            print(json.dumps(json.loads(data)), flush=True)
        elif event == "reset":
            print("The history is another one: it comes again from its start", file=sys.stderr)
        elif event == "problem":
            problem = json.loads(data)
            print(f"{problem['title']}: {problem['detail']}", file=sys.stderr)
        elif event == "end":
            print(f"Ended: {json.loads(data)['status']}", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except BrokenPipeError:
        # Whoever read has enough, as in `… | head -1`. What is left goes nowhere: Python would try to write it once more at its
        # end, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
