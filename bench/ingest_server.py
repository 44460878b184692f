"""The edge alone, for the ingest benchmark: PagerDuty's Events API as it is served, one routing key, an empty log."""

from __future__ import annotations

import argparse
import random
from pathlib import Path

from starlette.applications import Starlette

from tocsin.app.rsgi import Edge
from tocsin.app.rsgi_body import Deadlines
from tocsin.app.rsgi_bridge import Bridge
from tocsin.app.rsgi_server import listen, run, serve
from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.dialects.pagerduty_events.read import hot_paths
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.log.sqlite import SqliteLogWriter

ROUTING_KEY = "0123456789abcdef0123456789abcdef"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    ids = IdSource(random.SystemRandom())
    keys = KeyTable([IntegrationRef("PABCDEF", "PSERVIC", ROUTING_KEY)])
    writer = SqliteLogWriter(args.data, ids.key)
    deadlines = Deadlines()
    edge = Edge(hot_paths(keys, ids), IngestQueue(writer), SystemClock().now, Bridge(Starlette(), deadlines), deadlines)
    run(serve(edge, listen("127.0.0.1", args.port), ready=lambda: print("ready", flush=True)))
    writer.close()


if __name__ == "__main__":
    main()
