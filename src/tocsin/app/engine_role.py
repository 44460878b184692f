"""The engine's process: opens the main database, decides, sends. Exits when it is told to or when it lost the lease."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Mapping

import structlog

from tocsin.app.carriers import carriers
from tocsin.app.folder import held
from tocsin.app.installation import Installation
from tocsin.app.tokens import Tokens
from tocsin.dialects.alertmanager.decode import DECODERS as ALERTMANAGER
from tocsin.dialects.pagerduty_events.decode import DECODERS as PAGERDUTY_EVENTS
from tocsin.runtime.control_server import ControlServer
from tocsin.runtime.engine_loop import Decoder, EngineLoop
from tocsin.runtime.orders import DECODERS as ORDERS
from tocsin.runtime.senders import Senders
from tocsin.storage.log import LogDamaged, LogReader
from tocsin.storage.schema import create_schema, installation_secret
from tocsin.storage.turns import TurnStore

log = structlog.get_logger("engine")

DRAIN_SECONDS = 10.0

DECODERS: Mapping[str, Decoder] = {**PAGERDUTY_EVENTS, **ALERTMANAGER, **ORDERS}
"""How an entry of each source in the log is read."""


def run_engine(place: Installation, ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT. Raises Conflict when another engine holds the folder."""
    with held(place.data, "engine"):
        _run(place, ready)


def _run(place: Installation, ready: Callable[[], None]) -> None:
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    database = place.database()
    create_schema(database)
    tokens = Tokens(installation_secret(database, place.ids))
    journal = _wait_for_log(place, stopping)
    if journal is None:
        return
    store = TurnStore(database, place.ids.long())
    loop = EngineLoop(
        store,
        journal,
        DECODERS,
        ids=place.ids,
        clock=place.clock,
        publish=lambda topics: control.publish(topics),
    )
    senders = Senders(carriers(place.settings, tokens, place.clock), loop.report)
    loop.connect(senders)
    control = ControlServer(place.data, loop)
    control.start()
    threading.Thread(target=_stop_loop, args=(stopping, loop), name="stop", daemon=True).start()
    log.info("engine_ready", cursor=loop.cursor.seq, config_version=loop.config.version)
    ready()
    loop.run()
    control.close()
    senders.close(DRAIN_SECONDS)
    while loop.turn():
        pass
    store.close()
    log.info("engine_stopped", cursor=loop.cursor.seq)


def _stop_loop(stopping: threading.Event, loop: EngineLoop) -> None:
    stopping.wait()
    loop.stop()


def _wait_for_log(place: Installation, stopping: threading.Event) -> LogReader | None:
    """The edge begins the log; until it has, there is nothing to read."""
    while not stopping.is_set():
        with contextlib.suppress(LogDamaged):
            return place.log_reader()
        stopping.wait(0.05)
    return None
