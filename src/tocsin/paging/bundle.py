"""Bundles: what gathers for one contact method in a storm goes out as one message a minute. Pure.

A message carries `limits.BUNDLE_PAGES` pages at most, the loudest and then the oldest, and counts the incidents of the
others: who is called about very many gets one text with their number, and nobody else waits while it is put together.
What was only counted waits for the next message; an answer is meant for it too, and reaches it a few at a time.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.directory.model import ContactMethod, Urgency
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MINUTE, Moment
from tocsin.paging import pace as pacing
from tocsin.paging.decide import NO_CONTACT, bundle_timer, cancelled, send_together, unwanted
from tocsin.paging.messages import AnswerWaiting, SendBundle
from tocsin.paging.model import Answer, Message, Pace, Page
from tocsin.paging.text import Brief


def send_bundle(
    command: SendBundle,
    contact: ContactMethod | None,
    waiting: Sequence[tuple[Page, Brief]],
    more: int,
    pace: Pace,
    ids: IdSource,
    now: Moment,
) -> Decision:
    """Send what gathered for a contact method as one message, loudest and oldest first.

    `waiting` are the pages that it carries; so many `more` incidents wait beside them. What is unwanted by now is left
    out. `contact` None = no longer in use.
    """
    decision = Decision()
    wanted: list[tuple[Page, Brief]] = []
    for page, brief in waiting:
        reason = unwanted(page, brief.incident) or ("" if contact else NO_CONTACT)
        if reason:
            decision += cancelled(page, reason, now)
        else:
            wanted.append((page, brief))
    wanted.sort(key=lambda one: (one[1].incident.urgency is not Urgency.HIGH, one[1].incident.number))
    due_at = now
    if contact is not None and wanted:
        sent, pace = send_together(wanted, contact, pace, ids, now, more=more)
        decision += sent
        loud = wanted[-1][1].incident.urgency is Urgency.HIGH  # so the others may be, too
        due_at = pacing.wait_until(pace, contact.id, contact.channel, loud=loud, now=now) or now + MINUTE
    elif not more:
        pace = pacing.calm(pace, command.contact_id)
    if more:
        pace = pacing.bundling(pace, command.contact_id, due_at)
        decision += Decision(timers=(SetTimer(bundle_timer(command.contact_id), due_at, command),))
    return decision + Decision(state=(pace,))


def answer_waiting(message: Message, answer: Answer, after: str = "") -> Decision:
    """The answer goes on to what the message only counted.

    It is due since the message was written: what would call others about it is due later and waits.
    """
    if not message.more:
        return Decision()
    command = AnswerWaiting(message_id=message.id, answer=answer, after=after)
    return Decision(timers=(SetTimer(f"answer:{message.id}", message.created_at, command),))
