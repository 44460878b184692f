"""References and addresses: `{id, type, summary, self, html_url}`, the same five keys for every object.

Decides the addresses that an answer shows: under the base that the client used, so that it can follow them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.time import Moment, iso, to_datetime

Wire = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Links:
    """`api`: where this API is mounted; `site`: where people find the pages. Neither ends with a slash."""

    api: str
    site: str

    def keys(self, type: str, id: str, summary: str, path: str, page: str = "") -> Wire:
        """The five keys that every object begins with. `path` is the API's, `page` the site's ("" = the same)."""
        return {
            "id": id,
            "type": type,
            "summary": summary,
            "self": f"{self.api}/{path}",
            "html_url": f"{self.site}/{page or path}",
        }


@dataclass(frozen=True, slots=True)
class Refs:
    """References by id, with the names of the configuration; what was removed keeps its id and loses its name.

    `may_see_keys`: whether the caller may see the integration keys of a service. Whoever has one can act on its alerts.
    """

    config: Config
    links: Links
    may_see_keys: Callable[[str], bool] = lambda _service_id: False

    def user(self, user_id: str) -> Wire:
        """A person."""
        user = self.config.users.get(user_id)
        return self._of("user", user_id, user.name if user else None, f"users/{user_id}")

    def team(self, team_id: str) -> Wire:
        """A team."""
        team = self.config.teams.get(team_id)
        return self._of("team", team_id, team.name if team else None, f"teams/{team_id}")

    def service(self, service_id: str) -> Wire:
        """A service."""
        service = self.config.services.get(service_id)
        return self._of("service", service_id, service.name if service else None, f"services/{service_id}")

    def policy(self, policy_id: str) -> Wire:
        """An escalation policy."""
        policy = self.config.policies.get(policy_id)
        path = f"escalation_policies/{policy_id}"
        return self._of("escalation_policy", policy_id, policy.name if policy else None, path)

    def schedule(self, schedule_id: str) -> Wire:
        """A schedule; what a shift-based one is referred to by tells clients where to ask for it."""
        schedule = self.config.schedules.get(schedule_id)
        path = f"schedules/{schedule_id}"
        if schedule is not None and schedule.shift_based:
            return self.links.keys("schedule_v3_reference", schedule_id, schedule.name, f"v3/{path}", path)
        return self._of("schedule", schedule_id, schedule.name if schedule else None, path)

    def priority(self, priority_id: str) -> Wire:
        """A priority."""
        priority = self.config.priorities.get(priority_id)
        return self._of("priority", priority_id, priority.name if priority else None, f"priorities/{priority_id}")

    def integration(self, integration_id: str, service_id: str = "") -> Wire:
        """An integration. `service_id` is needed only for one that was removed."""
        integration = self.config.integrations.get(integration_id)
        kind = integration.wire_type if integration else "inbound_integration"
        owner = integration.service_id if integration else service_id
        path = f"services/{owner}/integrations/{integration_id}"
        return self._of(kind, integration_id, integration.name if integration else None, path)

    def business_service(self, service_id: str) -> Wire:
        """A business service."""
        service = self.config.business_services.get(service_id)
        path = f"business_services/{service_id}"
        return self._of("business_service", service_id, service.name if service else None, path)

    def incident(self, incident_id: str, number: int | None = None, title: str = "") -> Wire:
        """An incident."""
        summary = f"[#{number}] {title}" if number is not None else None
        reference = self._of("incident", incident_id, summary, f"incidents/{incident_id}")
        if number is not None:
            reference["html_url"] = f"{self.links.site}/incidents/{number}"
        return reference

    def agent(self, actor: Actor, service_id: str) -> Wire:
        """Who acted: a person, an integration, a key; for Tocsin itself the service."""
        if actor.kind is ActorKind.USER:
            return self.user(actor.id)
        if actor.kind is ActorKind.INTEGRATION and actor.id in self.config.integrations:
            return {**self.integration(actor.id), "type": "integration_reference"}
        if actor.kind is ActorKind.KEY:
            return self.key(actor.id, "integration_reference")
        return self.service(service_id)

    def key(self, key_id: str, type: str) -> Wire:
        """An account's API key, where a person would stand; it has no page."""
        key = self.config.api_keys.get(key_id)
        return {"id": key_id, "type": type, "summary": key.name if key else None, "self": None, "html_url": None}

    def _of(self, kind: str, id: str, summary: str | None, path: str) -> Wire:
        return {**self.links.keys(f"{kind}_reference", id, "", path), "summary": summary}


def instant(moment: Moment | None) -> str | None:
    """A moment in UTC, whole seconds."""
    return None if moment is None else iso(moment)


def zoned(moment: Moment | None, zone: ZoneInfo | None) -> str | None:
    """A moment with the offset of a zone (None = UTC), whole seconds."""
    if moment is None:
        return None
    return iso(moment) if zone is None else _in_zone(moment, zone)


@lru_cache(maxsize=8192)  # a schedule's rows share their edges, and the same weeks are asked for again and again
def _in_zone(moment: Moment, zone: ZoneInfo) -> str:
    text = to_datetime(moment).astimezone(zone).isoformat(timespec="seconds")
    return text.replace("+00:00", "Z")
