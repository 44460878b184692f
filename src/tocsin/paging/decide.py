"""From "these people" to messages at their phones: planning, sending and cancelling of pages. Pure.

Every page and every decision not to page is a fact. What gathers in a storm is sent by `bundle`; what came of an
attempt is judged in `outcome`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tocsin.directory.model import Channel, ContactMethod, Urgency
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.decision import CancelTimer, Decision, SetTimer
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import MINUTE, Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import stored, word
from tocsin.paging import pace as pacing
from tocsin.paging.messages import (
    PageBundled,
    PageNotSent,
    PagePlanned,
    PageStarted,
    SendBundle,
    SendMessage,
    SendPage,
    StopMessage,
)
from tocsin.paging.model import WAITING, Haste, Message, MessageState, Pace, Page, PageState
from tocsin.paging.text import Brief, Wording, test_wording, wording

NO_CONTACT = word("the contact method is not in use any more")


@dataclass(frozen=True, slots=True)
class Way:
    """One way to reach a person: a contact method, so long after the page was decided."""

    contact: ContactMethod
    delay_minutes: int


@dataclass(frozen=True, slots=True)
class Recipient:
    """A person to page, the ways that their rules give, and their pace."""

    user_id: str
    ways: tuple[Way, ...]
    pace: Pace


def page_timer(page_id: str) -> str:
    """The key of the timer for a planned page."""
    return f"page:{page_id}"


def bundle_timer(contact_id: str) -> str:
    """The key of the timer for a contact method's bundle."""
    return f"bundle:{contact_id}"


def retry_timer(message_id: str) -> str:
    """The key of the timer for a message's next attempt."""
    return f"retry:{message_id}"


def page_people(
    brief: Brief, recipients: Sequence[Recipient], why: str, *, since: Moment, ids: IdSource, now: Moment
) -> Decision:
    """Plan the pages of everybody in `recipients` and send those that are due. `since`: when the alarm was received.

    News is not called out again and again: it goes out at once, by the soonest ways only.
    """
    decision = Decision()
    for recipient in recipients:
        if not recipient.ways:
            reason = stored("has no notification rule and no contact method that could be used")
            decision += Decision(
                facts=(PageNotSent(incident_id=brief.incident.id, user_id=recipient.user_id, reason=reason),)
            )
            continue
        told = replace(recipient, ways=_soonest(recipient.ways)) if brief.news else recipient
        decision += _page_person(brief, told, why, since, ids, now)
    return decision


def _soonest(ways: Sequence[Way]) -> tuple[Way, ...]:
    first = min(way.delay_minutes for way in ways)
    return tuple(Way(way.contact, 0) for way in ways if way.delay_minutes == first)


def _page_person(brief: Brief, recipient: Recipient, why: str, since: Moment, ids: IdSource, now: Moment) -> Decision:
    decision = Decision()
    pace = recipient.pace
    for way in recipient.ways:
        immediate = way.delay_minutes == 0
        page = Page(
            id=ids.long(),
            incident_id=brief.incident.id,
            epoch=brief.incident.epoch,
            level=brief.incident.level,
            pass_number=brief.incident.pass_number,
            user_id=recipient.user_id,
            contact_id=way.contact.id,
            channel=way.contact.channel,
            state=PageState.PLANNED,
            created_at=now,
            due_at=since if immediate else now + way.delay_minutes * MINUTE,
            rule_delay_minutes=way.delay_minutes,
            changed_at=now,
            reason=why,
            news=brief.news,
            help=bool(brief.plea),
        )
        if immediate:
            sent, pace = _send_or_bundle(page, brief, way.contact, pace, ids, now)
            decision += sent
        else:
            decision += _plan(page)
    return decision + Decision(state=(pace,))


def _plan(page: Page) -> Decision:
    fact = PagePlanned(
        incident_id=page.incident_id,
        page_id=page.id,
        user_id=page.user_id,
        channel=page.channel,
        due_at=page.due_at,
        why=page.reason,
    )
    timer = SetTimer(page_timer(page.id), page.due_at, SendPage(page_id=page.id))
    return Decision(state=(page,), facts=(fact,), timers=(timer,))


def unwanted(page: Page, incident: Incident) -> str:
    """Why this page should not go out any more, in words; empty while it should."""
    if page.help:
        awaited = incident.is_open and incident.awaits(page.user_id)
        return "" if awaited else stored("help is not needed any more, or this person has answered")
    if incident.status is not Status.TRIGGERED and not (page.news and incident.is_open):
        over = incident.status is Status.RESOLVED
        return stored("the incident is resolved") if over else stored("the incident is acknowledged")
    if incident.epoch != page.epoch:
        return stored("the incident was given to others since")
    if page.user_id not in incident.assignee_ids:
        return stored("the incident has gone on to others")
    return ""


def send_due_page(
    page: Page, brief: Brief, contact: ContactMethod | None, pace: Pace, ids: IdSource, now: Moment
) -> Decision:
    """A planned page's delay has passed: send it, unless it is unwanted by now. `contact` None = no longer in use."""
    if page.state is not PageState.PLANNED:
        return Decision()
    reason = unwanted(page, brief.incident)
    if reason or contact is None:
        return cancelled(page, reason or NO_CONTACT, now)
    decision, pace = _send_or_bundle(page, brief, contact, pace, ids, now)
    return decision + Decision(state=(pace,), timers=(CancelTimer(page_timer(page.id)),))


def _fated(reason: str, *, crashed: bool) -> str:
    if not crashed:
        return reason
    return stored("%(reason)s; whether it went out before the crash is not known", reason=reason)


def send_again(
    message: Message, pages: Sequence[tuple[Page, Brief]], contact: ContactMethod | None, *, crashed: bool, now: Moment
) -> Decision:
    """Another attempt of a message, for those of its pages that are still wanted."""
    if message.state not in (MessageState.RETRYING, MessageState.SENDING):
        return Decision()
    decision = Decision()
    wanted: list[tuple[Page, Brief]] = []
    for page, brief in pages:
        reason = unwanted(page, brief.incident) or ("" if contact else NO_CONTACT)
        if page.state is PageState.SENDING and not reason:
            wanted.append((page, brief))
        elif page.state is PageState.SENDING:
            decision += cancelled(page, _fated(reason, crashed=crashed), now)
        elif page.state is PageState.CANCELLED and message.state is MessageState.SENDING:
            decision += Decision(facts=(_not_sent(page, _fated(page.reason, crashed=crashed)),))
    if contact is None or not wanted:
        return decision + Decision(state=(replace(message, state=MessageState.CANCELLED, changed_at=now),))
    held = message.state is MessageState.SENDING and not crashed
    again = replace(
        message,
        attempt=message.attempt + (not held),
        page_ids=tuple(page.id for page, _ in wanted),
        incident_ids=tuple(dict.fromkeys(brief.incident.id for _, brief in wanted)),
        state=MessageState.SENDING,
        unknowns=message.unknowns + crashed,
        changed_at=now,
    )
    why = stored("again after a failed attempt")
    if message.state is MessageState.SENDING:
        why = (
            stored("again: it is not known whether the last attempt went out")
            if crashed
            else stored("it was held back until now")
        )
    return decision + _hand_over(again, wanted, contact, why)


def cancel_pages(
    pages: Sequence[Page], carriers: Sequence[tuple[Message, Sequence[Page]]], reason: str, now: Moment
) -> Decision:
    """Stop every page that has not reached its provider.

    `carriers` are the messages that carry any of them, each with all of its pages: a message is stopped when nothing
    in it is wanted any more. What is with a sender now may still go out; the sender's report will say.
    """
    decision = Decision()
    under_way = {message.id for message, _ in carriers if message.state is MessageState.SENDING}
    for page in pages:
        decision += cancelled(page, reason, now, on_record=page.message_id not in under_way)
    stopped = {page.id for page in pages}
    for message, carried in carriers:
        if any(page.state is PageState.SENDING and page.id not in stopped for page in carried):
            continue
        if message.state is MessageState.RETRYING:
            gone = replace(message, state=MessageState.CANCELLED, changed_at=now)
            decision += Decision(state=(gone,), timers=(CancelTimer(retry_timer(message.id)),))
        elif message.state is MessageState.SENDING:
            key = f"{message.id}:stop:{message.attempt}"
            decision += Decision(effects=(StopMessage(key=key, message_id=message.id, attempt=message.attempt),))
    return decision


def test_page(contact: ContactMethod, pace: Pace, ids: IdSource, now: Moment) -> Decision:
    """A message that only shows that a contact method works. The value is the message's id. Raises TooMany."""
    pace = pacing.tested(pace, contact.id, now)
    message = _message(ids, contact, (), (), "", now)
    effect = _effect(message, contact, test_wording(), 0, Haste.TEST)
    return Decision(state=(message, pace), effects=(effect,), value=message.id)


def _send_or_bundle(
    page: Page, brief: Brief, contact: ContactMethod, pace: Pace, ids: IdSource, now: Moment
) -> tuple[Decision, Pace]:
    loud = brief.incident.urgency is Urgency.HIGH
    wait = pacing.wait_until(pace, contact.id, contact.channel, loud=loud, now=now)
    gathering = pace.of(contact.id).bundle_due_at
    if wait is None and gathering is None:
        return send_together([(page, brief)], contact, pace, ids, now)
    if wait is None:  # nothing holds this one back, so what has gathered goes out with it
        due_at, reason = now, stored("it goes out at once, with what had gathered")
    else:
        due_at = min(wait, gathering) if gathering is not None else wait
        reason = stored("this person was reached a moment ago; it goes out with what else gathers")
    held = replace(page, state=PageState.BUNDLED, changed_at=now)
    fact = PageBundled(
        incident_id=page.incident_id,
        page_id=page.id,
        user_id=page.user_id,
        channel=page.channel,
        due_at=due_at,
        reason=reason,
    )
    # The timer is set each time: a date in the pace alone would leave the page lying here if the timer were gone.
    timer = SetTimer(bundle_timer(contact.id), due_at, SendBundle(user_id=page.user_id, contact_id=contact.id))
    return Decision(state=(held,), facts=(fact,), timers=(timer,)), pacing.bundling(pace, contact.id, due_at)


def send_together(
    pages: Sequence[tuple[Page, Brief]],
    contact: ContactMethod,
    pace: Pace,
    ids: IdSource,
    now: Moment,
    *,
    more: int = 0,
) -> tuple[Decision, Pace]:
    """One message for these pages, and for `more` that it only counts; with the pace after it."""
    number = pace.next_code % 90
    code = str(10 + number) if contact.channel in (Channel.SMS, Channel.VOICE) else ""
    incident_ids = tuple(dict.fromkeys(brief.incident.id for _, brief in pages))
    message = _message(ids, contact, tuple(page.id for page, _ in pages), incident_ids, code, now)
    message = replace(message, more=more) if more else message
    sending = [
        (replace(page, state=PageState.SENDING, message_id=message.id, changed_at=now), brief) for page, brief in pages
    ]
    pace = replace(pacing.used(pace, contact.id, now), next_code=pace.next_code + bool(code))
    decision = _hand_over(message, sending, contact, "")
    return decision + Decision(timers=(CancelTimer(bundle_timer(contact.id)),)), pace


def _hand_over(message: Message, pages: Sequence[tuple[Page, Brief]], contact: ContactMethod, why: str) -> Decision:
    briefs = list({brief.incident.id: brief for _, brief in pages}.values())
    haste = Haste.HIGH if any(brief.incident.urgency is Urgency.HIGH for brief in briefs) else Haste.LOW
    number = briefs[0].incident.number if len(briefs) == 1 and not message.more else 0
    effect = _effect(message, contact, wording(briefs, message.more), number, haste)
    facts = tuple(
        PageStarted(
            incident_id=page.incident_id,
            page_id=page.id,
            message_id=message.id,
            user_id=page.user_id,
            channel=page.channel,
            address=contact.dial,
            why=why or page.reason,
            attempt=message.attempt,
        )
        for page, _ in pages
    )
    return Decision(state=(message, *(page for page, _ in pages)), facts=facts, effects=(effect,))


def _message(
    ids: IdSource,
    contact: ContactMethod,
    page_ids: tuple[str, ...],
    incident_ids: tuple[str, ...],
    code: str,
    now: Moment,
) -> Message:
    return Message(
        id=ids.long(),
        user_id=contact.user_id,
        contact_id=contact.id,
        channel=contact.channel,
        address=contact.dial,
        page_ids=page_ids,
        incident_ids=incident_ids,
        code=code,
        state=MessageState.SENDING,
        created_at=now,
        changed_at=now,
    )


def _effect(message: Message, contact: ContactMethod, words: Wording, number: int, haste: Haste) -> SendMessage:
    return SendMessage(
        key=f"{message.id}:{message.attempt}",
        message_id=message.id,
        attempt=message.attempt,
        channel=message.channel,
        address=message.address,
        user_id=message.user_id,
        subject=words.subject,
        text=f"{words.text}\n\n{words.below}" if words.below and message.channel is Channel.EMAIL else words.text,
        spoken=words.spoken,
        code=message.code,
        incident_ids=message.incident_ids,
        incident_number=number,
        secret=contact.secret,
        haste=haste,
    )


def cancelled(page: Page, reason: str, now: Moment, *, on_record: bool = True) -> Decision:
    """The page is not wanted any more: stopped, if it has not reached its provider. `on_record`: a fact says so."""
    if page.state not in WAITING:
        return Decision()
    gone = replace(page, state=PageState.CANCELLED, changed_at=now, reason=reason)
    facts = (_not_sent(page, reason),) if on_record else ()
    return Decision(state=(gone,), facts=facts, timers=(CancelTimer(page_timer(page.id)),))


def _not_sent(page: Page, reason: str) -> PageNotSent:
    return PageNotSent(
        incident_id=page.incident_id, page_id=page.id, user_id=page.user_id, channel=page.channel, reason=reason
    )
