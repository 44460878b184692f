"""A scene for the pages about what people define: rules of every kind, windows, webhooks, with what came of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.web.place import Place, priorities, small
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import (
    START,
    Actions,
    DynamicRoute,
    Extraction,
    Orchestration,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
)
from tocsin.kernel.time import HOUR, MINUTE

PAGES = {
    "orchestrations": "/orchestrations",
    "orchestration": "/orchestrations/{orchestration}",
    "rule": "/rules/{orchestration}/global?set=start&rule=staging",
    "rule-new": "/rules/{orchestration}/global?set=start",
    "rule-router": "/rules/{orchestration}/router?set=start&rule=pay",
    "service-rules": "/services/{service}/rules",
}
"""What there is to see in this scene."""


def defined(folder: Path) -> Place:
    """Rules that act, rules that never do, an orchestration with a long name."""
    place = small(folder)
    place.service("CheckoutWeb", place.policy)
    place.service("Payments settlement reconciliation and chargeback gateway EU", place.policy)
    one = _everything(place)
    place.desk.save(Orchestration(id="", name="Telemetry of the warehouse robots in Rotterdam and Antwerp (old)"))
    (key,) = place.desk.config().keys_of[one.id]
    for number, source in enumerate(("db-staging-2", "db-1", "db-1", "web-3", "db-staging-2", "cron-7")):
        place.desk.receive(
            Event(
                action=Action.TRIGGER, integration_id=key.id, dedup_key=f"k{number}", source=source,
                received_at=place.desk.clock.now(), summary=f"Payment latency on {source}", severity=Severity.ERROR,
            )
        )  # fmt: skip
        place.desk.advance(7 * MINUTE)
    place.desk.advance(HOUR)
    return place


def places(place: Place) -> dict[str, str]:
    """Ids for the addresses."""
    config = place.desk.config()
    return {
        "orchestration": next((one.id for one in config.orchestrations.values() if one.name == "Everything"), ""),
        "service": next((one.id for one in config.services.values()), ""),
    }


def _everything(place: Place) -> Orchestration:
    p1 = priorities(place)[0]
    one: Orchestration = place.desk.save(
        Orchestration(id="", name="Everything", team_id=place.team.id, description="All monitors in Dublin."),
        actor=place.as_("carol"),
    )
    payments, checkout, gateway = (service.id for service, _ in place.services.values())
    db = "event.summary matches part 'latency' and (event.source matches part 'db' or event.group matches 'database')"
    _path(
        place, one.id, PathKind.GLOBAL,
        _rule("event.source matches part 'staging'", id="staging", label="Nobody is paged for staging", suppress=True),
        _rule(db, id="db", label="Databases", route_to="databases", note="On {{event.source}}: see the replica first."),
        _rule("event.source matches regex '^cron-[0-9]+$' and not event.severity matches 'critical'", id="cron",
              suspend_seconds=300, severity="warning"),
        _rule("1 == 2", id="never", drop=True),
        _rule("event.custom_details.env matches 'test'", id="off", disabled=True, label="Test machines", drop=True),
        sets=(
            RuleSet(id="databases", rules=(
                _rule("trigger_count over 5 minutes > 3", id="many", label="Many at once", priority_id=p1.id),
                _rule(id="rest", extractions=(Extraction(target="event.component", template="database"),)),
                _rule("event.severity matches 'info'", id="late", suppress=True),
            )),
            RuleSet(id="old", rules=(_rule(id="lost", drop=True),)),
        ),
    )  # fmt: skip
    _path(
        place, one.id, PathKind.ROUTER,
        OrchestrationRule(id="dyn", actions=Actions(
            dynamic_route=DynamicRoute(source="event.custom_details.service", regex="(.*)"))),
        _rule("event.summary matches part 'pay'", id="pay", route_to=payments),
        _rule("event.source matches part 'web'", id="web", route_to=checkout),
        _rule("event.class matches 'settlement'", id="gate", route_to=gateway),
    )  # fmt: skip
    _path(
        place, payments, PathKind.SERVICE,
        _rule("event.severity matches 'info'", id="info", label="Information only", suppress=True),
        _rule("now in Sat,Sun 00:00:00 to 23:59:59 Europe/Dublin", id="weekend", suspend_seconds=900),
    )  # fmt: skip
    return one


def _rule(*conditions: str, id: str, label: str = "", disabled: bool = False, **actions: Any) -> OrchestrationRule:
    return OrchestrationRule(id=id, label=label, conditions=conditions, disabled=disabled, actions=Actions(**actions))


def _path(place: Place, parent: str, kind: PathKind, *rules: OrchestrationRule, sets: tuple[RuleSet, ...] = ()) -> None:
    place.desk.save(OrchestrationPath(parent_id=parent, kind=kind, sets=(RuleSet(id=START, rules=rules), *sets)))
