"""Who can be called and how: joins policies, schedules, people and their rules. Pure look-ups, no I/O."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from tocsin.directory.model import Channel, ContactMethod, TeamRole, Urgency
from tocsin.engine.config import Config
from tocsin.engine.world import World
from tocsin.escalation.decide import LastResort, People, Reach
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.incidents.model import AssignedVia, Incident, NoTimer, Status
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import stored
from tocsin.oncall import who_is_on_call
from tocsin.paging.decide import Recipient, Way
from tocsin.paging.outcome import in_vain


def on_call(config: Config, schedule_id: str, at: Moment) -> tuple[str, ...]:
    """The user ids of everybody on call on a schedule; none for an unknown one."""
    schedule = config.schedules.get(schedule_id)
    if schedule is None:
        return ()
    return who_is_on_call(schedule, config.exceptions_of.get(schedule_id, ()), at)


def can_be_reached(config: Config, user_id: str) -> bool:
    """Whether the person is active and has a contact method in use."""
    user = config.users.get(user_id)
    return user is not None and user.active and any(contact.enabled for contact in config.contacts_of.get(user_id, ()))


def can_page(config: Config, channels: Collection[str]) -> bool:
    """Whether a page would reach anybody at all, where only these channels are set up."""
    return any(
        contact.enabled and contact.channel in channels and config.users[contact.user_id].active
        for contact in config.contact_methods.values()
        if contact.user_id in config.users
    )


def waits_in_vain(world: World, incident: Incident, *, without: str = "") -> bool:
    """Whether it rings for people named by hand alone, and no page of their last call got through or still may.

    `without`: somebody who is about to leave.
    """
    if (incident.status, incident.timer_reason) != (Status.TRIGGERED, NoTimer.ASSIGNED):
        return False
    if incident.urgency is not Urgency.HIGH:
        return False
    users = world.config.users
    here = [one for one in incident.assignee_ids if one != without and one in users and users[one].active]
    pages = [page for page in world.state.pages_of(incident.id) if page.epoch == incident.epoch and not page.help]
    return in_vain([page for page in pages if page.user_id in here])


def people_at(config: Config, now: Moment, turn: Callable[[Rule], int] | None = None) -> People:
    """A function from a policy's rule to whom it can call now.

    `turn`: which target of a rule that takes turns is next; of such a rule the first from there on with somebody to
    call is meant, alone. Without it, everybody who may be called.
    """

    def people(rule: Rule) -> Reach:
        found: dict[str, None] = {}
        missing: list[str] = []
        for target in _targets(rule, turn):
            if found and turn is not None and rule.in_turn:
                break
            user_ids = (target.id,) if target.kind is TargetKind.USER else on_call(config, target.id, now)
            if not user_ids:
                schedule = config.schedules.get(target.id)
                missing.append(
                    stored("nobody is on call in %(schedule)s", schedule=schedule.name)
                    if schedule
                    else stored("nobody is on call in a removed schedule")
                )
            for user_id in user_ids:
                if can_be_reached(config, user_id):
                    found[user_id] = None
                else:
                    user = config.users.get(user_id)
                    missing.append(
                        stored("%(person)s can't be reached", person=user.name)
                        if user
                        else stored("a removed person can't be reached")
                    )
        return Reach(tuple(found), "; ".join(missing))

    return people


def _targets(rule: Rule, turn: Callable[[Rule], int] | None) -> tuple[Target, ...]:
    first = turn(rule) % len(rule.targets) if turn is not None and rule.in_turn else 0
    return (*rule.targets[first:], *rule.targets[:first])


def last_resort(config: Config, incident: Incident) -> LastResort:
    """Whom to call about an incident when nobody answers."""
    service = config.services.get(incident.service_id)
    settings = config.settings
    managers = dict.fromkeys(
        membership.user_id
        for team_id in incident.team_ids
        for membership in config.members_of.get(team_id, ())
        if membership.role is TeamRole.MANAGER and can_be_reached(config, membership.user_id)
    )
    return LastResort(
        enabled=settings.last_resort and (service is None or service.last_resort),
        managers=tuple(managers),
        owners=tuple(user_id for user_id in config.owners if can_be_reached(config, user_id)),
        every_minutes=settings.last_resort_every_minutes,
    )


def recipients(world: World, user_ids: Sequence[str], urgency: Urgency) -> list[Recipient]:
    """The ways to reach each of these people by their rules for this urgency."""
    return [Recipient(user_id, ways(world.config, user_id, urgency), world.state.pace(user_id)) for user_id in user_ids]


def ways(config: Config, user_id: str, urgency: Urgency) -> tuple[Way, ...]:
    """A person's notification rules as contact methods with delays, soonest first.

    A person without a usable rule for high urgency is reached by every contact method at once: never not at all.
    """
    user = config.users.get(user_id)
    if user is None or not user.active:
        return ()
    contacts = {contact.id: contact for contact in config.contacts_of.get(user_id, ()) if contact.enabled}
    chosen: dict[tuple[str, int], Way] = {}
    for rule in config.rules_of.get(user_id, ()):
        contact = contacts.get(rule.contact_method_id)
        if contact is not None and rule.urgency is urgency:
            chosen[contact.id, rule.start_delay_minutes] = Way(contact, rule.start_delay_minutes)
    if not chosen and urgency is Urgency.HIGH:
        return tuple(Way(contact, 0) for contact in sorted(contacts.values(), key=_loudness))
    return tuple(sorted(chosen.values(), key=lambda way: (way.delay_minutes, _loudness(way.contact))))


def _loudness(contact: ContactMethod) -> tuple[int, str]:
    order = (Channel.VOICE, Channel.SMS, Channel.PUSH, Channel.WEBHOOK, Channel.EMAIL)
    return (order.index(contact.channel), contact.id)


def why_paged(config: Config, incident: Incident, policy: Policy | None, user_id: str, now: Moment) -> str:
    """Why this person is called, as part of a sentence: "on call in Payments primary (level 1, pass 1 of 4)"."""
    if incident.last_resort_round:
        return stored(
            "last resort, round %(last_resort_round)s: nobody answered", last_resort_round=incident.last_resort_round
        )
    if incident.assigned_via is AssignedVia.DIRECT_ASSIGNMENT:
        return stored("it was given to this person by name")
    if policy is None or not 1 <= incident.level <= len(policy.rules):
        return stored("it is assigned to this person")
    place = stored(
        "level %(level)s of %(policy)s, pass %(number)s of %(passes)s",
        level=incident.level,
        policy=policy.name,
        number=incident.pass_number,
        passes=policy.passes,
    )
    for target in policy.rules[incident.level - 1].targets:
        if target.kind is TargetKind.USER and target.id == user_id:
            return stored("named in %(place)s", place=place)
        if target.kind is TargetKind.SCHEDULE and user_id in on_call(config, target.id, now):
            return stored("on call in %(name)s (%(place)s)", name=config.schedules[target.id].name, place=place)
    return stored("has had it since before (%(place)s)", place=place)
