#!/usr/bin/env python3
"""Follows an execution live, with the standard library alone.

    FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... python3 examples/follow.py EXECUTION_ID

Prints each message as a line of JSON, and exits when the execution has ended. It does what every client of the event
stream owes (docs/http-api.md, "What a client owes"): it reconnects with the last id that it saw, no sooner than the service
asks; it starts again at `reset`; and it stops at 204, or at a status that does not pass.
"""
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

# Heartbeats come after 15 s of silence. A connection that is silent for three times as long is dead.
SILENCE_SECONDS_MAX = 45


def follow(url, api_key, execution_id):
    """Yields (event, data as text) for each event; returns when all was sent."""
    address = f"{url.rstrip('/')}/v1/executions/{urllib.parse.quote(execution_id, safe='')}/messages"
    position = {"id": "", "retry_seconds": 1.0}
    reported = None
    while True:
        request = urllib.request.Request(address)
        request.add_header("Accept", "text/event-stream")
        request.add_header("Authorization", f"Bearer {api_key}")
        if position["id"]:
            request.add_header("Last-Event-ID", position["id"])
        is_answered, trouble = False, None
        try:
            with urllib.request.urlopen(request, timeout=SILENCE_SECONDS_MAX) as response:
                is_answered = True
                if response.status == 204:
                    return
                yield from read_events(whole_lines(response), position)
        except urllib.error.HTTPError as error:
            # A passing trouble comes as a `problem` event with 200; from a proxy in between it may be a 429 or 5xx.
            if error.code != 429 and error.code < 500:
                raise SystemExit(f"{error.code}: {error.read().decode('utf-8', 'replace')}") from None
            trouble = f"{url} answers {error.code}"
        except (OSError, http.client.HTTPException) as error:
            # A connection that breaks off is part of every stream's life. One that was never answered is worth a line.
            if not is_answered:
                trouble = f"No answer from {url}: {getattr(error, 'reason', error)}"
        # Once for each trouble: it may last.
        if trouble and trouble != reported:
            print(f"{trouble}. Trying again.", file=sys.stderr)
        reported = trouble
        time.sleep(position["retry_seconds"])


def whole_lines(response):
    """Lines without their ends. Not the last one if it was cut off, perhaps even within a character."""
    for line in response:
        if line.endswith(b"\n"):
            yield line.rstrip(b"\r\n")


def read_events(lines, position):
    """Yields (event, data as text) for each whole event, and keeps in `position` what the next connection needs."""
    event, data, event_id = "message", [], None
    for line in lines:
        name, _, value = line.decode("utf-8", "replace").partition(":")
        value = value[1:] if value.startswith(" ") else value
        if name == "event":
            event = value
        elif name == "data":
            data.append(value)
        elif name == "id":
            event_id = value
        elif name == "retry" and value.isdecimal():
            position["retry_seconds"] = int(value) / 1000
        elif not line:
            # Only a blank line completes an event: one that was cut off half-way comes again.
            if event_id is not None:
                position["id"] = event_id
            if data:
                yield event, "\n".join(data)
            event, data, event_id = "message", [], None


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    url = os.environ.get("FLOWTAP_URL", "http://127.0.0.1:8787")
    if not url.startswith(("http://", "https://")):
        raise SystemExit(f"FLOWTAP_URL must begin with http:// or https://, and is {url!r}.")
    api_key = os.environ.get("FLOWTAP_API_KEY")
    if not api_key:
        raise SystemExit("FLOWTAP_API_KEY is not set. Set it to an API key of the service: ftk_...")
    for event, data in follow(url, api_key, sys.argv[1]):
        if event == "message":
            print(json.dumps(json.loads(data)), flush=True)
        elif event == "reset":
            print("The history has changed: it is sent again from its start", file=sys.stderr)
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
        # The reader has seen enough, as in `... | head -1`. Discard the rest: Python would try to write it once more when it
        # exits, and complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
