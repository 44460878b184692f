"""Commands to, facts from and the one effect of the paging station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

from tocsin.directory.model import Channel
from tocsin.kernel.decision import Command, Effect, Fact
from tocsin.kernel.time import Moment
from tocsin.paging.model import Answer, Haste, Result


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePeople(Command):
    """Reach these people about an incident, each by their own rules. `why` in words, for "why was I paged?".

    `news`: they have acknowledged it, and are told once, by the soonest of their ways, that it got worse.
    `help`: others have it, and ask these people to help.
    """

    kind: ClassVar[str] = "paging.page_people"
    incident_id: str
    user_ids: tuple[str, ...]
    why: str
    news: bool = False
    help: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TellNews(Command):
    """Tell whoever subscribed to an incident how it stands."""

    kind: ClassVar[str] = "paging.tell_news"
    incident_id: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TellHandoffs(Command):
    """Tell people of hand-offs on a schedule, where it is time for that, and find out when it is time next."""

    kind: ClassVar[str] = "paging.tell_handoffs"
    schedule_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPage(Command):
    """A planned page's delay has passed."""

    kind: ClassVar[str] = "paging.send_page"
    page_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendBundle(Command):
    """A contact method may be used again: send all that gathered for it."""

    kind: ClassVar[str] = "paging.send_bundle"
    user_id: str
    contact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAgain(Command):
    """Try a message again: after a failure, after a crash, or because it was held back until now.

    `crashed`: we do not know whether the last attempt went out.
    """

    kind: ClassVar[str] = "paging.send_again"
    message_id: str
    crashed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAttempt(Command):
    """What a sender reports of attempt `attempt`."""

    kind: ClassVar[str] = "paging.record_attempt"
    message_id: str
    attempt: int
    result: Result
    provider_id: str = ""
    detail: str = ""
    retry_after_seconds: int | None = None
    finished_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceipt(Command):
    """What the provider reports later. `status`: "delivered" or "failed"; anything else is ignored."""

    kind: ClassVar[str] = "paging.record_receipt"
    message_id: str
    status: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelPages(Command):
    """Nobody need be reached about this any more. `reason` in words.

    `called_again`: people who are called once more in the same breath; what is planned for them stays planned.
    `helpers`: only what asks these people to help, which nothing else stops but the end of the incident.
    """

    kind: ClassVar[str] = "paging.cancel_pages"
    incident_id: str
    reason: str
    called_again: tuple[str, ...] = ()
    helpers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerMessage(Command):
    """A person answers a message, by a key press or a button in mail."""

    kind: ClassVar[str] = "paging.answer_message"
    message_id: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWaiting(Command):
    """What a person answered to a message holds for the incidents that it only counted. `after`: the last page so far.

    They are answered a few at a time: there may be very many.
    """

    kind: ClassVar[str] = "paging.answer_waiting"
    message_id: str
    answer: Answer
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerByCode(Command):
    """A person answers from `address` by SMS. Without a code the newest one about an incident is meant."""

    kind: ClassVar[str] = "paging.answer_by_code"
    channel: Channel
    address: str
    code: str
    answer: Answer


TEST_ANSWERED: Final = -1
"""The value of an answer to a test page, where that to another page is how many incidents it answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendTestPage(Command):
    """Reach a person by one contact method, to see that it works."""

    kind: ClassVar[str] = "paging.send_test"
    contact_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PagePlanned(Fact):
    """A person will be reached later by this rule, unless somebody answers."""

    kind: ClassVar[str] = "page.planned"
    page_id: str
    user_id: str
    channel: Channel
    due_at: Moment
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageStarted(Fact):
    """A page was handed to a sender. `why` in words."""

    kind: ClassVar[str] = "page.started"
    page_id: str
    message_id: str
    user_id: str
    channel: Channel
    address: str
    why: str
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class PageSent(Fact):
    """The provider took it, so long after the alarm was received or the page fell due (`after`, microseconds)."""

    kind: ClassVar[str] = "page.sent"
    page_id: str
    message_id: str
    user_id: str
    channel: Channel
    provider_id: str
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PageDelivered(Fact):
    """The provider says that it arrived."""

    kind: ClassVar[str] = "page.delivered"
    page_id: str
    message_id: str
    user_id: str
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAttemptFailed(Fact):
    """One attempt failed. `next_at`: when it is tried again (None = given up)."""

    kind: ClassVar[str] = "page.attempt_failed"
    page_id: str
    message_id: str
    user_id: str
    channel: Channel
    attempt: int
    detail: str
    next_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PageBundled(Fact):
    """The person was reached a moment ago: this waits and goes out with others."""

    kind: ClassVar[str] = "page.bundled"
    page_id: str
    user_id: str
    channel: Channel
    due_at: Moment
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PageNotSent(Fact):
    """A decision not to page somebody (further), and why. `channel` is empty when it concerns the whole person."""

    kind: ClassVar[str] = "page.not_sent"
    user_id: str
    reason: str
    page_id: str = ""
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PageAnswered(Fact):
    """A person answered a page. The state change that follows is a fact of its own."""

    kind: ClassVar[str] = "page.answered"
    message_id: str
    user_id: str
    channel: Channel
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class PageProven(Fact):
    """A person answered a test page: it arrived, and what they answer comes back. On no incident's timeline."""

    kind: ClassVar[str] = "page.proven"
    message_id: str
    user_id: str
    channel: Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage(Effect):
    """Hand this to the provider of `channel`. Text is final; links and tokens are added at the door.

    `key` is `message_id:attempt`. Of those that wait, the one with the most `haste` goes first.
    """

    kind: ClassVar[str] = "page.send_message"
    message_id: str
    attempt: int
    channel: Channel
    address: str
    user_id: str
    subject: str
    text: str
    spoken: str
    code: str
    incident_ids: tuple[str, ...]
    incident_number: int
    secret: str = ""
    haste: Haste = Haste.HIGH


@dataclass(frozen=True, slots=True, kw_only=True)
class StopMessage(Effect):
    """Take this message out of the sender's queue if the provider does not have it yet."""

    kind: ClassVar[str] = "page.stop_message"
    message_id: str
    attempt: int
