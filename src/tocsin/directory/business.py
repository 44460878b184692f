"""Business services, what depends on what, tags, subscribers: how people see and sort the things that can break.

Decides nothing; that ids exist is checked when a thing is saved.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class BusinessService:
    """What the business offers ("Checkout"), as opposed to the technical services that carry it."""

    id: str
    name: str
    description: str | None = None
    point_of_contact: str | None = None
    team_id: str | None = None
    created_at: Moment = 0
    updated_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependency:
    """`dependent` needs `supporting`. Each end is a service or a business service."""

    id: str
    dependent_id: str
    supporting_id: str
    dependent_is_business: bool = False
    supporting_is_business: bool = False
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A word that people sort things by."""

    id: str
    name: str
    created_at: Moment = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tagging:
    """A tag on a user, team or escalation policy."""

    tag_id: str
    entity_kind: str
    entity_id: str
    created_at: Moment = 0

    @property
    def id(self) -> str:
        """`tag:kind:entity`: a tag is on a thing at most once."""
        return f"{self.tag_id}:{self.entity_kind}:{self.entity_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """A person or team who wants news of a business service or an incident."""

    subscriber_id: str
    subscribed_id: str
    is_team: bool = False
    of_incident: bool = False
    created_at: Moment = 0

    @property
    def id(self) -> str:
        """`subscriber:subscribed`: nobody subscribes twice."""
        return f"{self.subscriber_id}:{self.subscribed_id}"
