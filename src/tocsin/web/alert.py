"""One alert: what its monitor says, every event of it, and taking it out of its incident into another or its own.

Decides which actions are offered. Whether an alert may be moved the engine says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from starlette.responses import Response

from tocsin.alerts.messages import ResolveAlert
from tocsin.alerts.model import Alert
from tocsin.directory.permissions import Verb
from tocsin.incidents.messages import MoveAlert, SplitAlert, TriggerAlert
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import Invalid, NotFound, TocsinError
from tocsin.runtime.reads import IncidentFilter, OutcomeFilter
from tocsin.web.event_lines import lines_of_events
from tocsin.web.incident import card_of, visible
from tocsin.web.incident_filter import OPEN
from tocsin.web.language import gettext as _
from tocsin.web.rows import may_respond
from tocsin.web.visit import Visit, status_of

EVENTS_SHOWN: Final = 50
_LOOKED_THROUGH: Final = 20_000
"""Events before its last one among which its others are looked for."""

OFFERED: Final = 20
"""Open incidents of its service that are offered to move it to."""


def alert_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """`/alerts/{id}`."""
    alert, incident = _found(visit)
    wanted = OutcomeFilter(alert_id=alert.id, before_seq=alert.last_seq + 1, within=_LOOKED_THROUGH)
    listing, looked_to = visit.site.reads.outcomes_near(wanted, limit=EVENTS_SHOWN)
    if looked_to and looked_to <= alert.first_seq:
        looked_to = 0
    near = IncidentFilter(statuses=OPEN, service_ids=(alert.service_id,), sight=visit.sight)
    others = visit.site.reads.incidents(near, limit=OFFERED).items if incident is not None else ()
    return visit.page(
        "alert.html",
        code,
        alert=alert,
        card=card_of(visit, alert),
        service=visit.names.service(alert.service_id),
        incident=incident,
        lines=lines_of_events(visit, listing.items),
        more=listing.more or bool(looked_to),
        may_act=_may_act(visit, alert, incident),
        others=[one for one in others if incident is None or one.id != incident.id],
        typed=visit.text("into", 40),
        error=error,
    )


def act_on_alert(visit: Visit) -> Response:
    """POST `/alerts/{id}/{action}`."""
    alert, incident = _found(visit)
    make = _DO.get(visit.request.path_params["action"])
    if make is None:
        raise NotFound(_("There is no such action."))
    command, word = make(visit, alert, incident)
    try:
        value = visit.run(command)
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return alert_page(visit, error=error, code=status_of(error))
    if isinstance(command, SplitAlert):
        made = visit.site.reads.incident(str(value))
        return visit.go(f"/incidents/{made.number}" if made is not None else f"/alerts/{alert.id}", word)
    if isinstance(command, MoveAlert) and incident is not None:
        word = f"{word}.{alert.id}.{incident.number}"
    return visit.go(f"/alerts/{alert.id}", word)


def _found(visit: Visit) -> tuple[Alert, Incident | None]:
    """The alert that the address names, and its incident. Raises NotFound also for one that is not theirs to see."""
    alert = visit.site.reads.alert(visit.request.path_params["id"][:40])
    if alert is None:
        raise NotFound(_("There is no such alert."))
    incident = visit.site.reads.incident(alert.incident_id) if alert.incident_id else None
    teams = visit.config.team_ids_of_service(alert.service_id)
    if not (visible(visit, incident) if incident is not None else visit.may(Verb.READ, teams)):
        raise NotFound(_("There is no such alert."))
    return alert, incident


def _may_act(visit: Visit, alert: Alert, incident: Incident | None) -> bool:
    if incident is not None:
        return may_respond(visit, incident)
    return visit.may(Verb.RESPOND, visit.config.team_ids_of_service(alert.service_id))


def _move(visit: Visit, alert: Alert, _incident: Incident | None) -> tuple[Command, str]:
    reference = visit.text("into", 40).strip().removeprefix("#")
    target = visit.site.reads.incident(reference) if reference else None
    if target is None or not visible(visit, target):
        raise Invalid(_("Say into which incident, by its number."))
    return MoveAlert(alert_id=alert.id, incident_id=target.id), "alert-moved"


_Make = Callable[[Visit, Alert, Incident | None], tuple[Command, str]]
_DO: Final[Mapping[str, _Make]] = {
    "move": _move,
    "split": lambda _visit, alert, _incident: (SplitAlert(alert_id=alert.id), "alert-split"),
    "resolve": lambda _visit, alert, _incident: (ResolveAlert(alert_id=alert.id), "alert-over"),
    "trigger": lambda _visit, alert, _incident: (TriggerAlert(alert_id=alert.id), "alert-open"),
}
"""What the buttons do, and the word that the page then says."""
