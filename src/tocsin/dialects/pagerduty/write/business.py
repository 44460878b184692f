"""Business services, dependencies, tags, subscribers as PagerDuty's clients expect them."""

from __future__ import annotations

from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.business import BusinessService, Dependency, Subscriber, Tag
from tocsin.engine.impact import Listener

ACCOUNT = "TOCSIN"
"""The id of the account: an installation is one."""


def business_service(one: BusinessService, refs: Refs) -> Wire:
    """A business service; `team` is null without one, never an empty object."""
    return {
        **refs.links.keys("business_service", one.id, one.name, f"business_services/{one.id}"),
        "name": one.name,
        "description": one.description,
        "point_of_contact": one.point_of_contact,
        "team": refs.team(one.team_id) if one.team_id is not None else None,
    }


def dependency(one: Dependency) -> Wire:
    """What needs what. Types without `_reference`: clients compare them as they are."""
    return {
        "id": one.id,
        "type": "service_dependency",
        "supporting_service": _end(one.supporting_id, is_business=one.supporting_is_business),
        "dependent_service": _end(one.dependent_id, is_business=one.dependent_is_business),
    }


def tag(one: Tag, refs: Refs) -> Wire:
    """A tag."""
    return {**refs.links.keys("tag", one.id, one.name, f"tags/{one.id}"), "label": one.name}


def subscriber(one: Subscriber) -> Wire:
    """Who is to hear of something."""
    return {"subscriber_id": one.subscriber_id, "subscriber_type": "team" if one.is_team else "user"}


def listener(one: Listener) -> Wire:
    """Who is to hear of an incident, and through which business services."""
    return {
        "subscriber_id": one.subscriber_id,
        "subscriber_type": "team" if one.is_team else "user",
        "has_indirect_subscription": bool(one.via),
        "subscribed_via": [{"id": business_id, "type": "business_service"} for business_id in one.via],
    }


def subscription(one: Subscriber) -> Wire:
    """Who is to hear of what."""
    return {
        **subscriber(one),
        "subscribable_id": one.subscribed_id,
        "subscribable_type": "incident" if one.of_incident else "business_service",
        "account_id": ACCOUNT,
    }


def _end(service_id: str, *, is_business: bool) -> Wire:
    return {"id": service_id, "type": "business_service" if is_business else "service"}
