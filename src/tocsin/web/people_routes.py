"""The addresses of people, teams, connections, keys and the system itself."""

from __future__ import annotations

from typing import Any, Final

from tocsin.web.connections import connections_page, test_connection
from tocsin.web.invite import invite
from tocsin.web.keys import act_on_key, keys_page, make_key
from tocsin.web.people import people_page
from tocsin.web.person import person_page
from tocsin.web.person_acts import act_on_person, leave_page
from tocsin.web.sending import act_on_way, save_way, way_page
from tocsin.web.system import act_on_system, download_backup, system_page
from tocsin.web.team_acts import act_on_team
from tocsin.web.teams import make_team, team_page, teams_page

ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/people", people_page),
    ("/people", invite, "POST"),
    ("/people/{id}", person_page),
    ("/people/{id}/leave", leave_page),
    ("/people/{id}/{action}", act_on_person, "POST"),
    ("/connections", connections_page),
    ("/connections/test", test_connection, "POST"),
    ("/connections/{way}", way_page),
    ("/connections/{way}", save_way, "POST"),
    ("/connections/{way}/{action}", act_on_way, "POST"),
    ("/system", system_page),
    ("/system/backups/{name}", download_backup),
    ("/system/{action}", act_on_system, "POST"),
    ("/keys", keys_page),
    ("/keys", make_key, "POST"),
    ("/keys/{id}/{action}", act_on_key, "POST"),
    ("/teams", teams_page),
    ("/teams", make_team, "POST"),
    ("/teams/{id}", team_page),
    ("/teams/{id}/{action}", act_on_team, "POST"),
)
"""Path, page, and the method where it is not GET."""
