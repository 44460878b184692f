"""A link for somebody without a password: it signs in once, is on record, and names the server that runs."""

from __future__ import annotations

import http.cookiejar
import json
import re
import urllib.parse
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.cli.test_setup import config_of, setup
from tocsin.app.installation import installation
from tocsin.app.settings import from_environment
from tocsin.app.tokens import SIGN_IN_LIFE, SIGN_IN_PURPOSE, Tokens
from tocsin.cli.main import cli
from tocsin.kernel.errors import NotAllowed
from tocsin.kernel.time import MINUTE
from tocsin.runtime.reads import AuditFilter, Reads
from tocsin.storage.schema import read_installation_secret
from tocsin.testing.running import RunningServer


def link_for(mail: str, folder: Path, *more: str) -> Result:
    return CliRunner().invoke(cli, ["sign-in-link", mail, "--data", str(folder), *more])


def test_a_link_is_good_for_a_quarter_of_an_hour_and_on_record(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    setup(folder)
    made = link_for("Olga@example.com", folder, "--json", "--port", "9000")
    assert made.exit_code == 0, made.output
    url = json.loads(made.output)["sign_in_url"]
    assert url.startswith("http://localhost:9000/sign-in/")
    (owner,) = config_of(folder).users.values()
    made_at = owner.link_made_at
    assert made_at is not None
    with closing(installation(from_environment({}, data=folder)).database(read_only=True)) as database:
        tokens = Tokens(read_installation_secret(database) or "")
        newest = Reads(database).audit(AuditFilter(), limit=1).items[0]
    token = url.rpartition("/")[2]
    assert tokens.read(SIGN_IN_PURPOSE, token, made_at) == owner.id
    with pytest.raises(NotAllowed):
        tokens.read(SIGN_IN_PURPOSE, token, made_at + SIGN_IN_LIFE + MINUTE)
    assert (newest.kind, newest.thing_id, newest.actor.via) == ("user", owner.id, "cli")
    assert token not in str(newest)


@pytest.mark.parametrize(("mail", "says"), [("nobody@example.com", "Nobody who may sign in"), ("", "Nobody")])
def test_who_is_not_there_gets_none(tmp_path: Path, mail: str, says: str) -> None:
    setup(tmp_path / "data")
    result = link_for(mail, tmp_path / "data")
    assert (result.exit_code, says in result.output) == (1, True)


def test_a_link_begins_no_installation(tmp_path: Path) -> None:
    result = link_for("olga@example.com", tmp_path / "data")
    assert (result.exit_code, "There is no installation in" in result.output) == (1, True)
    assert not (tmp_path / "data").exists()


@pytest.mark.slow
def test_links_of_a_running_server_lead_there_and_sign_in_once(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        assert b"tocsin setup" in server.get("/sign-in")[1]
        assert setup(server.folder)["sign_in_url"].startswith(f"{server.url}/sign-in/")
        assert b"tocsin sign-in-link" in server.get("/sign-in")[1]
        made = link_for("olga@example.com", server.folder, "--json")
        url = json.loads(made.output)["sign_in_url"]
        assert url.startswith(f"{server.url}/sign-in/")
        browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
        page = browser.open(url).read().decode()
        csrf = re.search(r'name="csrf" value="([^"]+)"', page)
        assert csrf is not None
        token = url.rpartition("/")[2]
        form = urllib.parse.urlencode({"csrf": csrf.group(1)}).encode()
        request = urllib.request.Request(f"{server.url}/enter/{token}", form, {"origin": server.url})  # noqa: S310
        assert "Olga" in browser.open(request).read().decode()
        assert server.get(f"/enter/{token}")[0] == 410, "it is used up"
    assert setup_address(server.folder) == "", "who is gone is not asked"


def setup_address(folder: Path) -> str:
    place = installation(from_environment({}, data=folder))
    return place.address().removeprefix("http://localhost:8080")
