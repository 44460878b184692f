"""What came of an attempt: sent, tried again, given up, answered. Pure; the retry table is in `retry`."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.kernel.decision import CancelTimer, Decision, SetTimer
from tocsin.kernel.time import SECOND, Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import stored
from tocsin.paging.decide import page_timer, retry_timer
from tocsin.paging.messages import (
    PageAttemptFailed,
    PageDelivered,
    PageNotSent,
    PageSent,
    RecordAttempt,
    RecordReceipt,
    SendAgain,
    SendPage,
)
from tocsin.paging.model import Message, MessageState, Page, PageState, Result
from tocsin.paging.retry import FORWARD_AFTER, next_delay

_UNKNOWN_WAIT = 5 * SECOND
"""After an attempt that may have gone out: rather a second page than none, but only once."""

_NEVER_ARRIVED = (PageState.FAILED, PageState.CANCELLED)


def record_attempt(
    command: RecordAttempt, message: Message, pages: Sequence[Page], planned: Sequence[Page], now: Moment
) -> Decision:
    """Judge the report of a sender. `planned` are the person's later pages about the same incidents."""
    if command.attempt != message.attempt or message.state is not MessageState.SENDING:
        return Decision()
    if command.result is Result.SENT:
        return _sent(command, message, pages, now)
    if command.result is Result.CANCELLED:
        return _stopped(message, pages, now)
    wanted = [page for page in pages if page.state is PageState.SENDING]
    stopped = tuple(_never_sent(page, command.result) for page in pages if page.state is PageState.CANCELLED)
    if command.result in (Result.REFUSED, Result.LOST) or not wanted:
        delay = None
    elif command.result is Result.UNKNOWN:
        delay = None if message.unknowns else _UNKNOWN_WAIT
    else:
        delay = next_delay(message.attempt, command.retry_after_seconds)
    message = replace(message, unknowns=message.unknowns + (command.result is Result.UNKNOWN))
    failed = _failed(command, message, wanted, planned, None if delay is None else now + delay, now)
    return Decision(facts=stopped) + failed


def record_receipt(
    command: RecordReceipt, message: Message, pages: Sequence[Page], planned: Sequence[Page], now: Moment
) -> Decision:
    """Judge a provider's later word. States only move forward: late and repeated receipts change nothing.

    A message whose own report was lost in a crash is known to have arrived by its receipt: it is not sent again.
    """
    if message.state is not MessageState.SENT and (message.state, command.status) != (
        MessageState.SENDING,
        "delivered",
    ):
        return Decision()
    if command.status == "delivered":
        state, after = MessageState.DELIVERED, PageState.DELIVERED
        facts = tuple(
            PageDelivered(
                incident_id=page.incident_id,
                page_id=page.id,
                message_id=message.id,
                user_id=page.user_id,
                channel=page.channel,
            )
            for page in pages
        )
        moved = tuple(replace(page, state=after, changed_at=now) for page in pages)
        return Decision(state=(replace(message, state=state, changed_at=now), *moved), facts=facts)
    if command.status != "failed":
        return Decision()
    lost = [replace(page, state=PageState.FAILED, changed_at=now, reason=command.detail) for page in pages]
    facts_lost = tuple(_attempt_failed(message, page, command.detail, None) for page in lost)
    gone = replace(message, state=MessageState.FAILED, detail=command.detail, changed_at=now)
    return Decision(state=(gone, *lost), facts=facts_lost) + _forward(pages, planned, now, given_up=True)


def in_vain(pages: Sequence[Page]) -> bool:
    """Whether nothing of the newest call among these pages got through or still may. One call is of one moment."""
    newest = max((page.created_at for page in pages), default=0)
    return not any(page.state not in _NEVER_ARRIVED for page in pages if page.created_at == newest)


def _sent(command: RecordAttempt, message: Message, pages: Sequence[Page], now: Moment) -> Decision:
    at = command.finished_at or now
    done = replace(message, state=MessageState.SENT, provider_id=command.provider_id, sent_at=at, changed_at=now)
    if message.is_test:  # whoever tries a provider wants to hear what it said
        done = replace(done, detail=command.detail)
    facts = tuple(
        PageSent(
            incident_id=page.incident_id,
            page_id=page.id,
            message_id=message.id,
            user_id=page.user_id,
            channel=page.channel,
            provider_id=command.provider_id,
            after=max(0, at - page.due_at),
        )
        for page in pages
    )
    moved = tuple(replace(page, state=PageState.SENT, changed_at=now) for page in pages)
    return Decision(state=(done, *moved), facts=facts, timers=(CancelTimer(retry_timer(message.id)),))


def _stopped(message: Message, pages: Sequence[Page], now: Moment) -> Decision:
    facts = tuple(_never_sent(page, Result.CANCELLED) for page in pages)
    moved = tuple(replace(page, state=PageState.CANCELLED, changed_at=now) for page in pages)
    return Decision(state=(replace(message, state=MessageState.CANCELLED, changed_at=now), *moved), facts=facts)


def _never_sent(page: Page, result: Result) -> PageNotSent:
    """What became of a page that was stopped while a sender had it."""
    reason = page.reason
    if result is Result.CANCELLED:
        reason = stored("stopped before the provider had it: %(reason)s", reason=reason)
    elif result in (Result.UNKNOWN, Result.LOST):
        reason = stored("%(reason)s; whether the provider took it is not known", reason=reason)
    return PageNotSent(
        incident_id=page.incident_id, page_id=page.id, user_id=page.user_id, channel=page.channel, reason=reason
    )


def _failed(
    command: RecordAttempt,
    message: Message,
    pages: Sequence[Page],
    planned: Sequence[Page],
    next_at: Moment | None,
    now: Moment,
) -> Decision:
    facts = tuple(_attempt_failed(message, page, command.detail, next_at) for page in pages)
    if next_at is not None:
        waiting = replace(message, state=MessageState.RETRYING, detail=command.detail, changed_at=now)
        timer = SetTimer(retry_timer(message.id), next_at, SendAgain(message_id=message.id))
        decision = Decision(state=(waiting,), facts=facts, timers=(timer,))
        if message.attempt < FORWARD_AFTER:
            return decision
        return decision + _forward(pages, planned, now, given_up=False)
    lost = tuple(replace(page, state=PageState.FAILED, changed_at=now, reason=command.detail) for page in pages)
    gone = replace(message, state=MessageState.FAILED, detail=command.detail, changed_at=now)
    return Decision(state=(gone, *lost), facts=facts) + _forward(pages, planned, now, given_up=True)


def _forward(pages: Sequence[Page], planned: Sequence[Page], now: Moment, *, given_up: bool) -> Decision:
    """Use the person's next notification rule now instead of waiting for its delay; say so when there is none."""
    decision = Decision()
    for page in pages:
        later = [
            one
            for one in planned
            if (one.incident_id, one.user_id, one.epoch, one.help)
            == (page.incident_id, page.user_id, page.epoch, page.help)
        ]
        if later:
            first = min(later, key=lambda one: one.due_at)
            decision += Decision(timers=(SetTimer(page_timer(first.id), now, SendPage(page_id=first.id)),))
        elif given_up:
            fact = PageNotSent(
                incident_id=page.incident_id,
                page_id=page.id,
                user_id=page.user_id,
                channel=page.channel,
                reason=stored("it was given up, and this person has no later notification rule at this level"),
            )
            decision += Decision(facts=(fact,))
    return decision


def _attempt_failed(message: Message, page: Page, detail: str, next_at: Moment | None) -> PageAttemptFailed:
    return PageAttemptFailed(
        incident_id=page.incident_id,
        page_id=page.id,
        message_id=message.id,
        user_id=page.user_id,
        channel=page.channel,
        attempt=message.attempt,
        detail=detail,
        next_at=next_at,
    )
