"""Addresses that programs hand to people: PagerDuty's for a thing, which lead to the page where ours is.

Decides nothing; whether somebody may see the thing is for that page to say.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote

from starlette.responses import Response

from tocsin.web.visit import Visit


def _led_to(page: str) -> Callable[[Visit], Response]:
    return lambda visit: visit.go(page.format(id=quote(visit.request.path_params["id"], safe="")))


PAGES: Final = {
    "/users/{id}": "/people/{id}",
    "/escalation_policies/{id}": "/policies/{id}",
    "/business_services/{id}": "/business-services",
    "/maintenance_windows/{id}": "/maintenance-windows",
    "/incident_workflows/triggers/{id}": "/workflows",
    "/incident_workflows/{id}": "/workflows#w-{id}",
}
"""The address that answers of the API name (`html_url`), and where that is."""

LINKED: Final[tuple[tuple[Any, ...], ...]] = tuple((path, _led_to(page)) for path, page in PAGES.items())
"""Path and what answers it."""
