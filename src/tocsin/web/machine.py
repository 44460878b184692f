"""What pages are told of the machine behind them: processes, databases, disk, settings, backups. Decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from tocsin.kernel.time import Moment, Span


class Source(StrEnum):
    """Where a setting comes from."""

    ENVIRONMENT = "environment"
    DEFAULT = "default"


class WaySource(StrEnum):
    """Where a provider that sends is set up. The environment wins over the page."""

    ENVIRONMENT = "environment"
    PAGE = "page"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class WaySeen:
    """Where a provider comes from. `names`: the settings that name it; `problem`: why it can't be used.

    `inbound`: the address that has to be entered there, for answers.
    """

    source: WaySource = WaySource.NOTHING
    names: tuple[str, ...] = ()
    problem: str = ""
    inbound: str = ""


@dataclass(frozen=True, slots=True)
class SettingSeen:
    """One setting. `shown` never holds a secret: "" = not set, or set and not to be shown (`is_hidden`)."""

    name: str
    meaning: str
    shown: str
    source: Source
    is_hidden: bool = False

    @property
    def is_set(self) -> bool:
        """Whether the environment says something."""
        return self.source is Source.ENVIRONMENT


@dataclass(frozen=True, slots=True)
class RoleSeen:
    """A process of ours on this machine. `process`: its id, None = it does not run here."""

    name: str
    process: int | None
    since: Moment | None = None


@dataclass(frozen=True, slots=True)
class LeaseSeen:
    """PostgreSQL: which engine is the active one. `clock_off`: this machine's clock minus the database's."""

    holder: str
    is_held: bool
    is_here: bool
    clock_off: Span


@dataclass(frozen=True, slots=True)
class BeatSeen:
    """The dead man's switch. `result`: "sent", "withheld", or what went wrong; "" = not yet."""

    is_set_up: bool = False
    at: Moment | None = None
    result: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """One look at everything. Sizes in bytes, ages in seconds; None = could not be found out.

    `needed`: for each channel that has to be set up the names of the settings that do it.
    """

    tocsin: str = ""
    python: str = ""
    database: str = ""
    revision: str = ""
    folder: str = ""
    database_bytes: int | None = None
    log_bytes: int | None = None
    disk_free: int | None = None
    disk_total: int | None = None
    roles: tuple[RoleSeen, ...] = ()
    lease: LeaseSeen | None = None
    beat: BeatSeen = BeatSeen()
    is_reachable: bool = True
    accepting: bool = True
    engine_absent_seconds: float = 0.0
    overdue_timer_seconds: float | None = 0.0
    unsent_seconds: float | None = 0.0
    undecided_seconds: float = 0.0
    backlog_events: int | None = 0
    waiting_deliveries: int | None = 0
    timers: int = 0
    outbox: int = 0
    events: int = 0
    events_kept_days: int = 0
    settings: tuple[SettingSeen, ...] = ()
    needed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def setting(self, name: str) -> SettingSeen | None:
        """One setting by its name."""
        return next((one for one in self.settings if one.name == name), None)


@dataclass(frozen=True, slots=True)
class BackupSeen:
    """A backup that was made. `name`: its file; of one that the command line made, the whole path."""

    name: str
    at: Moment
    size: int
    is_here: bool = True


class Backups(Protocol):
    """Makes backups into the data folder and knows of the last one, however it was made."""

    def last(self) -> BackupSeen | None:
        """The newest backup that was made from this folder, None if none is known."""

    def here(self) -> Sequence[BackupSeen]:
        """Those that lie in the data folder, newest first."""

    def running_since(self) -> Moment | None:
        """When the one that is being made was begun."""

    def problem(self) -> str:
        """Why the last one that was begun here did not succeed, "" if it did."""

    def begin(self) -> None:
        """Begin to make one, without waiting. Raises Conflict while one is being made."""

    def file(self, name: str) -> Path | None:
        """Where a backup of `here` lies; None for any other name."""
