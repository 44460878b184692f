"""The addresses of pages about what people define: rules, windows, webhooks, the history of all of it."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web import entrances, probe, service, service_edit, services, workflow_edit
from tocsin.web.audit import audit_page, export_audit
from tocsin.web.business import act_on_business, business_page, save_business
from tocsin.web.hooks import act_on_hook, add_hook, delivery_page, hook_page, hooks_page
from tocsin.web.people_routes import ROUTES as PEOPLE
from tocsin.web.priorities import act_on_priority, priorities_page, save_priority
from tocsin.web.reaching import ROUTES as REACHING
from tocsin.web.rules.edit import change_rule, rule_page
from tocsin.web.rules.pages import (
    act_on_orchestration,
    add_orchestration,
    orchestration_page,
    orchestrations_page,
    service_rules_page,
)
from tocsin.web.rules.trial import try_at_service, try_event
from tocsin.web.schedules.routes import ROUTES as SCHEDULES
from tocsin.web.shifts import SHIFTS
from tocsin.web.windows import end_window, save_window, windows_page

DEFINED: Final[tuple[tuple[Any, ...], ...]] = (
    ("/orchestrations", orchestrations_page),
    ("/orchestrations", add_orchestration, "POST"),
    ("/orchestrations/{id}", orchestration_page),
    ("/orchestrations/{id}/try", try_event, "POST"),
    ("/orchestrations/{id}/{action}", act_on_orchestration, "POST"),
    *services.ROUTES,
    *service_edit.ROUTES,
    *service.ROUTES,
    *probe.ROUTES,
    *entrances.ROUTES,
    ("/services/{id}/rules", service_rules_page),
    ("/services/{id}/try", try_at_service, "POST"),
    ("/rules/{parent}/{kind}", rule_page),
    ("/rules/{parent}/{kind}", change_rule, "POST"),
    ("/maintenance-windows", windows_page),
    ("/maintenance-windows", save_window, "POST"),
    ("/maintenance-windows/{id}/end", end_window, "POST"),
    ("/webhooks", hooks_page),
    ("/webhooks", add_hook, "POST"),
    ("/webhooks/{id}", hook_page),
    ("/webhooks/{id}/deliveries/{delivery}", delivery_page),
    ("/webhooks/{id}/{action}", act_on_hook, "POST"),
    *workflow_edit.ROUTES,
    ("/audit", audit_page),
    ("/audit/export", export_audit),
    ("/business-services", business_page),
    ("/business-services", save_business, "POST"),
    ("/business-services/{id}/{action}", act_on_business, "POST"),
    *PEOPLE,
    ("/priorities", priorities_page),
    ("/priorities", save_priority, "POST"),
    ("/priorities/{id}/{action}", act_on_priority, "POST"),
    *REACHING,
    *SHIFTS,
    *SCHEDULES,
)
"""Path, page, and the method where it is not GET."""
