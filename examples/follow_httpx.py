#!/usr/bin/env python3
"""Follows an execution live, with httpx.

    FLOWTAP_URL=http://127.0.0.1:8787 FLOWTAP_API_KEY=ftk_... python3 examples/follow_httpx.py EXECUTION_ID

Prints each message as a line of JSON, and exits when the execution has ended. It does what every client of the event
stream owes (docs/http-api.md, "What a client owes"): it reconnects with the last id that it saw, no sooner than the service
asks; it starts again at `reset`; and it stops at `end`, at 204, or at a status that does not pass.
"""
import json
import os
import sys
import time
import urllib.parse

import httpx

# Heartbeats come after 15 s of silence. A connection that is silent for three times as long is dead.
SILENCE_SECONDS_MAX = 45


def follow(url, api_key, execution_id):
    """Yields (event, data as text) for each event; returns when all was sent."""
    address = f"{url.rstrip('/')}/v1/executions/{urllib.parse.quote(execution_id, safe='')}/messages"
    headers = {"Accept": "text/event-stream", "Authorization": f"Bearer {api_key}"}
    position = {"id": "", "retry_seconds": 1.0}
    reported = None
    client = httpx.Client(timeout=SILENCE_SECONDS_MAX)
    while True:
        if position["id"]:
            headers["Last-Event-ID"] = position["id"]
        is_answered, trouble = False, None
        try:
            with client.stream("GET", address, headers=headers) as response:
                is_answered = True
                if response.status_code == 204:
                    return
                if response.status_code == 200:
                    for event, data in read_events(whole_lines(response), position):
                        yield event, data
                        if event == "end":
                            return
                elif response.status_code == 429 or response.status_code >= 500:
                    # A passing trouble comes as a `problem` event with 200; these come from a proxy in between.
                    trouble = f"{url} answers {response.status_code}"
                else:
                    response.read()
                    raise SystemExit(f"{response.status_code}: {response.text}")
        except httpx.TransportError as error:
            # A connection that breaks off is part of every stream's life. One that was never answered is worth a line.
            if not is_answered:
                trouble = f"No answer from {url}: {error}"
        # Once for each trouble: it may last.
        if trouble and trouble != reported:
            print(f"{trouble}. Trying again.", file=sys.stderr)
        reported = trouble
        time.sleep(position["retry_seconds"])


def whole_lines(response):
    """Lines without their ends. Not httpx's iter_lines(): since 0.24 it also splits at U+2028, which a payload may contain."""
    pending = b""
    for chunk in response.iter_bytes():
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines


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
