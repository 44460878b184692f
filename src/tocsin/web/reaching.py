"""The addresses of pages about whether and how people are reached: policies, simulations, readiness, the first day."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web.day_one import accept_address, hide_day_one, send_test
from tocsin.web.policies.edit import edit_policy, edit_policy_page, new_policy, new_policy_page
from tocsin.web.policies.pages import delete_policy, policies_page, policy_page
from tocsin.web.readiness import readiness_page
from tocsin.web.simulate import simulate_policy, simulate_service

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/policies", policies_page),
    ("/policies/new", new_policy_page),
    ("/policies/new", new_policy, "POST"),
    ("/policies/{id}", policy_page),
    ("/policies/{id}/edit", edit_policy_page),
    ("/policies/{id}/edit", edit_policy, "POST"),
    ("/policies/{id}/delete", delete_policy, "POST"),
    ("/policies/{id}/simulate", simulate_policy),
    ("/services/{id}/simulate", simulate_service),
    ("/readiness", readiness_page),
    ("/day-one/test", send_test, "POST"),
    ("/day-one/hide", hide_day_one, "POST"),
    ("/address/accept", accept_address, "POST"),
)
"""Path, page, and the method where it is not GET."""
