"""How the pager is, in words; backups and the fence are for owners, what is behind it for administrators."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from tests.web.place import Place
from tests.web.settings_scene import Shelf, machine
from tests.web.test_incident_pages import words
from tocsin.directory.model import Role
from tocsin.kernel.time import MINUTE, SECOND
from tocsin.web.machine import BeatSeen, LeaseSeen, Machine, RoleSeen
from tocsin.web.site import Health
from tocsin.web.system import size_words


def seen(place: Place, **changes: object) -> str:
    found = replace(machine(place.desk.clock.now()), **changes)  # type: ignore[arg-type]
    place.site = replace(place.site, machine=lambda: found)
    html = place.client("erin").get("/system").text
    return words(html.replace('role="img" aria-label="not well"', ">not well<i"))


def test_a_well_pager_says_so(place: Place) -> None:
    text = seen(place)
    assert "Engine: decides and sends runs here as process 4712" in text
    assert "Database answers" in text
    assert "38 are set, none overdue" in text
    assert "41 GB of 107 GB free" in text
    assert "SQLite 3.51.1, 734 MB" in text
    assert "not well" not in text


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"roles": (RoleSeen("engine", None),)}, "not well Engine: decides and sends does not run on this machine"),
        ({"is_reachable": False}, "not well Database is out of reach"),
        ({"accepting": False}, "not well Events are refused: senders are told to come again"),
        ({"overdue_timer_seconds": 31.4}, "not well Timers the oldest is overdue by 31 s"),
        ({"unsent_seconds": 90.0}, "not well Messages the oldest waits for 90 s"),
        ({"undecided_seconds": 40.0, "backlog_events": 7}, "not well Backlog 7 wait to be decided"),
        ({"backlog_events": None}, "Backlog can’t be found out"),
        ({"beat": BeatSeen(True, 1, "withheld")}, "because the pager is not well"),
        ({"beat": BeatSeen(True, 1, "HTTP 500")}, "failed 1 Jan 1970 00:00:00: HTTP 500"),
        ({"beat": BeatSeen()}, "not set up: set TOCSIN_HEARTBEAT_URL"),
        ({"lease": LeaseSeen("a/b", False, False, 0)}, "not well Lease: which engine decides no engine has it"),
        ({"lease": LeaseSeen("a/b", True, True, 9 * SECOND)}, "not well Clock differs from the database’s by 9 s"),
        ({"disk_free": 1_000_000_000}, "not well Disk 1.0 GB of 107 GB free"),
    ],
)
def test_what_is_wrong_is_named(place: Place, changes: dict[str, object], says: str) -> None:
    assert says in seen(place, **changes)


def test_the_top_bar_leads_here_and_problems_stand_on_top(place: Place) -> None:
    assert 'href="/system"' in place.client("mallory").get("/").text
    place.site = replace(place.site, health=lambda: Health(("the main database is out of reach",)))
    assert "The main database is out of reach." in place.client("mallory").get("/system").text
    place.site = replace(place.site, health=Health, ways_to_send=tuple)
    assert "Nobody can be paged." in place.client("mallory").get("/system").text


def test_settings_and_processes_are_for_administrators(place: Place) -> None:
    place.person("dan", Role.ADMIN)
    place.site = replace(place.site, machine=lambda: machine(place.desk.clock.now()), backups=Shelf(place))
    for who in ("carol", "mallory"):
        html = place.client(who).get("/system").text
        for secret in ("4711", "/var/lib/tocsin", "TOCSIN_", ".backup"):
            assert secret not in html
    html = place.client("dan").get("/system").text
    assert "TOCSIN_SMTP_URL" in html
    assert "/system/backups/" not in html, "backups hold owners' secrets"


def test_owners_make_and_download_backups(place: Place) -> None:
    shelf = Shelf(place)
    place.person("dan", Role.ADMIN)
    place.site = replace(place.site, backups=shelf, machine=Machine)
    name = shelf.here()[0].name
    for who in ("dan", "mallory"):
        assert place.client(who).act("/system/backup").status_code == 403
        assert place.client(who).get(f"/system/backups/{name}").status_code == 403
    browser = place.client("erin")
    assert browser.act("/system/backup").headers["location"] == "/system"
    assert shelf.begun == 1
    page = words(browser.get("/system").text)
    assert "One is being made, since 1 min" in page
    assert "26 h ago: 88 MB" in page
    answer = browser.get(f"/system/backups/{name}")
    assert answer.status_code == 200
    assert name in answer.headers["content-disposition"]
    assert answer.headers["cache-control"] == "no-store"
    for odd in ("other.backup", "..%2Fedge.sqlite", "%2E%2E"):
        assert browser.get(f"/system/backups/{odd}").status_code == 404


def test_where_backups_can_not_be_made_it_says_how(place: Place) -> None:
    answer = place.client("erin").act("/system/backup")
    assert answer.status_code == 503
    assert "tocsin backup FILE" in answer.text
    assert "No backup is known." in place.client("erin").get("/system").text


def test_an_owner_lifts_the_fence_by_name(place: Place) -> None:
    place.person("dan", Role.ADMIN)
    settings = place.desk.config().settings
    assert "restored backup" not in place.client("erin").get("/system").text
    place.desk.save(replace(settings, sending_fenced=True, organisation="Shop"), "sending_fenced", "organisation")
    assert "An owner confirms it here" in place.client("dan").get("/system").text
    assert place.client("dan").act("/system/send", typed="Shop").status_code == 403
    browser = place.client("erin")
    assert "Type the name of this installation: Shop" in words(browser.get("/system").text)
    assert browser.act("/system/send", typed="shop").status_code == 422
    assert place.desk.config().settings.sending_fenced
    assert browser.act("/system/send", typed="Shop").status_code == 303
    assert not place.desk.config().settings.sending_fenced


def test_sizes_in_words() -> None:
    sizes = (0, 999, 1_500, 12_345_678, 9_960_000_000, 2 * 10**12)
    assert [size_words(size) for size in sizes] == ["0 B", "999 B", "1.5 kB", "12 MB", "10.0 GB", "2.0 TB"]


def test_ages_of_a_running_backup_are_plain_text(place: Place) -> None:
    shelf = Shelf(place)
    shelf.begun = 1
    place.site = replace(place.site, backups=shelf)
    assert re.search(r"since <time[^>]*>1 min</time>", place.client("erin").get("/system").text)
    assert shelf.running_since() == place.desk.clock.now() - MINUTE
