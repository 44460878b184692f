"""Bundles: what gathers for one contact method in a storm goes out as one message. Pure.

A message carries `limits.BUNDLE_PAGES` pages at most and counts the others: who is called about 100,000 incidents gets
one text, and nobody else waits while it is put together. Once it has gone out, the pages that it counted are taken into
it part by part, each a small piece of work of its own. A part is the record of a message that is never sent: it shares
the fate of the one that was, and what a person answers goes on from part to part.
"""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.directory.model import ContactMethod, Urgency
from tocsin.kernel.decision import Decision, SetTimer
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.values import replace
from tocsin.paging import pace as pacing
from tocsin.paging.decide import NO_CONTACT, bundle_timer, cancelled, send_together, unwanted
from tocsin.paging.messages import AnswerPart, CountIn, PageCounted, RecordReceipt, SendBundle
from tocsin.paging.model import Answer, Message, MessageState, Pace, Page, PageState
from tocsin.paging.text import Brief

_WENT_OUT = (MessageState.SENT, MessageState.DELIVERED)


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

    `waiting` are the pages that it carries, and `more` gathered beside them. What is unwanted by now is left out.
    `contact` None = no longer in use.
    """
    wanted, decision = _sorted_out(waiting, "" if contact else NO_CONTACT, now)
    if contact is not None and wanted:
        sent, pace = send_together(wanted, contact, pace, ids, now, more=more)
        decision += sent
        # What was only counted waits on: if the message does not go out, the next one carries it.
        due_at = now + MINUTE
    else:
        due_at = now
    if more:
        pace = pacing.bundling(pace, command.contact_id, due_at)
        decision += Decision(timers=(SetTimer(bundle_timer(command.contact_id), due_at, command),))
    elif not wanted or contact is None:
        pace = pacing.calm(pace, command.contact_id)
    return decision + Decision(state=(pace,))


def counting(message: Message, now: Moment) -> tuple[SetTimer, ...]:
    """What is to be done when a message has gone out: take in what it counted."""
    return (_count_in(message, "", now),) if message.more else ()


def count_in(
    message: Message, tail: Message, waiting: Sequence[tuple[Page, Brief]], ids: IdSource, now: Moment
) -> Decision:
    """The next part of a bundle that went out. `tail`: its last part so far, or the message itself.

    `waiting`: the next pages that gathered before it was put together; none = all of them are in.
    """
    if message.state not in _WENT_OUT or not waiting:
        return Decision()
    wanted, decision = _sorted_out(waiting, "", now)
    if not wanted:
        return decision + Decision(timers=(_count_in(message, "" if tail is message else tail.id, now),))
    part = replace(
        message,
        id=ids.long(),
        page_ids=tuple(page.id for page, _ in wanted),
        incident_ids=tuple(dict.fromkeys(brief.incident.id for _, brief in wanted)),
        code="",
        state=MessageState.SENT,
        changed_at=now,
        more=0,
        rest_id="",
        part_of=message.id,
        answered=None,
    )
    pages = tuple(replace(page, state=PageState.SENT, message_id=part.id, changed_at=now) for page, _ in wanted)
    facts = tuple(
        PageCounted(
            incident_id=page.incident_id,
            page_id=page.id,
            message_id=message.id,
            user_id=page.user_id,
            channel=page.channel,
            incidents=len(message.incident_ids) + message.more,
        )
        for page in pages
    )
    timers = [_count_in(message, part.id, now)]
    if tail.answered is not None:  # the answer came while the parts were still being made
        timers.append(_answer_part(part.id, tail.answered, now))
    return decision + Decision(state=(replace(tail, rest_id=part.id), part, *pages), facts=facts, timers=tuple(timers))


def answered(message: Message, answer: Answer, now: Moment) -> Decision:
    """The answer goes on to the next part; where that is not made yet, it is left for it."""
    if not (message.more or message.part_of):
        return Decision()
    timers = (_answer_part(message.rest_id, answer, now),) if message.rest_id else ()
    return Decision(state=(replace(message, answered=answer),), timers=timers)


def receipt_for_rest(message: Message, command: RecordReceipt, now: Moment) -> tuple[SetTimer, ...]:
    """That a message was lost holds for the next part of it too."""
    if not message.rest_id:
        return ()
    rest = replace(command, message_id=message.rest_id)
    return (SetTimer(f"receipt:{rest.message_id}", now, rest),)


def _count_in(message: Message, after: str, now: Moment) -> SetTimer:
    return SetTimer(f"count:{message.id}", now, CountIn(message_id=message.id, after=after))


def _answer_part(part_id: str, answer: Answer, now: Moment) -> SetTimer:
    return SetTimer(f"answer:{part_id}", now, AnswerPart(message_id=part_id, answer=answer))


def _sorted_out(
    waiting: Sequence[tuple[Page, Brief]], against: str, now: Moment
) -> tuple[list[tuple[Page, Brief]], Decision]:
    """What is still wanted, loudest and oldest first; the rest ends. `against`: a reason against all of it."""
    decision = Decision()
    wanted: list[tuple[Page, Brief]] = []
    for page, brief in waiting:
        reason = unwanted(page, brief.incident) or against
        if reason:
            decision += cancelled(page, reason, now)
        else:
            wanted.append((page, brief))
    wanted.sort(key=lambda one: (one[1].incident.urgency is not Urgency.HIGH, one[1].incident.number))
    return wanted, decision
