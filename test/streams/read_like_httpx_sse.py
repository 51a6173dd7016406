"""Follows an execution as httpx-sse does, and retries as its README shows. Its argument is the address of the stream.

Debian has httpx but not httpx-sse, so its rules are written out here. Source: https://github.com/florimondmanca/httpx-sse,
`SSEDecoder.decode`, `EventSource.iter_sse` and "Handling reconnections". Reads the API key from FLOWTAP_API_KEY. Prints
every event as a line of JSON and exits at `end`.
"""
import json
import os
import sys
import time

import httpx


class Decoder:
    def __init__(self):
        self.event, self.data, self.last_event_id, self.retry = "", [], "", None

    def decode(self, line):
        if not line:
            # A blank line ends an event, unless no field came before it. So `retry:` alone is an event without data.
            if not self.event and not self.data and not self.last_event_id and self.retry is None:
                return None
            event = {
                "event": self.event or "message",
                "data": "\n".join(self.data),
                "id": self.last_event_id,
                "retry": self.retry,
            }
            self.event, self.data, self.retry = "", [], None
            return event
        if line.startswith(":"):
            return None
        name, _, value = line.partition(":")
        if value.startswith(" "):
            value = value[1:]
        if name == "event":
            self.event = value
        elif name == "data":
            self.data.append(value)
        elif name == "id":
            if "\0" not in value:
                self.last_event_id = value
        elif name == "retry":
            try:
                self.retry = int(value)
            except ValueError:
                pass
        return None


def connect(client, address, headers):
    with client.stream("GET", address, headers=headers) as response:
        response.raise_for_status()
        content_type = response.headers.get("content-type", "").partition(";")[0]
        if "text/event-stream" not in content_type:
            raise SystemExit(f"{response.status_code} with the content type {content_type!r}")
        decoder = Decoder()
        for line in response.iter_lines():
            event = decoder.decode(line.rstrip("\n"))
            if event is not None:
                yield event


def main():
    last_event_id, delay_seconds = "", 0.0
    client = httpx.Client(timeout=45, headers={"Authorization": f"Bearer {os.environ['FLOWTAP_API_KEY']}"})
    while True:
        time.sleep(delay_seconds)
        headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
        if last_event_id:
            headers["Last-Event-ID"] = last_event_id
        try:
            for event in connect(client, sys.argv[1], headers):
                last_event_id = event["id"]
                if event["retry"] is not None:
                    delay_seconds = event["retry"] / 1000
                print(json.dumps(event), flush=True)
                if event["event"] == "end":
                    return
        except httpx.TransportError:
            delay_seconds = delay_seconds or 1.0


main()
