"""Budgets: how often one person is reached, and what waits for a bundle in a storm.

A budget never delays a page of high urgency to a person who was not paged in the last minute. So the hourly figures
bind low urgency only; in a storm a person gets one message a minute to each contact method, with everything in it.
Test pages have limits of their own: whoever may send them to a number of their choice must not fill the queues.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tocsin.directory.model import Channel
from tocsin.kernel.errors import TooMany
from tocsin.kernel.time import HOUR, MINUTE, Moment, Span
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase
from tocsin.paging.model import ContactPace, Pace, Tested


@dataclass(frozen=True, slots=True)
class Budget:
    """Messages to one contact method: at most one a minute, and so many an hour."""

    per_hour: int


BUDGETS: Mapping[Channel, Budget] = {
    Channel.VOICE: Budget(per_hour=7),
    Channel.SMS: Budget(per_hour=11),
    Channel.EMAIL: Budget(per_hour=60),
}
"""Channels that cost attention or money. Others (webhook) go to machines and are not held back."""

TESTS_PER_HOUR = 10
"""Test pages to one person; at most one a minute to each contact method."""


def wait_until(pace: Pace, contact_id: str, channel: Channel, *, loud: bool, now: Moment) -> Moment | None:
    """When this contact method may be used (None = now). `loud`: the incident is of high urgency."""
    budget = BUDGETS.get(channel)
    if budget is None:
        return None
    if loud and not _within(pace.last_at, MINUTE, now):
        return None
    recent = _recent(pace.of(contact_id), now)
    waits = [recent[-1] + MINUTE] if recent and now - recent[-1] < MINUTE else []
    if len(recent) >= budget.per_hour:
        waits.append(recent[-budget.per_hour] + HOUR)
    if not waits:
        return None
    return min(max(waits), pace.last_at + MINUTE) if loud else max(waits)


def used(pace: Pace, contact_id: str, now: Moment) -> Pace:
    """The pace after a message to this contact method; whatever was bundled has gone with it."""
    recent = _recent(pace.of(contact_id), now)
    updated = ContactPace(contact_id=contact_id, sent_at=(*recent, now), bundle_due_at=None)
    return replace(pace, last_at=now, contacts=_with(pace.contacts, updated))


def bundling(pace: Pace, contact_id: str, due_at: Moment) -> Pace:
    """The pace once something waits for this contact method's bundle."""
    return replace(pace, contacts=_with(pace.contacts, replace(pace.of(contact_id), bundle_due_at=due_at)))


def calm(pace: Pace, contact_id: str) -> Pace:
    """The pace once nothing waits for this contact method any more."""
    contact = pace.of(contact_id)
    others = tuple(one for one in pace.contacts if one.contact_id != contact_id)
    return replace(pace, contacts=(*others, replace(contact, bundle_due_at=None)) if contact.sent_at else others)


def tested(pace: Pace, contact_id: str, now: Moment) -> Pace:
    """The pace after a test page. Raises TooMany when there were enough lately."""
    recent = tuple(test for test in pace.tests if _within(test.at, HOUR, now))
    if any(test.contact_id == contact_id and _within(test.at, MINUTE, now) for test in recent):
        raise TooMany("A test page went there less than a minute ago. Try again in a minute.", reason="tests")
    if len(recent) >= TESTS_PER_HOUR:
        raise TooMany(
            phrase("%(tests_per_hour)s test pages an hour are enough. Try again later.", tests_per_hour=TESTS_PER_HOUR),
            reason="tests",
        )
    return replace(pace, tests=(*recent, Tested(contact_id=contact_id, at=now)))


def _within(moment: Moment, span: Span, now: Moment) -> bool:
    """Whether it was less than `span` ago. What lies ahead was noted by a clock that has been set right since.

    It counts as long ago: a person may be reached once too often, but must not be held back for as long as the clock
    was ahead.
    """
    return 0 <= now - moment < span


def _recent(contact: ContactPace, now: Moment) -> tuple[Moment, ...]:
    return tuple(moment for moment in contact.sent_at if _within(moment, HOUR, now))


def _with(contacts: tuple[ContactPace, ...], updated: ContactPace) -> tuple[ContactPace, ...]:
    return (*(one for one in contacts if one.contact_id != updated.contact_id), updated)
