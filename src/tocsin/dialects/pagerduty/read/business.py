"""Business services, dependencies, tags, subscribers: from fields of a body to changes of the things.

Decides how the two sorts of services, and the things that tags stand on, are called here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.fields import Fields, bare_type
from tocsin.directory.business import Dependency, Subscriber
from tocsin.kernel.limits import DESCRIPTION_CHARS

SERVICE_TYPES: Mapping[str, bool] = {"service": False, "technical_service": False, "business_service": True}
"""Whether it is a business service, by type."""

TAGGED: Mapping[str, str] = {"users": "user", "teams": "team", "escalation_policies": "policy"}
"""Kinds of things that can have tags, by the first part of their path."""

AT_ONCE = 100


def business_service_changes(fields: Fields) -> dict[str, Any]:
    """What a body says about a business service. Clients say "no team" by an object without an id."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name") or ""
    for name in ("description", "point_of_contact"):
        if fields.given(name):
            changes[name] = fields.text(name, DESCRIPTION_CHARS)
    if fields.given("team"):
        team = fields.object("team")
        changes["team_id"] = team.id(of="team") if team is not None and team.values.get("id") is not None else None
    fields.check()
    return changes


def dependencies(body: Mapping[str, Any]) -> list[Dependency]:
    """The relationships of a body. Raises ApiError with every problem."""
    fields = Fields(body)
    wanted = fields.objects("relationships", "Relationship {}")
    if not 0 < len(wanted) <= AT_ONCE:
        fields.wrong(f"Relationships must be an array of 1 to {AT_ONCE} objects")
    found = [_dependency(one) for one in wanted]
    fields.check()
    return found


def _dependency(fields: Fields) -> Dependency:
    fields.required("supporting_service", "dependent_service")
    ids, business = ["", ""], [False, False]
    for place, name in enumerate(("supporting", "dependent")):
        end = fields.object(f"{name}_service")
        if end is None:
            continue
        ids[place] = end.id(of=f"{name}_service") or ""
        kind = bare_type(end.text("type")) or "service"
        if kind not in SERVICE_TYPES:
            end.wrong(f"Type must be one of {', '.join(SERVICE_TYPES)}")
        business[place] = SERVICE_TYPES.get(kind, False)
    return Dependency(
        id="",
        supporting_id=ids[0],
        dependent_id=ids[1],
        supporting_is_business=business[0],
        dependent_is_business=business[1],
    )


def tag_label(fields: Fields) -> str:
    """The label of a new tag."""
    fields.required("label")
    label = fields.text("label") or ""
    fields.check()
    return label


def tag_changes(body: Mapping[str, Any]) -> tuple[list[str], list[str], list[str]]:
    """Ids of tags to put on a thing, labels of those to be made for it first, ids of those to take off it."""
    fields = Fields(body)
    ids, labels = [], []
    for one in fields.objects("add", "Add {}"):
        if one.values.get("id") is not None:
            ids.append(one.id() or "")
        else:
            labels.append(one.text("label") or "")
            one.required("label")
    removed = [one.id() or "" for one in fields.objects("remove", "Remove {}")]
    if max(len(ids) + len(labels), len(removed)) > AT_ONCE:
        fields.wrong(f"No more than {AT_ONCE} tags can be added or removed at once")
    fields.check()
    return ids, labels, removed


def subscribers(body: Mapping[str, Any], subscribed_id: str, *, of_incident: bool = False) -> list[Subscriber]:
    """Who is to hear of a business service, or of an incident. Raises ApiError with every problem."""
    return [
        Subscriber(subscriber_id=one, is_team=kind == "team", subscribed_id=subscribed_id, of_incident=of_incident)
        for one, kind in _pairs(body, "subscribers", "subscriber", ("user", "team"))
    ]


def subscribables(body: Mapping[str, Any], subscriber_id: str, *, is_team: bool) -> list[Subscriber]:
    """What a person or team is to hear of. Raises ApiError with every problem."""
    return [
        Subscriber(subscriber_id=subscriber_id, is_team=is_team, subscribed_id=one, of_incident=kind == "incident")
        for one, kind in _pairs(body, "subscribables", "subscribable", ("incident", "business_service"))
    ]


def _pairs(body: Mapping[str, Any], name: str, prefix: str, kinds: tuple[str, ...]) -> list[tuple[str, str]]:
    fields = Fields(body)
    found = []
    for one in fields.objects(name):
        one.required(f"{prefix}_id", f"{prefix}_type")
        found.append((one.text(f"{prefix}_id") or "", one.choice(f"{prefix}_type", kinds) or ""))
    if not 0 < len(found) <= AT_ONCE:
        fields.wrong(f"{name.capitalize()} must be an array of 1 to {AT_ONCE} objects")
    if fields.problems:
        raise invalid(dict.fromkeys(fields.problems))
    return list(dict.fromkeys(found))
