"""What all pages are made from, handed in once by whoever puts the program together. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from tocsin.deliveries.model import Delivery
from tocsin.directory.model import Service, User
from tocsin.directory.sending import MailServer, PhoneAccount
from tocsin.engine.config import Config
from tocsin.engine.readiness import Setup
from tocsin.events.model import Event
from tocsin.kernel.errors import NotAllowed, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import joined, phrase
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.feeds import Feeds
from tocsin.runtime.live import Bus
from tocsin.runtime.reads import Reads
from tocsin.runtime.sessions import Sessions
from tocsin.web.address import Addresses
from tocsin.web.demo import DemoShow, PhoneBooth
from tocsin.web.machine import Backups, BackupSeen, Machine, WaySeen
from tocsin.web.turnstile import Turnstile


@dataclass(frozen=True, slots=True)
class Health:
    """How the pager itself is. `problems`: one sentence each, with what to do. `can_page`: it could reach somebody."""

    problems: tuple[str, ...] = ()
    can_page: bool = True

    @property
    def is_well(self) -> bool:
        """Whether an alarm would be heard."""
        return self.can_page and not self.problems

    @property
    def word(self) -> str:
        """One word for the top bar."""
        if self.problems:
            return phrase("Pager has a problem")
        return phrase("Pager is well") if self.can_page else phrase("Nobody can be paged")

    @property
    def why(self) -> str:
        """What is behind the word."""
        if self.problems:
            return joined(self.problems, " ")
        if self.can_page:
            return phrase("It accepts, decides and sends.")
        return phrase("Nobody has a contact method that is set up here.")


class MonitorKind(NamedTuple):
    """A monitor that an entrance can be made for; `type`: the kind of entrance that it gets."""

    id: str
    name: str
    type: str


class Piece(NamedTuple):
    """Something to copy into a monitor: for whom, where it is written, and the text with address and key in it."""

    monitor: str
    place: str
    text: str


class ActionInput(NamedTuple):
    """What a step of a workflow is told. `default`: what it says where nothing is given."""

    name: str
    required: bool
    default: str = ""


class StepAction(NamedTuple):
    """Something that a step of a workflow can do."""

    id: str
    name: str
    what: str
    inputs: tuple[ActionInput, ...]


class ProbeEvent(NamedTuple):
    """A test that somebody sends from a page. `severity` "change": not an alarm, but a note of a change."""

    summary: str
    source: str
    severity: str
    dedup_key: str
    action: str = "trigger"

    @property
    def is_change(self) -> bool:
        """Whether it says that something was changed, and nothing is wrong."""
        return self.severity == "change"


def _no_token(_token: str) -> str:
    raise NotAllowed("This link is not valid.", reason="token")


def _no_reader(_body: bytes, _entrance_id: str, _key: str, _at: Moment) -> Event:
    raise Unavailable("Events can't be tried here.")


def _no_sender(_key: str, _event: ProbeEvent) -> int:
    raise Unavailable("Events can't be sent from here.")


def _no_stored_events(_seqs: Iterable[int]) -> Mapping[int, Event]:
    return {}


def _no_raw_event(_seq: int) -> bytes | None:
    return None


def _no_seal(_text: str, _about: str) -> str:
    raise Unavailable("Secrets can't be kept here.")


class NoBackups:
    """Where pages can't make backups. Implements `web.machine.Backups`."""

    def last(self) -> BackupSeen | None:
        """None is known."""
        return None

    def here(self) -> Sequence[BackupSeen]:
        """None."""
        return ()

    def running_since(self) -> Moment | None:
        """None is being made."""
        return None

    def problem(self) -> str:
        """None failed."""
        return ""

    def begin(self) -> None:
        """Raises Unavailable."""
        raise Unavailable("Backups can't be made from here. Use `tocsin backup FILE`.")

    def file(self, _name: str) -> Path | None:
        """None lies here."""
        return None


NO_BACKUPS: Final = NoBackups()


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of the program that pages talk to.

    `message_of` gives the message that a mail link's token names, or raises NotAllowed. `mail_link` sends a one-time
    sign-in address to a person without waiting (None = no mail is set up), `mail_invitation` the same to somebody who
    is new. `keys_used`: when each API key was used last. `machine`: a look at what is behind the pages. `raw_event` is
    the body of an event in the log, None when it is gone. `read_event` makes an event of a pasted body, as if it came
    by this entrance with this key then; it accepts nothing, and raises Invalid with every problem. `stored_events`
    reads events of the log as the engine did, by their number: those that are still there and can be read, within
    bounds. `delivery_body` is what a receiver is sent. `only_kept`: settings of a service that a client made and
    nothing acts upon, in words. `send_event` sends a test by this key through the door that monitors use, and gives its
    number in the log; it raises Invalid, TooMany or Unavailable. `monitors`: what an entrance can be made for;
    `actions`: what a workflow's step can do. `pieces`: what to copy into monitors, from our address and a key.
    `regrouped`: a service's `wire` without what its clients said of grouping. `ways_to_send` gives the channels that
    are set up, `ways_seen` where mail ("mail") and texts and calls ("phone") come from, `has_mail` whether links can go
    by mail; `seal` seals a secret for what it is about, `may_reach` says whether what an owner names may be connected
    to, as far as that shows from its writing. `setup`: what readiness needs to know of how this is run. `public_url` is
    the address that people use, without a slash at its end ("" = whatever they typed).
    """

    desk: Desk
    reads: Reads
    sessions: Sessions
    feeds: Feeds
    clock: Clock
    ids: IdSource
    bus: Bus
    public_url: str = ""
    message_of: Callable[[str], str] = _no_token
    mail_link: Callable[[User, str], None] | None = None
    mail_invitation: Callable[[User, str], None] | None = None
    keys_used: Callable[[], Mapping[str, Moment]] = dict
    machine: Callable[[], Machine] = Machine
    backups: Backups = NO_BACKUPS
    raw_event: Callable[[int], bytes | None] = _no_raw_event
    read_event: Callable[[bytes, str, str, Moment], Event] = _no_reader
    stored_events: Callable[[Iterable[int]], Mapping[int, Event]] = _no_stored_events
    delivery_body: Callable[[Delivery, Config], str] = lambda _delivery, _config: ""
    only_kept: Callable[[Service, Config], tuple[str, ...]] = lambda _service, _config: ()
    send_event: Callable[[str, ProbeEvent], int] = _no_sender
    monitors: tuple[MonitorKind, ...] = ()
    actions: tuple[StepAction, ...] = ()
    pieces: Callable[[str, str], tuple[Piece, ...]] = lambda _base, _key: ()
    regrouped: Callable[[Service], str] = lambda service: service.wire
    health: Callable[[], Health] = Health
    ways_to_send: Callable[[], tuple[str, ...]] = tuple
    ways_seen: Callable[[], Mapping[str, WaySeen]] = dict
    has_mail: Callable[[], bool] = lambda: True
    seal: Callable[[str, str], str] = _no_seal
    may_reach: Callable[[MailServer | PhoneAccount], bool] = lambda _thing: True
    setup: Callable[[], Setup] = Setup
    simulations: Turnstile = field(default_factory=Turnstile)
    addresses: Addresses = field(default_factory=Addresses)
    booth: PhoneBooth | None = None
    show: DemoShow | None = None

    @property
    def link_mail(self) -> Callable[[User, str], None] | None:
        """`mail_link` while mail is set up."""
        return self.mail_link if self.has_mail() else None

    @property
    def invitation_mail(self) -> Callable[[User, str], None] | None:
        """`mail_invitation` while mail is set up."""
        return self.mail_invitation if self.has_mail() else None
