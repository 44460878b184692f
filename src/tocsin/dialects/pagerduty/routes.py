"""Every path of this dialect and who serves it. Longer paths stand before those that would swallow them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call
from tocsin.dialects.pagerduty.resources import (
    account,
    alerts,
    incidents,
    log_entries,
    oncalls,
    orchestrations,
    policies,
    schedules,
    services,
    teams,
    users,
)

Handler: TypeAlias = Callable[[Call], Response]

ROUTES: tuple[tuple[str, dict[str, Handler]], ...] = (
    ("/abilities", {"GET": account.abilities}),
    ("/abilities/{id}", {"GET": account.ability}),
    ("/licenses", {"GET": users.licenses}),
    ("/license_allocations", {"GET": users.license_allocations}),
    ("/users", {"GET": users.listed, "POST": users.created}),
    ("/users/me", {"GET": users.myself}),
    ("/users/{id}", {"GET": users.shown, "PUT": users.changed, "DELETE": users.removed}),
    ("/users/{id}/license", {"GET": users.license_shown}),
    ("/users/{id}/contact_methods", {"GET": users.contacts_listed, "POST": users.contact_created}),
    (
        "/users/{id}/contact_methods/{contact_method_id}",
        {"GET": users.contact_shown, "PUT": users.contact_changed, "DELETE": users.contact_removed},
    ),
    ("/users/{id}/notification_rules", {"GET": users.rules_listed, "POST": users.rule_created}),
    (
        "/users/{id}/notification_rules/{notification_rule_id}",
        {"GET": users.rule_shown, "PUT": users.rule_changed, "DELETE": users.rule_removed},
    ),
    ("/teams", {"GET": teams.listed, "POST": teams.created}),
    ("/teams/{id}", {"GET": teams.shown, "PUT": teams.changed, "DELETE": teams.removed}),
    ("/teams/{id}/members", {"GET": teams.members}),
    ("/teams/{id}/users/{user_id}", {"PUT": teams.member_set, "DELETE": teams.member_removed}),
    (
        "/teams/{id}/escalation_policies/{policy_id}",
        {"PUT": teams.policy_added, "DELETE": teams.policy_removed},
    ),
    ("/schedules", {"GET": schedules.listed, "POST": schedules.created}),
    ("/schedules/preview", {"POST": schedules.previewed}),
    ("/schedules/{id}", {"GET": schedules.shown, "PUT": schedules.changed, "DELETE": schedules.removed}),
    ("/schedules/{id}/users", {"GET": schedules.users}),
    ("/schedules/{id}/overrides", {"GET": schedules.overrides_listed, "POST": schedules.overrides_created}),
    ("/schedules/{id}/overrides/{override_id}", {"DELETE": schedules.override_removed}),
    ("/oncalls", {"GET": oncalls.listed}),
    ("/escalation_policies", {"GET": policies.listed, "POST": policies.created}),
    ("/escalation_policies/{id}", {"GET": policies.shown, "PUT": policies.changed, "DELETE": policies.removed}),
    ("/services", {"GET": services.listed, "POST": services.created}),
    ("/services/{id}", {"GET": services.shown, "PUT": services.changed, "DELETE": services.removed}),
    ("/services/{id}/integrations", {"POST": services.integration_created}),
    (
        "/services/{id}/integrations/{integration_id}",
        {
            "GET": services.integration_shown,
            "PUT": services.integration_changed,
            "DELETE": services.integration_removed,
        },
    ),
    ("/vendors", {"GET": services.vendors}),
    ("/vendors/{id}", {"GET": services.vendor_shown}),
    ("/priorities", {"GET": services.priorities}),
    ("/incidents", {"GET": incidents.listed, "POST": incidents.created, "PUT": incidents.several_changed}),
    ("/incidents/{id}", {"GET": incidents.shown, "PUT": incidents.changed}),
    ("/incidents/{id}/notes", {"GET": incidents.notes, "POST": incidents.note_added}),
    ("/incidents/{id}/snooze", {"POST": incidents.snoozed}),
    ("/incidents/{id}/merge", {"PUT": incidents.merged}),
    ("/incidents/{id}/alerts", {"GET": alerts.listed, "PUT": alerts.several_changed}),
    ("/incidents/{id}/alerts/{alert_id}", {"GET": alerts.shown, "PUT": alerts.changed}),
    ("/incidents/{id}/log_entries", {"GET": log_entries.of_incident}),
    ("/log_entries", {"GET": log_entries.listed}),
    ("/log_entries/{id}", {"GET": log_entries.shown}),
    ("/notifications", {"GET": log_entries.notifications}),
    *orchestrations.ROUTES,
)
"""Path -> method -> handler."""
