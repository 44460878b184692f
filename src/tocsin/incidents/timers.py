"""The keys of the timers of incidents, and the one of a service that makes its quiet incidents urgent."""

from __future__ import annotations

from tocsin.incidents.messages import RaiseUrgency
from tocsin.kernel.decision import SetTimer
from tocsin.kernel.time import Moment


def timer_key(incident_id: str) -> str:
    """The key of the one timer for an incident's next step."""
    return f"incident:{incident_id}"


def auto_resolve_key(incident_id: str) -> str:
    """The key of the timer that closes a forgotten incident."""
    return f"auto-resolve:{incident_id}"


def raise_key(service_id: str) -> str:
    """The key of the timer that makes a service's quiet incidents urgent."""
    return f"raise:{service_id}"


def raise_urgency(service_id: str, due_at: Moment, after: int = 0) -> SetTimer:
    """When a service's quiet incidents become urgent."""
    return SetTimer(raise_key(service_id), due_at, RaiseUrgency(service_id=service_id, after=after))
