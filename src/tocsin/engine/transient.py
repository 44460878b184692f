"""Which problems are over by themselves before anybody could have looked: told from how the same ones ended before.

Decides what counts as the same problem and how often it must have ended quickly. Never how long it then waits.
"""

from __future__ import annotations

import hashlib
import re

from tocsin.alerts.model import Alert
from tocsin.directory.model import Service
from tocsin.engine.world import World
from tocsin.events.memory import Memory
from tocsin.events.model import Event
from tocsin.kernel.time import SECOND, Moment
from tocsin.kernel.values import replace

QUICK_ENDS = 2
"""So often in a row a problem must have been over within the service's pause. Once may be chance."""

_NUMBERS = re.compile(r"[0-9]+", re.ASCII)


def waits_first(world: World, service: Service, event: Event) -> bool:
    """Whether a new problem of this service is to wait before it pages."""
    if service.pause_seconds is None:
        return False
    if service.pause_every:
        return True
    memory = world.state.memory(_key(service, event))
    return memory is not None and memory.total >= QUICK_ENDS


def ended(world: World, service: Service, alert: Alert, now: Moment) -> tuple[Memory, ...]:
    """What is remembered when a monitor says that a problem is over."""
    if service.pause_seconds is None:
        return ()
    quick = now - alert.created_at <= service.pause_seconds * SECOND
    return _remembered(world, service, alert, now, one_more=quick)


def lasted(world: World, service: Service, alert: Alert, now: Moment) -> tuple[Memory, ...]:
    """What is remembered when a problem that waited was not over: the next one like it pages at once."""
    return _remembered(world, service, alert, now, one_more=False)


def _remembered(world: World, service: Service, alert: Alert, now: Moment, *, one_more: bool) -> tuple[Memory, ...]:
    key = _key(service, alert)
    known = world.state.memory(key) or Memory(id=key)
    total = min(known.total + 1, QUICK_ENDS) if one_more else 0
    return (replace(known, total=total, at=now),) if total or known.total else ()


def _key(service: Service, said: Event | Alert) -> str:
    """The same place saying the same words; numbers differ from time to time."""
    words = (said.source, said.component, said.event_class, _NUMBERS.sub("#", said.summary))
    return f"brief:{service.id}:{hashlib.sha256(repr(words).encode('utf-8', 'replace')).hexdigest()[:24]}"
