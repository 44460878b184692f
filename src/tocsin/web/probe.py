"""A test event: sent by an entrance's own key through the door that monitors use, and its way shown until it ends.

Decides which tests are offered, and says before one is sent whom it would page; that is the engine's own decision,
made on the event as it would come and thrown away.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.responses import Response

from tocsin.alerts.model import Alert
from tocsin.directory.model import Integration, Service, Urgency
from tocsin.engine.on_incidents import urgency_for
from tocsin.engine.people import people_at
from tocsin.engine.preview import Lookups, Preview, preview
from tocsin.events.memory import Memory
from tocsin.events.model import Action, Event, Outcome, Severity
from tocsin.events.orchestration import PathKind, path_id
from tocsin.incidents.model import Incident
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.kernel.wording import phrase
from tocsin.paging.model import Page, PageState
from tocsin.paging.timeline import channel_word
from tocsin.runtime.reads import EventOutcome
from tocsin.web.entrances import entrance_in, found_entrance
from tocsin.web.language import gettext as _
from tocsin.web.language import later, ngettext
from tocsin.web.looks import OUTCOMES, Look, alert_look, incident_look
from tocsin.web.rules.pages import found_service
from tocsin.web.site import ProbeEvent
from tocsin.web.visit import Visit, status_of

CHANGE: Final = "change"
SUMMARY: Final = later("A test from Tocsin: nothing is wrong")
_KEY: Final = "tocsin-test-"

_ENDS: Final = {
    Outcome.REPEATED: later("It is counted on the alert that is open. Nobody is paged."),
    Outcome.ACKNOWLEDGED: later("It acknowledges the alert that is open. Nobody is paged."),
    Outcome.RESOLVED: later("It ends the alert that is open. Nobody is paged."),
    Outcome.SUPPRESSED: later("It opens an alert that is suppressed. Nobody is paged."),
    Outcome.DROPPED: later("Nothing comes of it. Nobody is paged."),
    Outcome.RECORDED: later("It is kept on record. Nobody is paged."),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """A test that can be sent. `pages`: whether somebody is called by it; `says`: whom, or why nobody."""

    severity: str
    look: Look
    pages: bool
    says: str


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way: how it stands, its name, and what happened."""

    look: Look
    title: str
    says: str
    link: str = ""
    more: str = ""


def probe_page(visit: Visit, *, error: TocsinError | None = None) -> Response:
    """`/services/{id}/monitors/{monitor}/test`."""
    service, one = found_entrance(visit)
    choices = [_choice(visit, service, one, severity) for severity in (*Severity, None)]
    quiet = next((each.severity for each in choices if not each.pages), CHANGE)
    typed = visit.text("summary", 1024) or _(SUMMARY)
    return visit.page(
        "probe.html",
        status_of(error) if error is not None else 200,
        service=service,
        one=one,
        choices=choices,
        chosen=visit.text("severity", 20) or quiet,
        summary=typed,
        error=error,
    )


def _choice(visit: Visit, service: Service, one: Integration, severity: Severity | None) -> Choice:
    """What a test of this severity would lead to now; None is a change."""
    event = Event(
        action=Action.TRIGGER if severity is not None else Action.CHANGE,
        integration_id=one.id,
        dedup_key=_KEY,
        received_at=visit.now,
        summary=_(SUMMARY),
        source="tocsin",
        severity=severity,
    )
    seen = preview(visit.config, visit.site.ids, _lookups(visit), event, visit.now)
    outcome = seen.ending.outcome
    name = severity.value if severity is not None else CHANGE
    if outcome in _ENDS:
        return Choice(name, OUTCOMES[outcome], pages=False, says=_why(seen, _(_ENDS[outcome])))
    says, pages = _called(visit, service, seen)
    if outcome is Outcome.SUSPENDED:
        says = _("It waits first. Unless you end it by then: %(what)s", what=says)
    return Choice(name, OUTCOMES[outcome], pages=pages, says=says)


def _why(seen: Preview, says: str) -> str:
    reason = seen.ending.reason
    if seen.ending.outcome not in (Outcome.SUPPRESSED, Outcome.DROPPED) or not reason:
        return says
    return _("%(what)s (%(why)s)", what=says, why=phrase(reason))


def _lookups(visit: Visit) -> Lookups:
    def memory(memory_id: str) -> Memory | None:
        return visit.site.reads.memories([memory_id]).get(memory_id)

    return Lookups(latest_alert=lambda _scope, _key: None, memory=memory)


def _called(visit: Visit, service: Service, seen: Preview) -> tuple[str, bool]:
    """Whom the first level is, and how loudly they would be called."""
    config = visit.config
    policy = config.policies.get(seen.policy_id or service.policy_id)
    known = policy is not None and bool(policy.rules) and visit.may_read(policy)
    people = people_at(config, visit.now)(policy.rules[0]).user_ids if policy is not None and known else ()
    severity = seen.alert.severity if seen.alert is not None else None
    who = ", ".join(map(visit.names.person, people))
    if urgency_for(service, severity, visit.now) is Urgency.LOW:
        told = _("Low urgency: %(who)s is told by their rules for that.", who=who) if who else ""
        return told or _("Low urgency: nobody is on call now."), bool(who)
    return (
        _("This will page %(who)s now.", who=who) if who else _("Nobody is on call now: the next level is paged.")
    ), True


def send(visit: Visit) -> Response:
    """POST `/services/{id}/monitors/{monitor}/test`: the event goes the way of every event, and is answered first."""
    service, one = found_entrance(visit)
    severity = visit.text("severity", 20)
    try:
        if severity not in (*(each.value for each in Severity), CHANGE):
            raise Invalid(_("Choose what to send."))
        summary = visit.text("summary", 1024).strip() or _(SUMMARY)
        event = ProbeEvent(summary, "tocsin", severity, _KEY + visit.site.ids.short())
        seq = visit.site.send_event(one.key, event)
    except TocsinError as error:
        return probe_page(visit, error=error)
    return visit.go(f"/services/{service.id}/tests/{seq}")


def end(visit: Visit) -> Response:
    """POST `/services/{id}/tests/{seq}`: the same key once more, and the problem is over."""
    service, seq, outcome = _sent(visit)
    alert = visit.site.reads.alert(outcome.alert_id) if outcome is not None and outcome.alert_id else None
    if outcome is None or alert is None or not alert.dedup_key.startswith(_KEY):
        raise NotFound(_("There is nothing to end."))
    one = entrance_in(visit, service, outcome.integration_id)
    over = ProbeEvent(alert.summary or _(SUMMARY), "tocsin", Severity.INFO.value, alert.dedup_key, "resolve")
    visit.site.send_event(one.key, over)
    return visit.go(f"/services/{service.id}/tests/{seq}", "saved")


def way_page(visit: Visit) -> Response:
    """`/services/{id}/tests/{seq}`: what has become of it so far."""
    service, seq, outcome = _sent(visit)
    alert = visit.site.reads.alert(outcome.alert_id) if outcome is not None and outcome.alert_id else None
    incident = visit.site.reads.incident(alert.incident_id) if alert is not None and alert.incident_id else None
    if incident is not None and visit.sight is not None and not set(incident.team_ids) & visit.sight.team_ids:
        incident = None
    pages = visit.site.reads.pages_of(incident.id) if incident is not None else ()
    steps = list(_steps(visit, service, outcome, alert, incident, pages))
    return visit.page(
        "probe_way.html",
        service=service,
        seq=seq,
        outcome=outcome,
        steps=steps,
        is_open=alert is not None and alert.is_open and alert.dedup_key.startswith(_KEY),
        waits=_waits(outcome, incident, pages),
        monitor=outcome.integration_id if outcome is not None else "",
    )


def _sent(visit: Visit) -> tuple[Service, int, EventOutcome | None]:
    """The service, the event's number, and how it ended; None while it is not decided. Raises NotFound."""
    service, seq = found_service(visit), int(visit.request.path_params["seq"])
    outcome = visit.site.reads.outcome(seq) if seq < 2**62 else None
    if outcome is None and seq <= visit.site.reads.cursor().seq:
        raise NotFound(_("There is no event with this number."))
    if outcome is not None:
        one = visit.config.integrations.get(outcome.integration_id)
        if one is None or one.service_id != service.id:
            raise NotFound(_("There is no event with this number."))
    return service, seq, outcome


def _waits(outcome: EventOutcome | None, incident: Incident | None, pages: tuple[Page, ...]) -> bool:
    """Whether something more is to come within seconds."""
    if outcome is None:
        return True
    sending = (PageState.SENDING, PageState.SENT)
    fresh = incident is not None and not pages
    return fresh or any(page.state in sending for page in pages)


def _steps(
    visit: Visit,
    service: Service,
    outcome: EventOutcome | None,
    alert: Alert | None,
    incident: Incident | None,
    pages: tuple[Page, ...],
) -> list[Step]:
    done, quiet = Look("resolved", _("Done"), "resolved"), Look("clock", _("Waits"), "quiet")
    steps = [Step(done, _("Accepted"), _("It is stored: nothing can lose it any more."))]
    if outcome is None:
        return [*steps, Step(quiet, _("Decided"), _("Not yet. This takes milliseconds, unless much came before it."))]
    steps[0] = Step(done, _("Accepted"), visit.times.clock(outcome.received_at), f"/alerts/events/{outcome.seq}")
    path = visit.config.orchestration_paths.get(path_id(service.id, PathKind.SERVICE))
    number = sum(len(one.rules) for one in path.sets) if path is not None and path.active else 0
    passed = ngettext("It passed one rule.", "It passed %(num)s rules.", number)
    rules = passed if number else _("The service has no rules of its own.")
    steps.append(Step(done, _("Rules"), rules, f"/services/{service.id}/rules?event={outcome.seq}#try"))
    look = OUTCOMES[outcome.outcome]
    steps.append(Step(look, _("Outcome"), phrase(outcome.reason)))
    if alert is not None:
        steps.append(Step(alert_look(alert), _("Alert"), alert.summary, "", phrase(alert.suppressed)))
    if incident is None:
        return [*steps, Step(Look("suppressed", _("Nobody"), "quiet"), _("Paged"), _("No incident was made of it."))]
    title = f"#{incident.number} {incident.title}"
    steps.append(Step(incident_look(incident), _("Incident"), title, f"/incidents/{incident.number}"))
    return steps + _paged(visit, pages)


def _paged(visit: Visit, pages: tuple[Page, ...]) -> list[Step]:
    if not pages:
        return [Step(Look("clock", _("Waits"), "quiet"), _("Paged"), _("Nobody so far."))]
    return [
        Step(
            Look(_STATES[page.state].glyph, _(_STATES[page.state].word), _STATES[page.state].css),
            _("Paged"),
            visit.names.person(page.user_id),
            more=_("%(channel)s, %(time)s", channel=channel_word(page.channel), time=visit.times.clock(page.due_at)),
        )
        for page in pages
    ]


_STATES: Final = {
    PageState.PLANNED: Look("clock", later("Planned"), "quiet"),
    PageState.BUNDLED: Look("clock", later("Bundled"), "quiet"),
    PageState.SENDING: Look("clock", later("Sending"), "quiet"),
    PageState.SENT: Look("resolved", later("Sent"), "resolved"),
    PageState.DELIVERED: Look("resolved", later("Delivered"), "resolved"),
    PageState.FAILED: Look("triggered", later("Failed"), "triggered still"),
    PageState.CANCELLED: Look("suppressed", later("Cancelled"), "quiet"),
}

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/services/{id}/monitors/{monitor}/test", probe_page),
    ("/services/{id}/monitors/{monitor}/test", send, "POST"),
    ("/services/{id}/tests/{seq:number}", way_page),
    ("/services/{id}/tests/{seq:number}", end, "POST"),
)
"""Path, page, and the method where it is not GET. They come before other actions on a monitor."""
