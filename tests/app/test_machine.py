"""What the system page is told of the machine: no secret, and never a failure; backups that pages ask for."""

from __future__ import annotations

import os
import threading
from contextlib import closing
from pathlib import Path

import pytest

from tocsin.app.folder import held
from tocsin.app.health import Health
from tocsin.app.heartbeat import Beat, Heartbeat
from tocsin.app.installation import Installation, installation
from tocsin.app.machine import machine
from tocsin.app.settings import NAMES, from_environment, settings_seen
from tocsin.app.shelf import KEPT, Shelf, note_backup
from tocsin.app.upgrade import upgrade
from tocsin.kernel.errors import Conflict
from tocsin.runtime.reads import Reads
from tocsin.storage.backup import verify
from tocsin.web.machine import Source

SECRET = "hunter2hunter2"
WELL = Health(True, True, 0.0, 0.0, 0, True)


@pytest.fixture
def place(tmp_path: Path) -> Installation:
    made = installation(from_environment({}, data=tmp_path))
    upgrade(made)
    return made


def wait(shelf: Shelf) -> None:
    pause = threading.Event()
    for _ in range(1000):
        if shelf.running_since() is None:
            return
        pause.wait(0.01)
    raise AssertionError("the backup does not end")


def test_no_secret_is_among_the_settings_seen() -> None:
    given = dict.fromkeys(NAMES, SECRET)
    given |= {
        "TOCSIN_SMTP_URL": f"smtp://user:{SECRET}@mail.example.com:587",
        "TOCSIN_DATABASE_URL": f"postgresql://u:{SECRET}@db.example.com/tocsin",
        "TOCSIN_HEARTBEAT_URL": f"https://watch.example.com/{SECRET}",
        "TOCSIN_PUBLIC_URL": "https://tocsin.example.com",
    }
    plain = ("DIR", "PORT", "URL", "CERT", "KEY", "PROXIES", "FROM", "MINUTE", "BACKLOG", "DAYS", "ALLOW")
    found = {one.name: one for one in settings_seen(given)}
    assert set(found) == set(NAMES)
    for name, one in found.items():
        if one.shown == SECRET:
            assert name.endswith(plain), name
            assert "TOKEN" not in name
    assert found["TOCSIN_SMTP_URL"].shown == "mail.example.com"
    assert found["TOCSIN_DATABASE_URL"].shown == "db.example.com"
    assert found["TOCSIN_HEARTBEAT_URL"].shown == "watch.example.com"
    assert found["TOCSIN_PUBLIC_URL"].shown == "https://tocsin.example.com"
    for name in ("TOCSIN_TWILIO_AUTH_TOKEN", "TOCSIN_TWILIO_ACCOUNT_SID", "TOCSIN_TWILIO_FROM"):
        assert (found[name].shown, found[name].is_hidden) == ("", True)
    assert all(one.source is Source.DEFAULT for one in settings_seen({}))


def test_a_look_tells_what_is_there(place: Installation) -> None:
    heartbeat = Heartbeat("https://watch.example.com/", tuple, place.clock.now)
    heartbeat.last = Beat(5, "sent")
    with closing(place.database(read_only=True)) as database, held(place.data, "edge", "http://localhost"):
        found = machine(place, Reads(database, place.log_reader), WELL, heartbeat)
    assert found.database.startswith("SQLite 3.")
    assert found.revision
    assert (found.database_bytes or 0) > 10_000
    assert (found.disk_total or 0) > (found.disk_free or 0) > 0
    assert [(one.name, one.process) for one in found.roles] == [("edge", os.getpid()), ("engine", None)]
    assert (found.beat.is_set_up, found.beat.at, found.beat.result) == (True, 5, "sent")
    assert found.lease is None


def test_a_look_does_not_fail_without_a_database(tmp_path: Path) -> None:
    bare = installation(from_environment({}, data=tmp_path / "nothing"))
    with closing(bare.database(read_only=True)) as database:
        found = machine(bare, Reads(database), Health(False, False, None, None, None, False), None)
    assert not found.is_reachable
    assert found.database_bytes is None
    assert not found.beat.is_set_up


def test_backups_are_made_and_few_are_kept(place: Installation) -> None:
    shelf = Shelf(place)
    assert shelf.last() is None
    for number in range(KEPT + 1):
        file = place.data / "backups" / f"tocsin-2026010{number}-000000.backup"
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"old")
        os.utime(file, (1_000_000 + number, 1_000_000 + number))
    shelf.begin()
    wait(shelf)
    assert shelf.problem() == ""
    assert len(shelf.here()) == KEPT
    last = shelf.last()
    assert last is not None
    assert last.is_here
    assert last.name == shelf.here()[0].name
    path = shelf.file(last.name)
    assert path is not None
    assert verify(path).tables
    assert shelf.file("../tocsin.sqlite") is None
    assert path.stat().st_mode & 0o077 == 0


def test_a_backup_that_fails_says_why(place: Installation) -> None:
    shelf = Shelf(place)
    (place.data / "backups").write_text("in the way")
    shelf.begin()
    wait(shelf)
    assert "backups" in shelf.problem()
    assert shelf.last() is None


def test_two_at_once_are_refused(place: Installation) -> None:
    shelf = Shelf(place)
    shelf.begin()
    if shelf.running_since() is not None:
        with pytest.raises(Conflict):
            shelf.begin()
    wait(shelf)


def test_one_made_by_the_command_line_is_known(place: Installation, tmp_path: Path) -> None:
    file = tmp_path / "elsewhere.tocsin"
    file.write_bytes(b"12345")
    note_backup(place, file, 77)
    last = Shelf(place).last()
    assert last is not None
    assert (last.name, last.at, last.size, last.is_here) == (str(file), 77, 5, False)
