"""The addresses of the pages about schedules."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web.schedules.edit import change, edit_page, make, new_page
from tocsin.web.schedules.listing import make_weekly, schedules_page
from tocsin.web.schedules.overrides import add_override, end_override, end_page, override_page
from tocsin.web.schedules.page import schedule_page
from tocsin.web.schedules.remove import remove

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/schedules", schedules_page),
    ("/schedules", make_weekly, "POST"),
    ("/schedules/new", new_page),
    ("/schedules/new", make, "POST"),
    ("/schedules/{id}", schedule_page),
    ("/schedules/{id}/edit", edit_page),
    ("/schedules/{id}/edit", change, "POST"),
    ("/schedules/{id}/delete", remove, "POST"),
    ("/schedules/{id}/override", override_page),
    ("/schedules/{id}/override", add_override, "POST"),
    ("/schedules/{id}/override/{override}/end", end_page),
    ("/schedules/{id}/override/{override}/end", end_override, "POST"),
)
"""Path, page, and the method where it is not GET."""
