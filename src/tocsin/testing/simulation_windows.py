"""Acts of people who announce work: maintenance windows made, changed, ended; services that let new alerts wait.

As `simulation_actors`: each does one thing through the world's own doors. What windows forgot is told at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from tocsin.alerts.windows import MaintenanceWindow, window_at
from tocsin.directory.model import ServiceStatus
from tocsin.engine.config import Config
from tocsin.engine.invariants import Records
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.events.model import Action
from tocsin.kernel.time import MINUTE, SECOND, Moment
from tocsin.testing.simulation_actors import Life
from tocsin.testing.world import OWNER


def announce(life: Life) -> None:
    """Work on one or two services, from now or soon."""
    now, rng = life.world.clock.now(), life.rng
    start = now + rng.choice((-60, 0, 0, 5)) * MINUTE
    end = now + rng.randint(6, 90) * MINUTE
    services = tuple(one.id for one in rng.sample(life.stage.services, rng.choice((1, 1, 2))))
    window = MaintenanceWindow(id="", start=start, end=end, service_ids=services, description="Work")
    life.ask(OWNER, SaveThing(thing_kind="maintenance_window", thing=window))


def change_window(life: Life) -> None:
    """A window is moved, made longer or shorter, given to another service, ended or taken back."""
    windows = life.world.config.maintenance_windows
    if not windows:
        return
    rng, window = life.rng, windows[life.rng.choice(sorted(windows))]
    if rng.random() < 0.3:
        life.ask(OWNER, DeleteThing(thing_kind="maintenance_window", thing_id=window.id))
        return
    by = rng.randint(-40, 60) * MINUTE
    changed = rng.choice(
        (
            replace(window, end=window.end + by),
            replace(window, start=window.start + abs(by), end=window.end + abs(by)),
            replace(window, service_ids=(rng.choice(life.stage.services).id,)),
        )
    )
    life.ask(OWNER, SaveThing(thing_kind="maintenance_window", thing=changed, fields=("start", "end", "service_ids")))


def let_alerts_wait(life: Life) -> None:
    """A service lets new alerts wait, or does so no more; or judges after windows, or not."""
    service = life.world.config.services.get(life.rng.choice(life.stage.services).id)
    if service is None:
        return
    pause, judges = life.rng.choice((None, None, 20, 120)), life.rng.random() < 0.8
    every = life.rng.random() < 0.7
    changed = replace(service, pause_seconds=pause, pause_every=every, judges_after_windows=judges)
    fields = ("pause_seconds", "pause_every", "judges_after_windows")
    life.ask(OWNER, SaveThing(thing_kind="service", thing=changed, fields=fields))


def over_in_a_moment(life: Life) -> None:
    """What waits is over just before it would page, or just not."""
    life.settle()
    waiting = [one for one in life.world.records().alerts if one.is_open and one.suspended_until is not None]
    if not waiting:
        return
    alert = min(waiting, key=lambda one: (one.suspended_until or 0, one.id))
    life.pass_time(max(0, (alert.suspended_until or 0) - life.world.clock.now() - SECOND))
    monitor = life.world.config.integrations.get(alert.scope)
    if monitor is not None and life.rng.random() < 0.7:
        life.world.accept(life.world.alarm(monitor, alert.dedup_key, Action.RESOLVE))


ACTS: Sequence[tuple[int, Callable[[Life], None]]] = (
    (3, announce),
    (3, change_window),
    (2, let_alerts_wait),
    (3, over_in_a_moment),
)
"""Everything of this sort that can happen, and how often."""


def forgotten(records: Records, config: Config, now: Moment) -> Iterable[str]:
    """Alerts that a window still holds though none runs, on services that would judge them again."""
    for alert in records.alerts:
        if not (alert.is_open and alert.window_id):
            continue
        service = config.services.get(alert.service_id)
        if service is None:
            yield f"alert {alert.id} is held by a window, and its service is gone"
            continue
        judged = service.judges_after_windows and service.status is ServiceStatus.ACTIVE
        if judged and window_at(config.windows_of.get(service.id, ()), now) is None:
            yield f"alert {alert.id} is held by the window {alert.window_id}, which does not run"
