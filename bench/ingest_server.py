"""The edge with one demonstration route, for the ingest benchmark: what PagerDuty's /v2/enqueue costs, no more.

The route does what a dialect's reader does (checks the body with msgspec, looks the routing key up, makes a dedup key,
renders the answer); the vendor's exact errors are left out.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import msgspec
import uvloop
from starlette.applications import Starlette

from tocsin.app.rsgi import Edge
from tocsin.app.rsgi_body import Deadlines
from tocsin.app.rsgi_bridge import Bridge
from tocsin.app.rsgi_server import listen, serve
from tocsin.kernel import limits
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.runtime.ingest import HotPath, Posted, Reading
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.log import NewEntry
from tocsin.storage.log.sqlite import SqliteLogWriter

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


class Payload(msgspec.Struct):
    summary: str
    source: str
    severity: str
    custom_details: msgspec.Raw = msgspec.Raw(b"null")


class Event(msgspec.Struct):
    routing_key: str
    event_action: str
    payload: Payload | None = None
    dedup_key: str | None = None


class EnqueueRoute:
    """Reads an event the way the real dialect does."""

    body_limit = limits.BODY_BYTES

    def __init__(self, ids: IdSource) -> None:
        self._ids = ids
        self._decoder = msgspec.json.Decoder(Event)
        self._integrations = {ROUTING_KEY: "PABCDEF"}

    def read(self, posted: Posted) -> Reading:
        try:
            event = self._decoder.decode(posted.body)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            return Reading(400, msgspec.json.encode({"status": "invalid event", "errors": [str(error)]}))
        integration = self._integrations.get(event.routing_key)
        if integration is None:
            return Reading(400, b'{"status":"invalid event","errors":["Invalid routing key"]}')
        key = event.dedup_key or self._ids.key()
        entry = NewEntry(posted.now, "pagerduty.v2", integration, key, posted.body)
        answer = b'{"status":"success","message":"Event processed","dedup_key":"%b"}' % key.encode()
        return Reading(202, answer, (entry,))

    def refuse(self, error: TocsinError) -> Reading:
        return Reading(getattr(error, "status", 503), msgspec.json.encode({"status": error.code}))


def clock() -> Moment:
    return time.time_ns() // 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    ids = IdSource(random.SystemRandom())
    writer = SqliteLogWriter(args.data, ids.key)
    deadlines = Deadlines()
    route = HotPath("/v2/enqueue", EnqueueRoute(ids))
    edge = Edge([route], IngestQueue(writer), clock, Bridge(Starlette(), deadlines), deadlines)
    uvloop.run(serve(edge, listen("127.0.0.1", args.port), ready=lambda: print("ready", flush=True)))
    writer.close()


if __name__ == "__main__":
    main()
