"""Pages, the messages that carry them, and the pace at which a person is reached."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.directory.model import Channel
from tocsin.kernel.time import Moment


class PageState(StrEnum):
    """Where one intended page stands."""

    PLANNED = "planned"  # its rule's delay has not passed
    BUNDLED = "bundled"  # due, but the person was reached a moment ago: goes out with others
    SENDING = "sending"  # in a message that is on its way to the provider
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"  # the provider says that the phone has it
    FAILED = "failed"  # given up; the next way is tried
    CANCELLED = "cancelled"  # no longer wanted: answered, resolved, reassigned


WAITING = frozenset({PageState.PLANNED, PageState.BUNDLED, PageState.SENDING})
"""Pages that have not reached a provider and can still be stopped."""


class MessageState(StrEnum):
    """Where one message to one address stands."""

    SENDING = "sending"  # handed to a sender, result not known
    RETRYING = "retrying"  # failed for now; a timer tries again
    SENT = "sent"  # the provider took it
    DELIVERED = "delivered"  # the provider says it arrived
    FAILED = "failed"  # given up
    CANCELLED = "cancelled"  # stopped before the provider had it


class Result(StrEnum):
    """What came of one attempt to send."""

    SENT = "sent"  # the provider took it
    RETRY = "retry"  # not now; later may work
    REFUSED = "refused"  # never: wrong number, opted out
    UNKNOWN = "unknown"  # it may have been sent; the answer was lost
    CANCELLED = "cancelled"  # stopped in our own queue; the provider never saw it
    LOST = "lost"  # it ended in a way that we cannot process: nobody knows whether it was sent


class Haste(StrEnum):
    """Which messages go first when many wait for a provider."""

    HIGH = "high"  # about an incident of high urgency
    LOW = "low"  # about incidents of low urgency only
    TEST = "test"  # about nothing


class Answer(StrEnum):
    """What a person can say to a page."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The intent to reach one person about one incident by one contact method, because of one notification rule.

    At most one exists per (incident, epoch, level, pass, user, contact method, delay), but for `news`: that the
    incident got worse, for somebody who has acknowledged it; and `help`: others have it, and ask this person to help.
    """

    id: str
    incident_id: str
    epoch: int
    level: int
    pass_number: int
    user_id: str
    contact_id: str
    channel: Channel
    state: PageState
    created_at: Moment
    due_at: Moment
    message_id: str = ""
    rule_delay_minutes: int = 0
    changed_at: Moment = 0
    reason: str = ""
    news: bool = False
    help: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What a message of news says: kept where it may have to be said again by another way.

    `request_id`: of a request for cover, after whose end it would be said in vain; "" = it stays true.
    """

    subject: str
    text: str
    request_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What goes to one address at one moment: one page, or several in a bundle. `code` answers it by SMS.

    `page_ids` are the pages that the newest attempt carries; `unknowns` counts attempts of which nobody knows whether
    they went out. `more` is how many other incidents waited for this contact method when it was written: the message
    counts them, and an answer to it is meant for them too. `is_test`: it is about no incident, and may be answered.
    `words`: of a message that goes by another way if it can't go by this one.
    """

    id: str
    user_id: str
    contact_id: str
    channel: Channel
    address: str
    page_ids: tuple[str, ...]
    incident_ids: tuple[str, ...]
    code: str
    state: MessageState
    created_at: Moment
    attempt: int = 1
    provider_id: str = ""
    detail: str = ""
    sent_at: Moment | None = None
    changed_at: Moment = 0
    unknowns: int = 0
    more: int = 0
    is_test: bool = False
    words: Words | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactPace:
    """When this contact method was last used, newest last (one hour is kept), and when its bundle goes out."""

    contact_id: str
    sent_at: tuple[Moment, ...] = ()
    bundle_due_at: Moment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """A test page to this contact method."""

    contact_id: str
    at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How often one person was reached lately. `id` is the user's. `tests`: the test pages of the last hour."""

    id: str
    last_at: Moment = 0
    contacts: tuple[ContactPace, ...] = ()
    next_code: int = 0
    tests: tuple[Tested, ...] = ()

    def of(self, contact_id: str) -> ContactPace:
        """The pace of one contact method."""
        for contact in self.contacts:
            if contact.contact_id == contact_id:
                return contact
        return ContactPace(contact_id=contact_id)
