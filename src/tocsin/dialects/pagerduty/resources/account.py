"""/abilities: what this account can do, as clients ask at their start. Decides which names stand for what is here."""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer, nothing
from tocsin.dialects.pagerduty.errors import ApiError, not_found

ABILITIES = (
    "advanced_permissions",
    "coordinated_responding",
    "event_intelligence",
    "manage_schedules",
    "permissions_service",
    "preview_intelligent_alert_grouping",
    "read_only_users",
    "service_support_hours",
    "team_responders",
    "teams",
    "urgencies",
)
ABSENT = ("offboarding", "sso")
"""Abilities that exist but are not here (yet): 402."""


def abilities(_call: Call) -> Response:
    """GET /abilities."""
    return answer({"abilities": list(ABILITIES)})


def ability(call: Call) -> Response:
    """GET /abilities/{id}: 204, 402 or 404."""
    name = call.path["id"]
    if name in ABILITIES:
        return nothing()
    if name in ABSENT:
        raise ApiError(402, 2014, "Your account is missing an ability", [f"This account does not have {name}"])
    raise not_found()
