"""API keys from the command line: made, listed without their secrets, revoked for ever and on record."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_setup import config_of, setup
from tocsin.app.installation import installation
from tocsin.app.settings import from_environment
from tocsin.cli.main import cli
from tocsin.runtime.reads import AuditFilter, Reads
from tocsin.testing.running import RunningServer


def key(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(cli, ["key", *words, "--data", str(folder)])


def create(folder: Path, name: str = "terraform") -> str:
    made = key(folder, "create", "--name", name, "--role", "manager", "--json")
    assert made.exit_code == 0, made.output
    return str(json.loads(made.output)["api_key"])


def listed(folder: Path) -> list[dict[str, Any]]:
    found = key(folder, "list", "--json")
    assert found.exit_code == 0, found.output
    keys: list[dict[str, Any]] = json.loads(found.output)["api_keys"]
    return keys


def test_a_list_tells_keys_apart_and_no_secret(tmp_path: Path) -> None:
    owners = setup(tmp_path / "data")["api_key"]
    secret = create(tmp_path / "data")
    first, second = listed(tmp_path / "data")
    assert (first["user"], first["role"], first["last_four"]) == ("olga@example.com", "owner", owners[-4:])
    assert (second["name"], second["role"], second["teams"]) == ("terraform", "manager", [])
    assert (second["user"], second["last_four"]) == (None, secret[-4:])
    words = key(tmp_path / "data", "list").output
    assert all(part in words for part in (second["id"], second["hint"], second["created_at"], "manager, every team"))
    assert secret not in words


def test_a_revoked_key_is_worthless_for_ever_and_on_record(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    setup(folder)
    create(folder)
    wanted = listed(folder)[1]["id"]
    done = key(folder, "revoke", wanted)
    assert (done.exit_code, done.output) == (0, f"The key {wanted} (terraform) is revoked.\n")
    assert wanted not in {one["id"] for one in listed(folder)}
    config = config_of(folder)
    assert config.api_keys[wanted].revoked_at is not None
    assert config.api_keys[wanted].digest not in config.api_key_by_digest
    with closing(installation(from_environment({}, data=folder)).database(read_only=True)) as database:
        newest = Reads(database).audit(AuditFilter(), limit=1).items[0]
    assert (newest.kind, newest.thing_id, newest.actor.via) == ("api_key", wanted, "cli")
    again = key(folder, "revoke", wanted)
    assert (again.exit_code, "was revoked before" in again.output) == (1, True)


@pytest.mark.parametrize("words", [("list",), ("revoke", "PNOBODY")])
def test_nothing_there(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = key(tmp_path / "data", *words)
    assert (result.exit_code, "There is no installation in" in result.output) == (1, True)
    assert not (tmp_path / "data").exists()


def test_a_key_that_is_not_there(tmp_path: Path) -> None:
    setup(tmp_path / "data")
    result = key(tmp_path / "data", "revoke", "PNOBODY")
    assert (result.exit_code, "There is no API key PNOBODY." in result.output) == (1, True)


@pytest.mark.slow
def test_a_running_server_lets_a_revoked_key_in_no_more(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        secret = create(server.folder)
        request = urllib.request.Request(  # noqa: S310 - our own address
            f"{server.url}/pagerduty/services", headers={"authorization": f"Token token={secret}"}
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own address
            assert answer.status == 200
        wanted = next(one["id"] for one in listed(server.folder) if one["name"] == "terraform")
        assert key(server.folder, "revoke", wanted).exit_code == 0
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(request)  # noqa: S310 - our own address
