"""What all pages are made from, handed in once by whoever puts the program together. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from tocsin.deliveries.model import Delivery
from tocsin.directory.model import Service, User
from tocsin.engine.config import Config
from tocsin.events.model import Event
from tocsin.kernel.errors import NotAllowed, Unavailable
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import joined, phrase
from tocsin.runtime.clock import Clock
from tocsin.runtime.desk import Desk
from tocsin.runtime.live import Bus
from tocsin.runtime.reads import Reads
from tocsin.runtime.sessions import Sessions
from tocsin.web.demo import DemoShow, PhoneBooth


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


def _no_token(_token: str) -> str:
    raise NotAllowed("This link is not valid.", reason="token")


def _no_reader(_body: bytes, _entrance_id: str, _key: str, _at: Moment) -> Event:
    raise Unavailable("Events can't be tried here.")


def _no_stored_events(_seqs: Iterable[int]) -> Mapping[int, Event]:
    return {}


def _no_raw_event(_seq: int) -> bytes | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The parts of the program that pages talk to.

    `message_of` gives the message that a mail link's token names, or raises NotAllowed. `mail_link` sends a one-time
    sign-in address to a person without waiting (None = no mail is set up). `raw_event` is the body of an event in the
    log, None when it is gone. `read_event` makes an event of a pasted body, as if it came by this entrance with this
    key then; it accepts nothing, and raises Invalid with every problem. `stored_events` reads events of the log as the
    engine did, by their number: those that are still there and can be read, within bounds. `delivery_body` is what a
    receiver is sent. `only_kept`: settings of a service that a client made and nothing acts upon, in words.
    `ways_to_send` gives the channels that are set up. `public_url` is the address that people use, without a slash at
    its end ("" = whatever they typed).
    """

    desk: Desk
    reads: Reads
    sessions: Sessions
    clock: Clock
    ids: IdSource
    bus: Bus
    public_url: str = ""
    message_of: Callable[[str], str] = _no_token
    mail_link: Callable[[User, str], None] | None = None
    raw_event: Callable[[int], bytes | None] = _no_raw_event
    read_event: Callable[[bytes, str, str, Moment], Event] = _no_reader
    stored_events: Callable[[Iterable[int]], Mapping[int, Event]] = _no_stored_events
    delivery_body: Callable[[Delivery, Config], str] = lambda _delivery, _config: ""
    only_kept: Callable[[Service, Config], tuple[str, ...]] = lambda _service, _config: ()
    health: Callable[[], Health] = Health
    ways_to_send: Callable[[], tuple[str, ...]] = tuple
    booth: PhoneBooth | None = None
    show: DemoShow | None = None
