"""The edge's process: accepts events, serves people and programs, passes commands to the engine. Decides nothing.

Starts without engine and without database: accepting needs its own log only. On SQLite the log lies in the data folder
and the edge is its one writer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from ipaddress import ip_network

import structlog

from tocsin.app.edge_keys import EdgeKeys
from tocsin.app.folder import held
from tocsin.app.health import Pulse, Signs
from tocsin.app.heartbeat import Heartbeat
from tocsin.app.http import Edge as Parts
from tocsin.app.http import application
from tocsin.app.installation import Installation
from tocsin.app.log_sweep import LogSweep
from tocsin.app.nobody import Warner
from tocsin.app.providers import providers
from tocsin.app.readiness import why_nobody
from tocsin.app.rsgi import Edge
from tocsin.app.rsgi_body import Deadlines
from tocsin.app.rsgi_bridge import Bridge
from tocsin.app.rsgi_server import Tls, listen, run, serve
from tocsin.app.settings import AppSettings
from tocsin.dialects._kit.hooks import hook_paths
from tocsin.dialects._kit.limits import Gate, PerMinute
from tocsin.dialects.alertmanager import read as alertmanager
from tocsin.dialects.pagerduty_events import read as pagerduty_events
from tocsin.kernel.time import Moment
from tocsin.runtime.desk import Line
from tocsin.runtime.ingest import HotPath
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.runtime.live import Bus
from tocsin.runtime.orders import nothing_to_do
from tocsin.runtime.reads import Reads
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.log import LogError

log = structlog.get_logger("edge")


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks of an edge: the demo's process to talk to, or monitors' addresses only."""

    demo_url: str = ""
    hooks_only: bool = False


def run_edge(
    place: Installation, ready: Callable[[], None] = lambda: None, *, demo_url: str = "", hooks_only: bool = False
) -> None:
    """Run until SIGTERM or SIGINT. Raises Conflict (another edge), PortInUse, Invalid (TLS files)."""
    tls = _tls(place.settings)
    with held(place.data, "edge", place.settings.base_url):
        listener = listen(place.settings.host, place.settings.port)
        run(_serve(place, listener, tls, ready, Wish(demo_url, hooks_only)))


def _tls(settings: AppSettings) -> Tls | None:
    if not settings.tls_cert or not settings.tls_key:
        return None
    found = Tls(settings.tls_cert, settings.tls_key)
    found.check()
    return found


async def _serve(place: Installation, listener: object, tls: Tls | None, ready: Callable[[], None], wish: Wish) -> None:
    parts, ingest, keys = _assemble(place, wish)
    deadlines = Deadlines()
    trusted = [ip_network(name) for name in place.settings.trusted_proxies]
    bridge = Bridge(application(parts), deadlines, trusted=trusted)
    gate = Gate(PerMinute(place.settings.events_per_key_per_minute))
    edge = Edge(_hot_paths(keys, place, gate), ingest, place.clock.now, bridge, deadlines, keys)
    settings = place.settings
    keys.start()
    parts.control.start()
    heartbeat = parts.heartbeat
    if heartbeat is not None:
        heartbeat.start()
    sweep = LogSweep(parts.reads.oldest_kept_event, ingest.drop_before)
    sweep.start()
    warner = Warner(lambda: why_nobody(parts.config.current(), parts.providers))
    warner.start()
    log.info("edge_ready", port=settings.port, url=settings.base_url)
    await serve(edge, listener, tls=tls, ready=ready)  # type: ignore[arg-type]
    if heartbeat is not None:
        heartbeat.stop()
    sweep.stop()
    warner.stop()
    parts.control.close()


def _assemble(place: Installation, wish: Wish) -> tuple[Parts, IngestQueue, EdgeKeys]:
    database = place.database(read_only=True)
    reads = Reads(database, place.log_reader)
    config = ConfigReader(database)
    sending = providers(place, database)
    sending.check()
    bus = Bus(place.ids.long())
    control: Line

    def changed(topics: Iterable[str]) -> None:
        found = list(topics)
        keys.changed(found)
        bus.publish(found)

    control = place.line(config, changed)
    writer = place.log_writer()
    ingest = IngestQueue(
        writer,
        notify=control.tell_log_head,
        trial=lambda: nothing_to_do(place.clock.now()),
        max_backlog=place.settings.max_backlog,
    )
    keys = EdgeKeys(
        config.current, lambda: config.newest, lambda: reads.cursor().seq, ingest.note_decided, place.clock.now
    )
    signs = Signs(
        why_nobody=lambda: why_nobody(config.current(), sending),
        engine_is_there=control.engine_is_there,
        is_fenced=lambda: config.current().settings.sending_fenced,
        knows_keys=lambda: keys.is_ready,
        received_at=lambda seq: _received_at(place, seq),
    )
    pulse = Pulse(reads, ingest, place.clock, signs, log_in_database=bool(place.settings.database_url))
    parts = Parts(
        place=place,
        database=database,
        reads=reads,
        config=config,
        control=control,
        ingest=ingest,
        bus=bus,
        pulse=pulse,
        keys=keys,
        providers=sending,
        demo_url=wish.demo_url,
        hooks_only=wish.hooks_only,
        heartbeat=Heartbeat(place.settings.heartbeat_url, lambda: pulse.health().problems, place.clock.now),
    )
    return parts, ingest, keys


def _received_at(place: Installation, seq: int) -> Moment | None:
    """When an event came. One short look at the log, and only for events that wait."""
    try:
        with closing(place.log_reader()) as reader:
            entry = reader.get(seq)
    except LogError:
        return None
    return None if entry is None else entry.received_at


def _hot_paths(keys: EdgeKeys, place: Installation, gate: Gate) -> list[HotPath]:
    return [
        *pagerduty_events.hot_paths(keys, place.ids, gate=gate),
        *alertmanager.hot_paths(keys, gate=gate),
        *hook_paths({"alertmanager": alertmanager.WebhookRoute(keys, gate=gate)}),
    ]
