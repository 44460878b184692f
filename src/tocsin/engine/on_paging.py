"""Runs commands to the paging station: looks up people's rules, pages, messages and their pace."""

from __future__ import annotations

from collections.abc import Sequence

from tocsin.directory.model import ContactMethod, Urgency
from tocsin.directory.permissions import Verb, may
from tocsin.engine.cover import told_elsewhere
from tocsin.engine.on_escalation import policy_of
from tocsin.engine.on_incidents import incident_of
from tocsin.engine.people import recipients, why_paged
from tocsin.engine.world import World
from tocsin.escalation.messages import EscalateNow
from tocsin.events.memory import Memory
from tocsin.incidents.help_messages import AnswerRequest
from tocsin.incidents.messages import Acknowledge, Resolve
from tocsin.incidents.model import Incident, Status
from tocsin.kernel import limits
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import Command, Decision
from tocsin.kernel.errors import Conflict, NotAllowed, NotFound
from tocsin.kernel.time import HOUR, Moment
from tocsin.kernel.values import replace
from tocsin.paging import bundle, outcome
from tocsin.paging import decide as paging
from tocsin.paging.decide import Recipient
from tocsin.paging.messages import (
    TEST_ANSWERED,
    AnswerByCode,
    AnswerMessage,
    AnswerWaiting,
    CancelPages,
    PageAnswered,
    PagePeople,
    PageProven,
    RecordAttempt,
    RecordReceipt,
    SendAgain,
    SendBundle,
    SendPage,
    SendTestPage,
)
from tocsin.paging.model import Answer, Message, Page, PageState, Result
from tocsin.paging.text import Brief

CODE_LIFE = 4 * HOUR
"""How long a reply by SMS can answer a message."""

ANSWERED = "page:answered"
"""The id of the memory that somebody has answered a page, of an incident or a test. It is there from then on."""

_DOORS = {"sms": Via.SMS, "voice": Via.VOICE, "email": Via.EMAIL, "webhook": Via.WEBHOOK}


def page_people(world: World, _actor: Actor, command: PagePeople, now: Moment) -> Decision:
    """Page each person by their own rules. The first call of an incident counts from when its alarm was received."""
    incident = incident_of(world, command.incident_id)
    if incident.status is not Status.TRIGGERED and not ((command.news or command.help) and incident.is_open):
        return Decision()
    policy = policy_of(world, incident)
    first = (incident.level, incident.pass_number, incident.epoch) == (1, 1, 1) and not incident.last_resort_round
    since = incident.created_at if first and not (command.news or command.help) else now
    decision = Decision()
    urgency = Urgency.HIGH if command.help else incident.urgency
    for recipient in recipients(world, command.user_ids, urgency):
        left = _not_running(world, incident, recipient, help=command.help)
        if recipient.ways and not left.ways:
            continue
        plea = incident.plea(recipient.user_id) if command.help else ""
        told = brief(world, incident, news=command.news, plea=plea)
        why = command.why or why_paged(world.config, incident, policy, recipient.user_id, now)
        decision += paging.page_people(told, [left], why, since=since, ids=world.ids, now=now)
    return decision


def _runs(page: Page, incident: Incident, *, help: bool = False) -> bool:
    """Whether the page's delay is still running, in a call that counts."""
    return page.state is PageState.PLANNED and page.epoch == incident.epoch and page.help is help


def _not_running(world: World, incident: Incident, recipient: Recipient, *, help: bool) -> Recipient:
    """The ways by which the person is not about to be reached anyhow.

    Who is called again every half hour, and has a rule of 31 minutes, would never be reached if each call began anew.
    """
    planned = world.state.planned_pages(recipient.user_id, (incident.id,))
    running = {(page.contact_id, page.rule_delay_minutes) for page in planned if _runs(page, incident, help=help)}
    left = tuple(way for way in recipient.ways if (way.contact.id, way.delay_minutes) not in running)
    return replace(recipient, ways=left)


def send_page(world: World, _actor: Actor, command: SendPage, now: Moment) -> Decision:
    """A notification rule's delay has passed."""
    page = world.state.page(command.page_id)
    if page is None:
        return Decision()
    contact = _in_use(world, page.contact_id)
    return paging.send_due_page(page, _brief_of(world, page), contact, world.state.pace(page.user_id), world.ids, now)


def send_bundle(world: World, _actor: Actor, command: SendBundle, now: Moment) -> Decision:
    """Send what gathered for a contact method."""
    most = limits.BUNDLE_PAGES
    pages = world.state.loudest_bundled_pages(command.contact_id, most + 1)
    waiting = [(page, _brief_of(world, page)) for page in pages[:most]]
    more = 0
    if len(pages) > most:
        carried = {brief.incident.id for _, brief in waiting}
        more = max(1, world.state.count_bundled(command.contact_id) - len(carried))
    contact, pace = _in_use(world, command.contact_id), world.state.pace(command.user_id)
    return bundle.send_bundle(command, contact, waiting, more, pace, world.ids, now)


def send_again(world: World, _actor: Actor, command: SendAgain, now: Moment) -> Decision:
    """Another attempt."""
    message = world.state.message(command.message_id)
    if message is None:
        return Decision()
    pages = [(page, _brief_of(world, page)) for page in _pages(world, message)]
    contact = _in_use(world, message.contact_id)
    return paging.send_again(message, pages, contact, crashed=command.crashed, now=now)


def record_attempt(world: World, _actor: Actor, command: RecordAttempt, now: Moment) -> Decision:
    """A sender reports."""
    message = world.state.message(command.message_id)
    if message is None:
        return Decision()
    planned = world.state.planned_pages(message.user_id, message.incident_ids)
    decision = outcome.record_attempt(command, message, _pages(world, message), planned, now)
    if decision.state and command.result in (Result.REFUSED, Result.RETRY):  # nobody has it, and that is sure
        decision += told_elsewhere(world, message, now)
    return decision


def record_receipt(world: World, _actor: Actor, command: RecordReceipt, now: Moment) -> Decision:
    """A provider reports."""
    message = world.state.message(command.message_id)
    if message is None:
        return Decision()
    planned = world.state.planned_pages(message.user_id, message.incident_ids)
    return outcome.record_receipt(command, message, _pages(world, message), planned, now)


def cancel_pages(world: World, _actor: Actor, command: CancelPages, now: Moment) -> Decision:
    """Stop what has not been sent about an incident."""
    incident = world.state.incident(command.incident_id)
    waiting = world.state.waiting_pages(command.incident_id)
    pages = [page for page in waiting if incident is None or _stops(page, incident, command)]
    messages = (world.state.message(one) for one in dict.fromkeys(page.message_id for page in pages if page.message_id))
    carriers = [(message, _pages(world, message)) for message in messages if message is not None]
    return paging.cancel_pages(pages, carriers, command.reason, now)


def _stops(page: Page, incident: Incident, command: CancelPages) -> bool:
    if command.helpers:
        return page.help and page.user_id in command.helpers
    if page.help:
        return not incident.is_open
    return page.user_id not in command.called_again or not _runs(page, incident)


def send_test(world: World, _actor: Actor, command: SendTestPage, now: Moment) -> Decision:
    """A test page. Raises NotFound for an unknown contact method, TooMany after too many."""
    contact = world.config.contact_methods.get(command.contact_id)
    if contact is None:
        raise NotFound("There is no such contact method.")
    return paging.test_page(contact, world.state.pace(contact.user_id), world.ids, now)


def answer_message(world: World, _actor: Actor, command: AnswerMessage, now: Moment) -> Decision:
    """An answer to one message: recorded on each of its incidents. `follow_up` then acts for the person.

    The value: how many incidents it answers, with those that the message only counted; TEST_ANSWERED for a test page.
    """
    message = world.state.message(command.message_id)
    if message is None:
        raise NotFound("This page is not known.")
    return _answered(world, message, command.answer, now)


def answer_waiting(world: World, _actor: Actor, command: AnswerWaiting, _now: Moment) -> Decision:
    """An answer to a message, for the next of the incidents that it only counted: what is open and theirs.

    First those that still wait, then those that later messages have carried. Pages that were made after the message are
    not meant: ids follow time, within one run of the engine also where the clock is set back.
    """
    message = world.state.message(command.message_id)
    if message is None:
        return Decision()
    after = command.after
    if after < message.id:
        pages = world.state.bundled_pages(message.contact_id, limits.BUNDLE_PAGES, after, message.id)
        after = pages[-1].id if pages else message.id
    else:
        later = world.state.next_message(message, after)
        if later is None:
            return Decision()
        pages = [page for page in _pages(world, later) if page.id < message.id]
        after = later.id
    called = [(page, world.state.incident(page.incident_id)) for page in pages]
    theirs = {one.id: one for page, one in called if one and one.is_open and one.epoch == page.epoch}
    allowed = [one for one in theirs.values() if _may_answer(world, one, message.user_id, command.answer)]
    return _answers(message, allowed, command.answer) + bundle.answer_waiting(message, command.answer, after)


def answer_by_code(world: World, _actor: Actor, command: AnswerByCode, now: Moment) -> Decision:
    """An answer by SMS. Raises NotFound when nothing was sent to that number lately, or not with that code."""
    message = world.state.message_by_code(command.channel, command.address, command.code, now - CODE_LIFE)
    if message is None:
        raise NotFound("No page to this number carries that code." if command.code else "No page was sent here lately.")
    return _answered(world, message, command.answer, now)


def follow_up(world: World, fact: PageAnswered) -> tuple[Actor, Command] | None:
    """The command that an answer means, in the name of the person who was paged; None if the incident is past it."""
    incident = world.state.incident(fact.incident_id)
    if incident is None or not incident.is_open:
        return None
    actor = Actor(ActorKind.USER, fact.user_id, _DOORS.get(fact.channel, Via.API))
    if fact.answer is not Answer.RESOLVE and _only_helps(incident, fact.user_id):
        return actor, AnswerRequest(incident_id=incident.id, joins=fact.answer is Answer.ACKNOWLEDGE)
    if fact.answer is Answer.RESOLVE:
        return actor, Resolve(incident_id=incident.id)
    if fact.answer is Answer.ESCALATE:
        return actor, EscalateNow(incident_id=incident.id)
    return actor, Acknowledge(incident_id=incident.id)


def _only_helps(incident: Incident, user_id: str) -> bool:
    """Whether the person was asked to help with an incident that others have, and what they say answers that."""
    return incident.responder(user_id) is not None and user_id not in incident.assignee_ids


def brief(world: World, incident: Incident, *, news: bool = False, plea: str = "") -> Brief:
    """What a page says of an incident."""
    service = world.config.services.get(incident.service_id)
    return Brief(incident, service.name if service else "removed service", news, incident.runbook(service), plea)


def _in_use(world: World, contact_id: str) -> ContactMethod | None:
    """The contact method, unless it was removed or switched off, or its person deactivated."""
    contact = world.config.contact_methods.get(contact_id)
    user = world.config.users.get(contact.user_id) if contact else None
    return contact if contact and contact.enabled and user and user.active else None


def _may_answer(world: World, incident: Incident, user_id: str, answer: Answer) -> bool:
    """Whether the person is still here and may still act on the incident, or has it: pages outlive permissions.

    Whoever is asked to help may say whether they do.
    """
    standing = world.config.standing(Actor(ActorKind.USER, user_id))
    if standing is None:
        return False
    if answer is not Answer.RESOLVE and _only_helps(incident, user_id):
        return True
    return user_id in incident.assignee_ids or may(standing, Verb.RESPOND, incident.team_ids)


def _answered(world: World, message: Message, answer: Answer, now: Moment) -> Decision:
    noted = _noted(world, now)
    if message.is_test:
        fact = PageProven(incident_id="", message_id=message.id, user_id=message.user_id, channel=message.channel)
        return noted + Decision(facts=(fact,), value=TEST_ANSWERED)
    open_now = _open_of(world, message)
    if not open_now and message.incident_ids and not message.more:
        raise Conflict("It is resolved already.", reason="already_resolved")
    if not all(_may_answer(world, incident, message.user_id, answer) for incident in open_now):
        raise NotAllowed("You can't answer this page any more.", reason="not_theirs")
    if answer is Answer.ESCALATE:
        left = _not_sent_on(world, message, open_now)
        if open_now and not left:
            raise Conflict("It was sent on already.", reason="already_sent_on")
        open_now = left
    told = replace(_answers(message, open_now, answer), value=len(open_now) + message.more)
    return noted + told + bundle.answer_waiting(message, answer)


def _noted(world: World, now: Moment) -> Decision:
    """That pages get answered here is kept from the first answer on: day one has something to tick."""
    if world.state.memory(ANSWERED) is not None:
        return Decision()
    return Decision(state=(Memory(id=ANSWERED, total=1, at=now),))


def _open_of(world: World, message: Message) -> list[Incident]:
    found = (world.state.incident(one) for one in message.incident_ids)
    return [incident for incident in found if incident and incident.is_open]


def _answers(message: Message, incidents: Sequence[Incident], answer: Answer) -> Decision:
    return Decision(
        facts=tuple(
            PageAnswered(
                incident_id=incident.id,
                message_id=message.id,
                user_id=message.user_id,
                channel=message.channel,
                answer=answer,
            )
            for incident in incidents
        )
    )


def _not_sent_on(world: World, message: Message, open_now: list[Incident]) -> list[Incident]:
    """Those that are still in the call that the message belongs to: a button pressed twice sends it on once."""
    pages = _pages(world, message)
    calls = {(page.incident_id, page.epoch) for page in pages}
    pleas = {page.incident_id for page in pages if page.help}
    return [one for one in open_now if one.id in pleas or (one.id, one.epoch) in calls]


def _pages(world: World, message: Message) -> list[Page]:
    return [page for page in (world.state.page(page_id) for page_id in message.page_ids) if page is not None]


def _brief_of(world: World, page: Page) -> Brief:
    incident = incident_of(world, page.incident_id)
    return brief(world, incident, news=page.news, plea=incident.plea(page.user_id) if page.help else "")
