"""The first owner is made once; the key works at once and only its digest is kept."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tocsin.app.installation import installation
from tocsin.app.settings import from_environment
from tocsin.cli.main import cli
from tocsin.directory.model import Role
from tocsin.engine.config import Config
from tocsin.storage.config_reader import ConfigReader


def config_of(folder: Path) -> Config:
    database = installation(from_environment({}, data=folder)).database(read_only=True)
    try:
        return ConfigReader(database).current()
    finally:
        database.close()


def setup(folder: Path) -> dict[str, str]:
    arguments = ["setup", "--name", "Olga", "--email", "olga@example.com", "--json", "--data", str(folder)]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    answer: dict[str, str] = json.loads(result.output)
    return answer


def test_setup_makes_an_owner_with_a_key_and_a_link(tmp_path: Path) -> None:
    answer = setup(tmp_path / "data")
    config = config_of(tmp_path / "data")
    (owner,) = config.users.values()
    assert (owner.name, owner.role) == ("Olga", Role.OWNER)
    assert len(config.rules_of[owner.id]) == 2
    key = config.api_key_by_digest[hashlib.sha256(answer["api_key"].encode()).hexdigest()]
    assert (key.role, key.user_id) == (Role.OWNER, owner.id)
    assert answer["sign_in_url"].startswith("http://localhost:8080/sign-in/")
    assert [one.name for one in sorted(config.priorities.values(), key=lambda one: one.order)] == [
        "P1",
        "P2",
        "P3",
        "P4",
        "P5",
    ]


def test_the_secret_is_nowhere_in_the_data_folder(tmp_path: Path) -> None:
    secret = setup(tmp_path / "data")["api_key"]
    for file in (tmp_path / "data").rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file


def test_setup_works_once(tmp_path: Path) -> None:
    setup(tmp_path / "data")
    arguments = ["setup", "--name", "Mallory", "--email", "m@example.com", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code != 0
    assert "owner already" in result.output
    assert len(config_of(tmp_path / "data").users) == 1


def test_a_wrong_address_is_refused_in_words(tmp_path: Path) -> None:
    arguments = ["setup", "--name", "Olga", "--email", "nowhere", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code != 0
    assert "Email is invalid" in result.output


@pytest.mark.parametrize("role", [role.value for role in Role])
def test_keys_of_every_role_can_be_made(tmp_path: Path, role: str) -> None:
    folder = tmp_path / "data"
    setup(folder)
    result = CliRunner().invoke(cli, ["key", "create", "--name", "ci", "--role", role, "--json", "--data", str(folder)])
    assert result.exit_code == 0, result.output
    digest = hashlib.sha256(json.loads(result.output)["api_key"].encode()).hexdigest()
    assert config_of(folder).api_key_by_digest[digest].role == role


def test_a_key_begins_no_installation(tmp_path: Path) -> None:
    arguments = ["key", "create", "--name", "ci", "--role", "admin", "--data", str(tmp_path / "data")]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 1
    assert "There is no installation in" in result.output
    assert not (tmp_path / "data").exists()


def test_a_key_for_an_unknown_team_is_refused(tmp_path: Path) -> None:
    setup(tmp_path / "data")
    arguments = [
        "key",
        "create",
        "--name",
        "ci",
        "--role",
        "manager",
        "--team",
        "PNONE",
        "--data",
        str(tmp_path / "data"),
    ]
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code != 0
    assert "PNONE" in result.output
