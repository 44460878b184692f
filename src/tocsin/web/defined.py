"""The addresses of pages about what people define: rules, windows, webhooks, the history of all of it."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web.rules.edit import change_rule, rule_page
from tocsin.web.rules.pages import (
    act_on_orchestration,
    add_orchestration,
    orchestration_page,
    orchestrations_page,
    service_rules_page,
)
from tocsin.web.rules.trial import try_event

DEFINED: Final[tuple[tuple[Any, ...], ...]] = (
    ("/orchestrations", orchestrations_page),
    ("/orchestrations", add_orchestration, "POST"),
    ("/orchestrations/{id}", orchestration_page),
    ("/orchestrations/{id}/try", try_event, "POST"),
    ("/orchestrations/{id}/{action}", act_on_orchestration, "POST"),
    ("/services/{id}/rules", service_rules_page),
    ("/rules/{parent}/{kind}", rule_page),
    ("/rules/{parent}/{kind}", change_rule, "POST"),
)
"""Path, page, and the method where it is not GET."""
