"""Maintenance windows: while one runs, its services open no new incidents. Existing ones go on as they are.

Decides which window holds an alert back; never what becomes of the alert when the window ends.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.kernel.time import Moment, to_datetime
from tocsin.kernel.wording import stored


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow:
    """Work on services that was announced. In force from `start` until `end`, whatever the client wrote for them.

    `wire_start` and `wire_end` are the client's own texts, given back as they came.
    """

    id: str
    start: Moment
    end: Moment
    service_ids: tuple[str, ...]
    description: str | None = None
    created_by: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0
    sequence_number: int = 0
    wire_start: str = ""
    wire_end: str = ""

    def runs(self, now: Moment) -> bool:
        """Whether the window is in force."""
        return self.start <= now < self.end

    @property
    def name(self) -> str:
        """What a sentence calls it."""
        return (
            stored('maintenance window "%(description)s"', description=self.description)
            if self.description
            else stored("maintenance window")
        )

    @property
    def reason(self) -> str:
        """Why an alert that it holds pages nobody."""
        return stored(
            "%(name)s until %(to_datetime)s UTC", name=self.name, to_datetime=f"{to_datetime(self.end):%Y-%m-%d %H:%M}"
        )


def window_at(windows: Iterable[MaintenanceWindow], now: Moment) -> MaintenanceWindow | None:
    """Of the windows in force the one that ends last, None if none is."""
    return max((one for one in windows if one.runs(now)), key=lambda one: (one.end, one.id), default=None)
