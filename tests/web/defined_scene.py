"""A scene for the pages about what people define: rules of every kind, windows, webhooks, with what came of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.web import reaching_scene, settings_scene
from tests.web.place import Place, priorities, small
from tocsin.alerts.windows import MaintenanceWindow
from tocsin.deliveries.messages import RecordDelivery, SendPing
from tocsin.deliveries.model import DeliveryResult
from tocsin.directory.business import BusinessService, Dependency
from tocsin.directory.kept import Kept
from tocsin.directory.model import Service, Team
from tocsin.directory.subscriptions import FilterKind, Header, WebhookSubscription
from tocsin.engine.config import Config
from tocsin.events.model import Action, Event, Severity
from tocsin.events.orchestration import (
    START,
    Actions,
    Call,
    DynamicRoute,
    Extraction,
    Orchestration,
    OrchestrationPath,
    OrchestrationRule,
    PathKind,
    RuleSet,
    Variable,
)
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import HOUR, MINUTE, SECOND
from tocsin.kernel.values import replace
from tocsin.web.site import ProbeEvent
from tocsin.workflows.messages import StartWorkflow

PAGES = {
    "orchestrations": "/orchestrations",
    "orchestration": "/orchestrations/{orchestration}",
    "rule": "/rules/{orchestration}/global?set=start&rule=staging",
    "rule-new": "/rules/{orchestration}/global?set=start",
    "rule-router": "/rules/{orchestration}/router?set=start&rule=pay",
    "rule-full": "/rules/{orchestration}/global?set=databases&rule=full",
    "rule-dynamic": "/rules/{orchestration}/router?set=start&rule=dyn",
    "try": "/orchestrations/{orchestration}?event={event}",
    "event": "/alerts/events/{event}",
    "service": "/services/{service}",
    "service-bare": "/services/{bare}",
    "service-odd": "/services/{odd}",
    "service-month": "/services/{service}?span=30d",
    "service-edit": "/services/{service}/edit",
    "service-edit-odd": "/services/{odd}/edit",
    "service-new": "/services/new",
    "entrance": "/services/{service}/monitors/{monitor}",
    "probe": "/services/{service}/monitors/{monitor}/test",
    "probe-way": "/services/{service}/tests/{tested}",
    "services-none": "/services?q=nothing&state=open",
    "service-rules": "/services/{service}/rules",
    "service-rules-bare": "/services/{bare}/rules",
    "services": "/services",
    "now": "/",
    "windows": "/maintenance-windows",
    "window": "/maintenance-windows?change={window}",
    "hooks": "/webhooks",
    "hook": "/webhooks/{hook}",
    "hook-off": "/webhooks/{hook_off}",
    "delivery": "/webhooks/{hook}/deliveries/{delivery}",
    "audit": "/audit",
    "audit-thing": "/audit?thing={orchestration}",
    "business": "/business-services",
    "business-change": "/business-services?change={business}",
    "priorities": "/priorities",
    "workflows": "/workflows",
    "workflow": "/workflows?change={flow}",
    "incident-run": "/incidents/{ran}",
    "me": "/me",
    **settings_scene.PAGES,
    **reaching_scene.PAGES,
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
    _known(place)
    _windows(place)
    _hooks(place)
    _changes(place, one)
    place.desk.advance(2 * MINUTE)
    _workflows(place)
    _tested(place)
    settings_scene.settle(place)
    reaching_scene.add(place)
    return place


def _tested(place: Place) -> None:
    """Deploys that were told of, and a test that somebody sent."""
    key = place.services["PaymentsService"][1].key
    for summary in ("Deployed payments 4.18.1", f"Rolled back {LONG} {ODD}"):
        place.send(key, ProbeEvent(summary, "ci", "change", ""))
        place.desk.advance(20 * MINUTE)
    place.send(key, ProbeEvent("A test from Tocsin: nothing is wrong", "tocsin", "critical", "tocsin-test-1"))
    place.desk.advance(SECOND)


LONG = "Settlement reconciliation and chargeback gateway of Europe"
ODD = "مراقبة الدفع 🧾 خدمة المدفوعات الرئيسية"
KEPT = {
    "alert_grouping_parameters": {"type": "intelligent", "config": {"time_window": 300}},
    "response_play": {"id": "PLAY", "type": "response_play_reference"},
}


def _known(place: Place) -> None:
    """What is known of services and teams: everything of one, nothing of another, odd texts of a third."""
    first = place.services["PaymentsService"][0]
    owner: Team = place.desk.save(
        Team(id="", name=LONG, description="They run what everybody else runs on.", chat_group="@" + LONG.lower())
    )
    place.desk.save(Team(id="", name=ODD, lead_id=place.people["bob"].id, chat_group="@فريق"))
    place.desk.save(replace(place.team, lead_id=place.people["alice"].id, chat_group="@payments"),
                    "lead_id", "chat_group")  # fmt: skip
    url = "https://runbooks.internal.a-very-long-name-of-a-department.example.com/payments/settlement?page=17#restart"
    known = replace(
        first, description="Takes the money.\nRunbook: https://wiki.example.com/payments", dashboard_url=url,
        repository_url="https://git.example.com/payments", owner_team_id=owner.id, component=LONG,
        acknowledgement_timeout=1800, auto_resolve_timeout=14_400, pause_seconds=120,
        wire=json.dumps(KEPT),
    )  # fmt: skip
    place.desk.save(known, "description", "dashboard_url", "repository_url", "owner_team_id", "component",
                    "acknowledgement_timeout", "auto_resolve_timeout", "pause_seconds",
                    "wire")  # fmt: skip
    place.desk.save(Service(id="", name="Bare", policy_id=place.policy.id))
    odd = place.service(ODD, place.policy, component=ODD, description=f"{ODD}\n{ODD}", runbook_url=url)[0]
    place.desk.save(Dependency(id="", dependent_id=first.id, supporting_id=odd.id))
    place.alarm(ODD, "odd", f"{ODD} {LONG}")
    del place.services[ODD]


def _full() -> OrchestrationRule:
    """A rule with everything, and texts of every length."""
    return OrchestrationRule(
        id="full", label=f"{LONG} {ODD}", conditions=("event.group matches 'core'", "event.class exists"),
        actions=Actions(
            suspend_seconds=90, severity="error", note=f"{ODD}: see {{{{event.source}}}}",
            variables=(
                Variable(name="machine", path="event.source", regex="^([a-z]+)-"),
                Variable(name="a_very_long_name_of_a_variable_that_somebody_made_once",
                         path="event.custom_details['labels']['kubernetes.io/name']", regex="(" + "abc|" * 30 + "x)"),
            ),
            extractions=(
                Extraction(target="event.summary", template="{{variables.machine}}: {{event.summary}} " + LONG),
                Extraction(target="event.custom_details.zone", source="event.source", regex="(eu|us)-[0-9]+"),
            ),
            calls=(Call(name=LONG, url="https://example.com/hooks/" + "a" * 60, auto_send=True,
                        headers=(("X-Team", "payments"),)),),
            field_updates=(),
            wire='{"pagerduty_automation_actions":[{"action_id":"x"}]}',
        ),
    )  # fmt: skip


def _windows(place: Place) -> None:
    ids = [service.id for service, _ in place.services.values()]
    now = place.desk.clock.now()
    for start, end, services, text in (
        (now, now + MINUTE, ids[:1], "Restart of the card processor’s gateway"),
        (now, now + 2 * HOUR, ids[1:], "New disks for the checkout"),
        (now + 26 * HOUR, now + 30 * HOUR, ids, "Move of the whole rack to the new data centre, floor by floor"),
    ):
        window = MaintenanceWindow(id="", start=start, end=end, service_ids=tuple(services), description=text)
        place.desk.save(window, actor=place.as_("carol"))
    place.alarm("CheckoutWeb", "held", "Checkout is slow")
    place.desk.advance(5 * MINUTE)


def _hooks(place: Place) -> None:
    events = ("incident.triggered", "incident.acknowledged", "incident.resolved")
    until = place.desk.clock.now() + 20 * HOUR
    one = place.desk.save(
        WebhookSubscription(id="", url="https://hooks.example.com/tocsin/in?token=abc", events=events,
                            description="Our status board", headers=(Header(name="X-Team", value="a"),))
    )  # fmt: skip
    off = WebhookSubscription(
        id="", url="https://very-long-name-of-a-host.internal.example.org/a", events=events, disabled_until=until,
        filter_kind=FilterKind.TEAM, filter_id=place.team.id,
    )  # fmt: skip
    place.desk.save(off)
    for number, (result, status, detail) in enumerate((
        (DeliveryResult.DELIVERED, 200, ""),
        (DeliveryResult.DROPPED, 410, "410 Gone: this hook was removed by its owner"),
        (DeliveryResult.RETRY, 503, "503 Service Unavailable"),
    )):  # fmt: skip
        place.alarm("PaymentsService", f"hook-{number}", f"Payment queue {number} grows and nobody takes from it")
        delivery = place.desk.reads.deliveries(one.id).items[0]
        report = RecordDelivery(delivery_id=delivery.id, attempt=1, result=result, status=status, detail=detail)
        place.desk.run(SYSTEM, report)
    place.desk.run(place.as_("erin"), SendPing(subscription_id=one.id))


def _changes(place: Place, one: Orchestration) -> None:
    shop: BusinessService = place.desk.save(
        BusinessService(
            id="", name="Checkout", description="Customers buy and pay.", point_of_contact="Dora, ext. 4711"
        ),
        actor=place.as_("erin"),
    )
    place.desk.save(BusinessService(id="", name="Partner reporting and settlement statements", team_id=place.team.id))
    for service, _ in place.services.values():
        place.desk.save(
            Dependency(id="", dependent_id=shop.id, supporting_id=service.id, dependent_is_business=True),
            actor=place.as_("erin"),
        )
    service = place.services["CheckoutWeb"][0]
    place.desk.save(
        replace(service, name="Checkout web", description="The shop’s front", acknowledgement_timeout=1800),
        "name", "description", "acknowledgement_timeout", actor=place.as_("carol"),
    )  # fmt: skip
    path = place.desk.config().orchestration_paths[f"{one.id}:global"]
    first, *others = path.sets
    changed = replace(first.rules[0], label="Staging never pages anybody", disabled=True)
    sets = (replace(first, rules=(changed, *first.rules[1:])), *others)
    place.desk.save(replace(path, sets=sets), "sets", actor=place.as_("carol"))


def _workflows(place: Place) -> None:
    """One that runs by itself and by hand, one that is off and has a long name; a rule that offers a webhook."""
    service, _ = place.service("Card gateway", place.policy)
    call = Call(name="Restart the gateway", url="https://run.example.com/restart")
    sent = Call(name="Collect the logs", url="https://run.example.com/logs", auto_send=True)
    _path(place, service.id, PathKind.SERVICE, _rule(id="run", calls=(call, sent)))
    steps = (
        workflow_step("Set the bridge", "add-conference-bridge", conference_url="https://meet.example.com/checkout"),
        workflow_step("Make it P1", "change-priority", priority="P1"),
        workflow_step("Ask Carol", "add-responders", responders="carol@example.com"),
        workflow_step("A room for it", "create-slack-channel", workspace="Shop"),
        workflow_step("Tell everybody", "send-status-update", message="We look into {{incident.title}}."),
    )
    major = workflow(place, "Major incident", *steps, description="Whenever customers can’t pay.")
    workflow(place, "Handover of everything that the night shift of the warehouse left open to the day shift",
             workflow_step("Write it down", "add-note", note="handed over"), is_enabled=False)  # fmt: skip
    starts(
        place, major, "conditional", condition="incident.urgency matches 'high' and incident.title matches part 'pay'"
    )
    starts(place, major, "manual", services=[service.id], is_subscribed_to_all_services=False)
    found = place.alarm("Card gateway", "ran", "Customers can’t pay: the card processor answers 503")
    assert found is not None
    place.desk.advance(SECOND)
    place.desk.run(place.as_("alice"), StartWorkflow(workflow_id=major.id, incident_id=found.id))
    place.desk.advance(SECOND)


def workflow_step(name: str, action: str, **inputs: str) -> dict[str, Any]:
    """A step, as it is kept."""
    given = [{"name": key.replace("_", " "), "value": value} for key, value in inputs.items()]
    action_id = f"pagerduty.com:incident-workflows:{action}:1"
    return {"id": name, "name": name, "action_configuration": {"action_id": action_id, "inputs": given}}


def workflow(place: Place, name: str, *steps: dict[str, Any], team_ids: tuple[str, ...] = (), **more: Any) -> Kept:
    """A workflow."""
    wire = json.dumps({"steps": steps, **more})
    made: Kept = place.desk.save(Kept(id="", resource="incident_workflow", name=name, wire=wire, team_ids=team_ids))
    return made


def starts(place: Place, flow: Kept, kind: str, **more: Any) -> None:
    """What starts it, everywhere unless told otherwise."""
    wire = {"trigger_type": kind, "workflow": flow.id, "is_subscribed_to_all_services": True, **more}
    place.desk.save(Kept(id="", resource="workflow_trigger", parent_id=flow.id, wire=json.dumps(wire)))


def places(place: Place) -> dict[str, str]:
    """Ids for the addresses."""
    config = place.desk.config()
    hooks = [one.id for one in sorted(config.webhook_subscriptions.values(), key=lambda one: one.url)]
    return {
        "orchestration": next((one.id for one in config.orchestrations.values() if one.name == "Everything"), ""),
        "service": _service(config, "PaymentsService"),
        "bare": _service(config, "Bare"),
        "odd": _service(config, ODD),
        "team": next((one.id for one in config.teams.values() if one.name == "Payments"), ""),
        "event": "1",
        "window": next((one.id for one in config.maintenance_windows.values() if one.runs(place.desk.clock.now())), ""),
        "hook": hooks[0] if hooks else "",
        "hook_off": hooks[-1] if hooks else "",
        "delivery": next((one.id for one in place.desk.reads.deliveries(hooks[0]).items), "") if hooks else "",
        "business": next((one.id for one in config.business_services.values()), ""),
        "monitor": _monitor(place),
        "flow": min(config.workflows.triggers_of, default=""),
        "tested": str(said.seq)
        if (said := place.desk.reads.last_heard([_monitor(place)]).get(_monitor(place)))
        else "",
        **settings_scene.places(place),
        "ran": next((str(one.number) for one in place.desk.reads.incidents().items if "503" in one.title), ""),
        **reaching_scene.places(place),
    }


def _monitor(place: Place) -> str:
    return place.services["PaymentsService"][1].id if "PaymentsService" in place.services else ""


def _service(config: Config, name: str) -> str:
    return config.service_by_name.get(name.casefold(), "")


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
                _full(),
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
