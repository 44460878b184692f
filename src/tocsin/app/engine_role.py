"""The engine's process: opens the main database, decides, sends. Exits when it is told to or when it lost the lease.

On SQLite the lock on the data folder makes it the only engine. On PostgreSQL it waits for the lease; whoever holds it
is the active one. An engine that lost it ends at once, without a word to anybody: what it had in mind is another's now.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Mapping

import structlog

from tocsin.app.carriers import carriers
from tocsin.app.deliveries import bringer
from tocsin.app.folder import held, only_place
from tocsin.app.installation import Installation
from tocsin.app.providers import NEEDED, providers
from tocsin.app.tokens import Tokens
from tocsin.app.upgrade import upgrade
from tocsin.dialects.alertmanager.decode import DECODERS as ALERTMANAGER
from tocsin.dialects.pagerduty_events.decode import DECODERS as PAGERDUTY_EVENTS
from tocsin.kernel.time import DAY
from tocsin.runtime.control_server import ControlServer
from tocsin.runtime.couriers import Couriers
from tocsin.runtime.desk import Door
from tocsin.runtime.engine_loop import Decoder, EngineLoop
from tocsin.runtime.garbage import Garbage
from tocsin.runtime.lease import LeaseKeeper
from tocsin.runtime.orders import DECODERS as ORDERS
from tocsin.runtime.senders import Senders
from tocsin.storage.database import Database
from tocsin.storage.lease import LeaseTable
from tocsin.storage.log import LogDamaged, LogReader, LogRefused
from tocsin.storage.postgres import require_durable
from tocsin.storage.schema import installation_secret, is_current, revision_of
from tocsin.storage.turns import OUTAGES, LeaseLost, TurnStore

log = structlog.get_logger("engine")

DRAIN_SECONDS = 10.0

COURIER_SECONDS = 1.0
"""A delivery that takes longer is made again after the start: its receiver knows it by its id."""

FINISH_SECONDS = 2.0
"""What senders report when they end is stored within this time."""

SWITCH_SECONDS = 0.0005
"""How long the loop may keep the interpreter while a thread with somebody's question waits; 5 ms by default."""

LOST = 75
"""How the process ends when it lost the lease."""

DECODERS: Mapping[str, Decoder] = {**PAGERDUTY_EVENTS, **ALERTMANAGER, **ORDERS}
"""How an entry of each source in the log is read."""


def run_engine(place: Installation, ready: Callable[[], None] = lambda: None) -> None:
    """Run until SIGTERM or SIGINT. Raises Conflict when another engine holds the folder, SchemaTooNew."""
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    with held(place.data, "engine"):
        if place.settings.database_url is None:
            upgrade(place)
            _run(place, stopping, None, ready)
            return
        keeper = _on_postgres(place, stopping)
        if keeper is not None:
            _run(place, stopping, keeper, ready)
            keeper.release()


def _on_postgres(place: Installation, stopping: threading.Event) -> LeaseKeeper | None:
    """Wait for the database and for the lease; None when told to stop before that."""
    database = place.database()
    while not database.answers():
        log.warning("database_out_of_reach")
        if stopping.wait(1.0):
            return None
    require_durable(database.engine)
    if revision_of(database) is None:
        upgrade(place)
    is_current(database)  # a version that is too old for the database does not compete for the lease
    table = LeaseTable(database, place=only_place(place.data, "engine"), run=place.ids.long())
    keeper = LeaseKeeper(table, place.clock, lambda: os._exit(LOST))
    if not keeper.wait(stopping):
        return None
    keeper.start()
    try:
        upgrade(place)
    except BaseException:
        keeper.release()
        raise
    return keeper


def _run(place: Installation, stopping: threading.Event, keeper: LeaseKeeper | None, ready: Callable[[], None]) -> None:
    database = place.database()
    tokens = Tokens(installation_secret(database, place.ids))
    journal = _wait_for_log(place, stopping)
    if journal is None:
        return
    store = TurnStore(database, place.ids.long())
    store.events_kept = place.settings.events_kept_days * DAY
    store.fence = keeper.fence if keeper is not None else None
    doors: list[Door] = []

    def publish(topics: Iterable[str]) -> None:
        for door in doors:
            door.publish(topics)

    loop = EngineLoop(store, journal, DECODERS, ids=place.ids, clock=place.clock, publish=publish)
    may_send = keeper.may_send if keeper is not None else lambda: True
    sending = providers(place, database)
    sending.check()
    ways = carriers(sending, lambda: loop.config, place.settings.base_url, tokens, place.clock)
    senders = Senders(ways, loop.report, may_send=may_send, settings=NEEDED)
    couriers = Couriers(bringer(place.settings, place.clock), loop.report_delivery, may_send=may_send)
    loop.connect(senders, couriers)
    doors.extend(_doors(place, database, loop))
    for door in doors:
        door.start()
    threading.Thread(target=_stop_loop, args=(stopping, loop), name="stop", daemon=True).start()
    log.info("engine_ready", cursor=loop.cursor.seq, config_version=loop.config.version)
    if loop.config.settings.sending_fenced:
        log.warning("sending_fenced", lift="tocsin restore --confirm")
    ready()
    sys.setswitchinterval(SWITCH_SECONDS)
    _serve(loop, Garbage(place.clock))
    for door in doors:
        door.close()
    senders.close(DRAIN_SECONDS)
    couriers.close(COURIER_SECONDS)
    _finish(loop, place)
    store.close()
    log.info("engine_stopped", cursor=loop.cursor.seq)


def _doors(place: Installation, database: Database, loop: EngineLoop) -> list[Door]:
    """The socket for this machine; on PostgreSQL also the table for all the others."""
    local = ControlServer(place.data, loop)
    url = place.settings.database_url
    if url is None:
        return [local]
    from tocsin.runtime.pg_commands import PgDoor  # noqa: PLC0415 - the driver is an extra
    from tocsin.storage.commands import CommandTable  # noqa: PLC0415

    return [local, PgDoor(CommandTable(database), url, loop, place.clock)]


def _serve(loop: EngineLoop, garbage: Garbage) -> None:
    try:
        loop.run(lambda idle: garbage.look(idle=idle))
    except LeaseLost:
        log.error("lease_lost")  # noqa: TRY400 - where we noticed is of no interest
        os._exit(LOST)


def _finish(loop: EngineLoop, place: Installation) -> None:
    """Store what senders reported at last; events that still come are the next engine's."""
    until = place.clock.ticks() + FINISH_SECONDS
    try:
        while loop.turn() and place.clock.ticks() < until:
            pass
    except LeaseLost:
        os._exit(LOST)
    except OUTAGES as error:
        log.error("not_everything_stored", error=str(error)[:300])  # noqa: TRY400


def _stop_loop(stopping: threading.Event, loop: EngineLoop) -> None:
    stopping.wait()
    loop.stop()


def _wait_for_log(place: Installation, stopping: threading.Event) -> LogReader | None:
    """On SQLite the edge begins the log; until it has, there is nothing to read."""
    while not stopping.is_set():
        with contextlib.suppress(LogDamaged, LogRefused):
            return place.log_reader()
        stopping.wait(0.05)
    return None
