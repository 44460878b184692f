"""Watching a pager from another machine: two looks in a row that fail, and somebody is paged by a provider of our own.

Decides when to say what: never for one blip, once when it fails, again every half an hour while it does, and once
when it is back. What a provider does not take is tried again at the next look. Needs no database and no folder.
"""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import httpx2
import structlog

from tocsin.app.providers import senders
from tocsin.app.settings import AppSettings
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Sender
from tocsin.directory.model import Channel
from tocsin.kernel.errors import Invalid
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import Clock, SystemClock

log = structlog.get_logger("watch")

EVERY_SECONDS = 15.0
AGAIN_SECONDS = 30 * 60.0
LOOK_SECONDS = 10.0
FAILURES = 2


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to page, and how. `address` as the provider takes it."""

    channel: Channel
    address: str


@dataclass(frozen=True, slots=True)
class News:
    """What somebody is to be told."""

    text: str
    is_good: bool


class Vigil:
    """What was seen so far, and what people are to be told of it."""

    def __init__(self, name: str) -> None:
        """`name`: what is watched, in words."""
        self._name = name
        self._failures = 0
        self._failing_since = 0.0
        self._said_at: float | None = None

    @property
    def is_failing(self) -> bool:
        """Whether the last that people were told is that it fails."""
        return self._said_at is not None

    def look(self, problem: str, ticks: float) -> str:
        """`problem`: what is wrong, "" for well; `ticks`: a stop-watch in seconds. Returns "" for nothing to say."""
        if not problem:
            was_down, self._failures = self._said_at is not None, 0
            self._said_at = None
            return f"{self._name} is well again after {_minutes(ticks - self._failing_since)}." if was_down else ""
        if not self._failures:
            self._failing_since = ticks
        self._failures += 1
        if self._failures < FAILURES or (self._said_at is not None and ticks - self._said_at < AGAIN_SECONDS):
            return ""
        self._said_at = ticks
        since = f" for {_minutes(ticks - self._failing_since)}" if ticks - self._failing_since >= AGAIN_SECONDS else ""
        return f"{self._name} has failed{since}: {problem}. While it fails, alarms may not reach anybody."


class Watch:
    """Looks, and tells everybody on the list. `stopping` ends it."""

    def __init__(
        self,
        url: str,
        recipients: Sequence[Recipient],
        senders: dict[Channel, Sender],
        *,
        clock: Clock,
        ids: IdSource,
        look: Callable[[str], str] | None = None,
    ) -> None:
        """`url`: the pager's address. `look` asks it and says what is wrong."""
        self._url = url
        self._senders = senders
        self._clock = clock
        self._ids = ids
        self._look = look or look_at
        self._vigil = Vigil(f"The pager at {url}")
        self._owed: dict[Recipient, News | None] = dict.fromkeys(recipients)

    def run(self, stopping: threading.Event, every_seconds: float = EVERY_SECONDS) -> None:
        """Look until told to stop."""
        while not stopping.is_set():
            self.turn()
            stopping.wait(every_seconds)

    def turn(self) -> None:
        """One look, and what follows from it."""
        problem = self._look(self._url)
        if problem:
            log.warning("pager_unwell", problem=problem)
        said = self._vigil.look(problem, self._clock.ticks())
        news = News(said, is_good=not self._vigil.is_failing) if said else None
        for recipient, owed in self._owed.items():
            owes = news or owed
            if owes is not None:
                self._owed[recipient] = None if self._tell(recipient, owes) else owes

    def _tell(self, recipient: Recipient, news: News) -> bool:
        """Whether the provider took it, or never will. Nobody is rung up for good news."""
        if news.is_good and recipient.channel is Channel.VOICE:
            return True
        subject = f"{'Well again' if news.is_good else 'Failing'}: the pager at {self._url}"
        message = OutboundMessage(
            id=self._ids.long(),
            channel=recipient.channel,
            address=recipient.address,
            subject=subject if recipient.channel is Channel.EMAIL else "",
            text=news.text,
        )
        result = self._senders[recipient.channel].send(message, self._clock.now())
        log.info("told", channel=recipient.channel, outcome=result.outcome, detail=result.detail, text=news.text)
        return result.outcome is not Outcome.RETRY


def watch(settings: AppSettings, url: str, recipients: Sequence[Recipient]) -> Watch:
    """The watch over the pager at this address, with this machine's clock and providers.

    Raises Invalid when a provider that somebody is to be told by is not set up, or wrongly.
    """
    clock = SystemClock()
    ways = senders(settings, clock)
    missing = sorted({one.channel.value for one in recipients if one.channel not in ways})
    if missing:
        ways_in = "TOCSIN_TWILIO_... and TOCSIN_SMTP_URL"
        raise Invalid(f"{', '.join(missing)} is not set up here: see {ways_in}.", reason="channel_not_set_up")
    return Watch(url, recipients, ways, clock=clock, ids=IdSource(random.SystemRandom()))


def look_at(url: str) -> str:
    """What is wrong with the pager at this address, "" for nothing."""
    try:
        answer = httpx2.get(f"{url}/healthz", timeout=LOOK_SECONDS)
    except httpx2.HTTPError as error:
        return f"it does not answer ({type(error).__name__})"
    try:
        said = json.loads(answer.content[:100_000])
    except ValueError:
        said = None
    if not isinstance(said, dict) or "status" not in said:
        return f"something else answers at its address (status {answer.status_code})"
    if answer.status_code == 200 and said["status"] == "ok":
        return ""
    problems = said.get("problems")
    if isinstance(problems, list) and problems:
        return "; ".join(map(str, problems))[:300]
    return "it says that it is unwell"


def _minutes(seconds: float) -> str:
    return "a minute" if seconds < 90 else f"{seconds / 60:.0f} minutes"
