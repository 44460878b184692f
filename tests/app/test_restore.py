"""`tocsin backup` and `tocsin restore` with real processes: a test restore pages nobody until it is confirmed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import fresh
from tests.storage.conftest import DATABASES
from tocsin.directory.model import Integration
from tocsin.paging.model import MessageState
from tocsin.runtime.reads import MessageFilter
from tocsin.testing.fake_http import says
from tocsin.testing.running import RunningServer

pytestmark = [pytest.mark.slow]


def tocsin(*words: str, url: str | None = None) -> subprocess.CompletedProcess[str]:
    """The command line, as a person uses it."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment = {**inherited, **({"TOCSIN_DATABASE_URL": url} if url else {})}
    command = [sys.executable, "-m", "tocsin.cli.main", *words]
    return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=60)


@pytest.fixture(params=DATABASES)
def urls(request: pytest.FixtureRequest) -> Iterator[tuple[str | None, str | None]]:
    """Where the pager lives and where it is restored: two databases, or (None) two folders."""
    if request.param == "sqlite":
        yield None, None
        return
    server = request.getfixturevalue("postgres_server")
    with fresh(server) as first, fresh(server) as second:
        yield first, second


class Noise(threading.Thread):
    """Events without end, so that the backup is made while everything serves."""

    def __init__(self, server: RunningServer, integration: Integration) -> None:
        super().__init__(daemon=True)
        self._server, self._integration = server, integration
        self.stopping = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.stopping.wait(0.002):
            number += 1
            self._server.event(self._integration, f"noise-{number % 50}")


def backed_up(tmp_path: Path, url: str | None) -> Path:
    """The backup of a pager with a page that its provider refuses for now, and one that was answered."""
    file = tmp_path / "file.tocsin"
    with RunningServer(tmp_path / "old", database_url=url) as old:
        alice, bob = old.person("alice", "2025550101"), old.person("bob", "2025550102")
        waiting, noisy = old.service("waiting", alice), old.service("noisy", bob)
        old.wait_for_key(noisy)
        noise = Noise(old, noisy)
        noise.start()
        old.wait_until(lambda: len(old.phones.texts("+12025550102")) == 1, "bob is paged")
        old.phones.faults.always(says(503))
        assert old.event(waiting, "database-down")[0] == 202
        old.wait_until(lambda: old.reads.pulse().cursor.seq > 200, "there is a lot")
        mine = MessageFilter(user_ids=(alice.id,))
        old.wait_until(
            lambda: [one.state for one in old.reads.messages(mine).items] == [MessageState.RETRYING],
            "alice's page waits",
        )
        made = tocsin("backup", str(file), "--data", str(old.folder), url=url)
        assert made.returncode == 0, made.stderr
        assert "verified" in made.stdout
        noise.stopping.set()
        noise.join()
        assert len(old.phones.texts("+12025550101")) == 0
    return file


def test_a_test_restore_pages_nobody_until_it_is_confirmed(tmp_path: Path, urls: tuple[str | None, str | None]) -> None:
    file, url = backed_up(tmp_path, urls[0]), urls[1]
    data = tmp_path / "new"
    restored = tocsin("restore", str(file), "--data", str(data), url=url)
    assert restored.returncode == 0, restored.stderr
    assert "restore --confirm" in restored.stdout
    with RunningServer(data, database_url=url) as new:
        for number in ("2025550101", "2025550102"):
            new.phones.add_phone(f"+1{number}", "anybody")
        integration = next(
            one for one in new.config().integrations.values() if new.config().services[one.service_id].name == "waiting"
        )
        new.wait_for_key(integration)
        assert new.event(integration, "during-the-test")[0] == 202
        new.wait_until(lambda: any("during-the-test" in one.title for one in new.reads.incidents().items), "it is open")
        status, body = new.get("/healthz")
        assert status == 503
        assert "fenced" in json.loads(body)["problems"][0]
        threading.Event().wait(3)
        assert sum(len(new.phones.all_texts(f"+1{one}")) for one in ("2025550101", "2025550102")) == 0

        lifted = tocsin("restore", "--confirm", "--data", str(data), url=url)
        assert (lifted.returncode, lifted.stdout) == (0, "Sending goes on.\n")
        new.wait_until(lambda: len(new.phones.texts("+12025550101")) > 0, "alice is paged at last")
        assert "database-down" in new.phones.texts("+12025550101")[0].body
        new.wait_until(lambda: new.get("/healthz")[0] == 200, "all is well again")
    assert tocsin("restore", "--confirm", "--data", str(data), url=url).stdout == "Sending was not fenced off.\n"


def test_a_restore_needs_an_empty_place(tmp_path: Path, urls: tuple[str | None, str | None]) -> None:
    old, new = urls
    assert (
        tocsin("setup", "--name", "A", "--email", "a@example.com", "--data", str(tmp_path / "old"), url=old).returncode
        == 0
    )
    file = tmp_path / "file.tocsin"
    assert tocsin("backup", str(file), "--data", str(tmp_path / "old"), url=old).returncode == 0
    again = tocsin("restore", str(file), "--data", str(tmp_path / "old"), url=old)
    assert again.returncode == 1
    assert "not empty" in again.stderr
    assert tocsin("restore", str(file), "--data", str(tmp_path / "new"), url=new).returncode == 0
    assert tocsin("restore", str(file), "--data", str(tmp_path / "new"), url=new).returncode == 1


def test_a_damaged_backup_leaves_the_place_empty(tmp_path: Path) -> None:
    tocsin("setup", "--name", "A", "--email", "a@example.com", "--data", str(tmp_path / "old"))
    file = tmp_path / "file.tocsin"
    assert tocsin("backup", str(file), "--data", str(tmp_path / "old")).returncode == 0
    file.write_bytes(file.read_bytes()[:-100])
    damaged = tocsin("restore", str(file), "--data", str(tmp_path / "new"))
    assert damaged.returncode == 1
    assert "file.tocsin" in damaged.stderr
    assert not (tmp_path / "new").exists()


def test_there_is_nothing_to_back_up_where_nothing_is(tmp_path: Path) -> None:
    made = tocsin("backup", str(tmp_path / "file"), "--data", str(tmp_path / "nowhere"))
    assert (made.returncode, "no installation" in made.stderr) == (1, True)
    assert list(tmp_path.iterdir()) == []
