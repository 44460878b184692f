"""The addresses of people, teams, connections, keys and the system itself."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web.invite import invite
from tocsin.web.people import people_page
from tocsin.web.person import person_page
from tocsin.web.person_acts import act_on_person, leave_page

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/people", people_page),
    ("/people", invite, "POST"),
    ("/people/{id}", person_page),
    ("/people/{id}/leave", leave_page),
    ("/people/{id}/{action}", act_on_person, "POST"),
)
"""Path, page, and the method where it is not GET."""
