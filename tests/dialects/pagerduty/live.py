"""The populated house in a real server, and PagerDuty's description of it with this house's ids in its paths."""

from __future__ import annotations

from typing import Any, cast

from tests.dialects.pagerduty.api import House
from tests.dialects.pagerduty.matrix import MATRIX, address, populated
from tests.dialects.pagerduty.test_openapi import published, shape
from tocsin.engine.config import Config
from tocsin.events.model import Action, Event
from tocsin.incidents.messages import CreateIncident
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Command
from tocsin.kernel.time import DAY, iso
from tocsin.runtime.reads import IncidentFilter
from tocsin.testing.running import RunningServer

BASE_PATH = "/pagerduty"


class LiveHouse(House):
    """The house of `api.House`, built through a running server's own doors: engine socket and events API."""

    def __init__(self, server: RunningServer) -> None:
        """Build it and let people in."""
        self.server = server
        self.clock = cast("Any", server.clock)
        self.reads = server.reads
        self.build()
        self.look_around()
        self.run(
            Actor(ActorKind.USER, self.olive.id), CreateIncident(service_id=self.service.id, title="Reported by hand")
        )
        populated(self)

    def config(self) -> Config:
        """As the engine has it."""
        return self.server.config()

    def run(self, actor: Actor, command: Command, *, key: str = "") -> Any:
        """Through the engine's socket."""
        return self.server.run(command, actor)

    def save(self, thing: Any, *fields: str, actor: Actor | None = None) -> Any:
        """Through the engine's socket."""
        return self.server.save(thing, *fields)

    def receive(self, event: Event) -> int:
        """Post the event as a monitor does, until the edge knows the key."""
        payload = {"summary": event.summary or "Deployed", "source": "db1"}
        if event.action is Action.CHANGE:
            to, body = "/v2/change/enqueue", {"routing_key": self.integration.key, "payload": payload}
        else:
            to = "/v2/enqueue"
            body = {
                "routing_key": self.integration.key,
                "event_action": "trigger",
                "dedup_key": event.dedup_key,
                "payload": {**payload, "severity": "critical"},
            }
        self.server.wait_until(lambda: self.server.post(to, body)[0] == 202, "the edge takes the event")
        return 0

    def alarm(self, dedup_key: str = "disk", summary: str = "Disk is full", **more: Any) -> Incident:
        """A monitor's event, and the incident that came of it."""
        self.receive(
            Event(
                action=Action.TRIGGER,
                integration_id=self.integration.id,
                dedup_key=dedup_key,
                received_at=self.clock.now(),
                summary=summary,
                **more,
            )
        )
        wanted = IncidentFilter(incident_key=dedup_key)
        self.server.wait_until(lambda: bool(self.reads.incidents(wanted, limit=1).items), "it is an incident")
        return self.reads.incidents(wanted, limit=1).items[0]


def described(house: House, methods: frozenset[str]) -> dict[str, Any]:
    """The published description of what we serve, with the ids of this house: in its paths, for its references.

    Bodies that succeed are its examples. Headers are left out: the key stands for who asks.
    """
    whole = sharpened(published(), ids_of(house))
    newest, second, manual = house.reads.incidents(limit=3).items
    by_shape = {shape(path): path for path in whole["paths"]}
    paths: dict[str, Any] = {}
    for (method, path), access in MATRIX.items():
        documented = whole["paths"].get(by_shape.get(shape(path), ""), {})
        if method not in methods or method.lower() not in documented or (method != "GET" and path in CALLS_OUT):
            continue
        # What may be resolved is resolved soon, and every other path needs an open incident.
        own = method == "PUT" and path in ("/incidents", "/incidents/{id}")
        incident = second if method == "PUT" and "/alerts" in path else newest
        operation = documented[method.lower()]
        parameters = [*documented.get("parameters", ()), *operation.get("parameters", ())]
        operation["parameters"] = [one for one in parameters if resolved(whole, one)["in"] == "query"]
        operation["operationId"] = f"{method} {path}"
        sent = here_and_now(access.body(house, manual if own else incident), house)
        content = resolved(whole, operation.get("requestBody", {})).get("content", {})
        if sent is not None and "application/json" in content:
            schema = content["application/json"].get("schema", {})
            operation["requestBody"] = {
                "required": True,
                "content": {"application/json": {"schema": schema, "example": sent}},
            }
        to = address(path, house, incident).partition("?")[0]
        to = to.replace(incident.id, manual.id) if own else to
        paths.setdefault(to, {})[method.lower()] = operation
    return {**whole, "paths": paths}


def here_and_now(sent: Any, house: House) -> Any:
    """A body of the matrix, whose house lives in January 2026, for a server that lives now and is asked by olive."""
    if isinstance(sent, list):
        return [here_and_now(one, house) for one in sent]
    if isinstance(sent, dict):
        asked = {"requester_id": house.olive.id} if "requester_id" in sent else {}
        return {name: here_and_now(value, house) for name, value in sent.items()} | asked
    if isinstance(sent, str) and sent.startswith("2026-"):
        return iso(house.clock.now() + 365 * DAY)[:4] + sent[4:]
    return sent


def ids_of(house: House) -> dict[str, list[str]]:
    """Ids that references of a type may hold: what is there and stays there."""
    config = house.config()
    return {
        "user_reference": [house.alice.id, house.bob.id],
        "team_reference": [house.payments.id],
        "schedule_reference": [house.schedule.id],
        "escalation_policy_reference": [house.policy.id],
        "service_reference": [house.service.id],
        "priority_reference": list(config.priorities),
        "incident_reference": [one.id for one in house.reads.incidents(limit=3).items],
        "email_contact_method_reference": [house.config().contacts_of[house.alice.id][0].id],
        "extension_schema_reference": ["PJFWPEP"],
        "vendor_reference": ["PVPROM1"],
    }


def sharpened(node: Any, ids: dict[str, list[str]]) -> Any:
    """The description so that what is made after it gets past the first check.

    Without `readOnly` (references require the ids that it says nobody may send) and without examples, whose ids are of
    nobody here; references hold ids of this house, names at least a letter, arrays at
    least an element.
    """
    if isinstance(node, list):
        return [sharpened(one, ids) for one in node]
    if not isinstance(node, dict):
        return node
    dull = {"readOnly": bool, "example": object, "examples": object, "discriminator": object}
    found = {
        key: sharpened(value, ids)
        for key, value in node.items()
        if not (key in dull and SCHEMA & set(node) and isinstance(value, dull[key]))
    }
    if found.get("type") == "array" and "items" in found:
        found.setdefault("minItems", 1)
    properties = found.get("properties")
    if isinstance(properties, dict):
        if properties.get("time_zone", {}).get("type") == "string":
            properties["time_zone"]["enum"] = ["Etc/UTC", "America/Lima"]
        for name in NAMES & set(properties):
            if properties[name].get("type") == "string":
                properties[name]["minLength"] = max(1, properties[name].get("minLength", 0))
        known = [one for kind in properties.get("type", {}).get("enum", ()) for one in ids.get(kind, ())]
        if known and "id" not in properties:
            properties["id"] = {"type": "string", "enum": known}
    return found


CALLS_OUT = ("/webhook_subscriptions/oauth_clients", "/webhook_subscriptions/oauth_clients/{id}")
"""A token is asked for at whatever address they are sent: nobody's that a description makes up."""

SCHEMA = frozenset({"type", "schema", "oneOf", "anyOf", "allOf"})
"""One of these stands in a schema or beside one; in a list of fields, `example` is a field."""

NAMES = frozenset({"name", "label", "title", "display_name", "message", "content"})


def resolved(whole: Any, node: Any) -> Any:
    """What a node says, or what the node says that it points at."""
    while "$ref" in node:
        section, name = node["$ref"].rsplit("/", 2)[1:]
        node = whole["components"][section][name]
    return node
