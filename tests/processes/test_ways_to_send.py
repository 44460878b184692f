"""An empty installation learns to send on its pages: no restart, no setting, and no secret lies anywhere readable."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.databases import fresh
from tocsin.directory.model import Channel, ContactMethod
from tocsin.engine.things import DeleteThing
from tocsin.paging.messages import SendTestPage
from tocsin.runtime.clock import SystemClock
from tocsin.testing.fake_mail import FakeMailServer, MailFault, MailPhase
from tocsin.testing.running import RunningServer

pytestmark = [pytest.mark.slow]

PASSWORD = "a-Password_that.nothing-else-holds"
OLGA = "+12025550142"

NOTHING = {"TOCSIN_TWILIO_ACCOUNT_SID": "", "TOCSIN_TWILIO_AUTH_TOKEN": "", "TOCSIN_TWILIO_FROM": "",
           "TOCSIN_TWILIO_BASE_URL": "", "TOCSIN_EGRESS_ALLOW": "127.0.0.0/8"}  # fmt: skip
"""No provider. The fakes listen on ports of this machine on which no mail server is looked for."""


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    base = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    with (
        fresh(base) if base else nullcontext() as url,
        RunningServer(tmp_path / "data", environment=NOTHING, database_url=url) as server,
    ):
        yield server


def tocsin(server: RunningServer, *words: str) -> str:
    command = [sys.executable, "-m", "tocsin.cli.main", *words, "--data", str(server.folder)]
    done = subprocess.run(command, env=server.environment(), capture_output=True, text=True, timeout=60, check=False)
    return done.stdout


OPEN: list[httpx2.Client] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Every browser is closed at the end."""
    yield
    while OPEN:
        OPEN.pop().close()


class Owner:
    """Olga, signed in."""

    def __init__(self, server: RunningServer) -> None:
        self.server = server
        self.browser = httpx2.Client(base_url=server.url, follow_redirects=True, timeout=20)
        OPEN.append(self.browser)
        made = tocsin(server, "setup", "--name", "Olga", "--email", "olga@example.com", "--json")
        link = json.loads(made)["sign_in_url"]
        assert "Olga" in self.act(link).text

    def act(self, page: str, path: str = "", **fields: str) -> Any:
        """A form of this page, sent to `path`, or to where the page is."""
        shown = self.browser.get(page)
        hidden = dict(re.findall(r'name="(csrf|seen)" value="([^"]+)"', shown.text))
        return self.browser.post(path or str(shown.url), data={**hidden, **fields}, headers={"origin": self.server.url})

    def address(self, channel: Channel, address: str) -> None:
        """Has one address of this kind from now on, to which nothing was sent yet."""
        (user,) = self.server.config().users.values()
        for one in self.server.config().contacts_of[user.id]:
            if one.channel is channel:
                self.server.run(DeleteThing(thing_kind="contact_method", thing_id=one.id))
        self.server.save(ContactMethod(id="", user_id=user.id, channel=channel, address=address))

    def test(self, way: str, channel: Channel, says: str) -> str:
        """Sends a test, and waits until the page tells what came of it."""
        page = self.act(f"/connections/{way}", f"/connections/{way}/test", channel=channel.value)
        assert page.url.path == f"/connections/{way}", page.text
        found: list[str] = []

        def told() -> bool:
            found[:] = [self.browser.get(str(page.url)).text]
            return says in found[0]

        self.server.wait_until(told, f"the page says {says}")
        return found[0]


def ready(server: RunningServer) -> str:
    return str(json.loads(server.get("/readyz")[1])["paging"])


def readable(server: RunningServer) -> bytes:
    """Everything that lies in files: what is kept, and what was logged."""
    kept = [path.read_bytes() for path in server.folder.rglob("*") if path.is_file()]
    return b"".join([*kept, server.read_log().encode()])


def test_an_owner_sets_mail_up_on_a_page(server: RunningServer, tmp_path: Path) -> None:
    with FakeMailServer(SystemClock().now, user="tocsin", password=PASSWORD) as mail:
        olga = Owner(server)
        no_way = "no way to send is set up: an owner sets one up at /connections"
        server.wait_until(lambda: no_way in ready(server), "it is said that nothing can be sent")
        typed = {"host": "127.0.0.1", "port": str(mail.port), "encryption": "off", "user": "tocsin",
                 "secret": PASSWORD, "mail_from": "Alarm <alarm@example.org>"}  # fmt: skip
        refused = olga.act("/connections/mail", "/connections/mail", **typed | {"host": "smtp://127.0.0.1"})
        assert (refused.status_code, PASSWORD in refused.text) == (422, False)
        saved = olga.act("/connections/mail", "/connections/mail", **typed)
        assert (saved.status_code, PASSWORD in saved.text) == (200, False)
        server.wait_until(lambda: ready(server) == "yes", "somebody can be paged")
        assert "not set up" not in tocsin(server, "check")
        page = olga.test("mail", Channel.EMAIL, "The provider took it")
        assert "The answer:" in page
        assert "the mail server took it: " in page
        (first,) = mail.mailbox("olga@example.com")
        assert (first.user, first.sender, str(first.message["From"])) == (
            "tocsin", "alarm@example.org", "Alarm <alarm@example.org>")  # fmt: skip
        olga.address(Channel.EMAIL, "olga2@example.com")
        mail.fail(MailFault(MailPhase.RECIPIENT, "550 5.1.1 nobody of this name"))
        assert "550" in olga.test("mail", Channel.EMAIL, "Failed")
        server.stop()
        server.start()
        olga.address(Channel.EMAIL, "olga3@example.com")
        olga.test("mail", Channel.EMAIL, "The provider took it")
        assert len(mail.mailbox("olga3@example.com")) == 1
        tocsin(server, "backup", str(tmp_path / "kept.backup"))
        history = olga.browser.get("/audit/export?format=json&kind=mail_server").text
        assert '"host": "127.0.0.1"' in history or '"host":"127.0.0.1"' in history
        every = readable(server) + (tmp_path / "kept.backup").read_bytes() + history.encode()
        assert PASSWORD.encode() not in every
        gone = olga.act("/connections/mail", "/connections/mail/remove", typed="127.0.0.1")
        assert gone.url.path == "/connections"
        server.wait_until(lambda: "no way to send" in ready(server), "nobody can be paged")


def test_an_owner_sets_texts_up_and_is_answered(server: RunningServer) -> None:
    olga = Owner(server)
    server.phones.add_phone(OLGA, "Olga")
    olga.address(Channel.SMS, OLGA.removeprefix("+1"))
    assert server.post("/twilio/sms", {})[0] == 404, "nobody is set up who could call"
    typed = {"account": server.phones.account_sid, "secret": server.phones.auth_token, "number": "+1 202 555 0199",
             "base_url": server.provider.base_url}  # fmt: skip
    saved = olga.act("/connections/phone", "/connections/phone", **typed)
    assert (saved.status_code, saved.url.path) == (200, "/connections/phone")
    server.wait_until(lambda: ready(server) == "yes", "somebody can be paged")
    olga.test("phone", Channel.SMS, "It arrived")
    body = server.phones.wait_for_text(OLGA, lambda one: "Test page" in one.body).body
    code = body.split("Reply ")[1].split(" ")[0]
    assert "It was a test. It arrived, and so did your answer." in server.phones.reply(OLGA, code)
    olga.address(Channel.SMS, "2025550143")
    wrong = olga.act("/connections/phone", "/connections/phone", **typed | {"secret": "0" * 32})
    assert wrong.status_code == 200
    assert "20003" in olga.test("phone", Channel.SMS, "Failed"), "the provider's own words"
    assert server.phones.auth_token.encode() not in readable(server)


def test_what_the_environment_names_wins(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        olga = Owner(server)
        page = olga.browser.get("/connections/phone").text
        assert "where Tocsin runs" in page
        assert 'name="account"' not in page, "there is nothing to type"
        assert server.phones.auth_token not in page
        typed = {"account": "AC00", "secret": PASSWORD, "number": "+12025550111"}
        assert olga.act("/connections/mail", "/connections/phone", **typed).status_code == 200
        server.person("bob", "2025550101")
        (contact,) = [one for one in server.config().contact_methods.values() if one.channel is Channel.SMS]
        server.run(SendTestPage(contact_id=contact.id))
        server.phones.wait_for_text("+12025550101", lambda one: "Test page" in one.body)
