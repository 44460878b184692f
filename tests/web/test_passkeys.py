"""Passkeys, with a real browser and its virtual authenticator: made, used, removed, and not to be forged or copied."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from starlette.requests import Request

from tests.web.place import PASSWORD, Place
from tests.web.serving import served, session_of
from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import NotAllowed, NotSignedIn, TooMany
from tocsin.kernel.time import MINUTE
from tocsin.runtime.attempts import PASSKEYS_HERE, Visitor
from tocsin.runtime.passkeys import CHALLENGE_LIFE, RelyingSite
from tocsin.runtime.second_factor import STEP, code_at
from tocsin.runtime.sign_in_ground import How, SecurityEvent
from tocsin.web import guard
from tocsin.web.signin import relying_site
from tocsin.web.visit import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

HERE = Visitor("127.0.0.1", "Chromium")


@dataclass
class Device:
    """A browser on a device that makes passkeys."""

    place: Place
    base: str
    context: BrowserContext
    page: Page
    cdp: Any
    authenticator: str

    @property
    def site(self) -> RelyingSite:
        return RelyingSite("localhost", self.base)

    def signed_in(self, who: str = "alice") -> None:
        """Put somebody's session into the browser."""
        token = session_of(self.place, who)
        self.context.add_cookies([{"name": "tocsin", "value": token, "url": self.base}])

    def out(self) -> None:
        """Nobody is signed in any more."""
        self.context.clear_cookies()

    def make(self, name: str = "My phone") -> None:
        """Add a passkey on one's own page."""
        self.page.goto(f"{self.base}/me")
        self.page.get_by_label("Add a passkey").fill(name)
        self.page.locator("form[data-passkey-make]").get_by_role("button", name="Add").click()
        expect(self.page.get_by_text("Passkey added. It signs you in from now on.")).to_be_visible()

    def enter(self) -> None:
        """Sign in with it."""
        self.page.goto(f"{self.base}/sign-in?next=/me")
        self.page.get_by_role("button", name="Sign in with a passkey").click()

    def credentials(self) -> list[dict[str, Any]]:
        """What the authenticator holds."""
        asked = {"authenticatorId": self.authenticator}
        found: list[dict[str, Any]] = self.cdp.send("WebAuthn.getCredentials", asked)["credentials"]
        return found

    def set_count(self, count: int) -> None:
        """The authenticator's counter is this, as if it had been copied before."""
        (one,) = self.credentials()
        asked = {"authenticatorId": self.authenticator, "credentialId": one["credentialId"]}
        self.cdp.send("WebAuthn.removeCredential", asked)
        again = {"authenticatorId": self.authenticator, "credential": {**one, "signCount": count}}
        self.cdp.send("WebAuthn.addCredential", again)

    def verifies(self, verified: bool) -> None:
        """Whether the finger on it is the right one."""
        asked = {"authenticatorId": self.authenticator, "isUserVerified": verified}
        self.cdp.send("WebAuthn.setUserVerified", asked)


@pytest.fixture
def device(place: Place, browser: Browser) -> Iterator[Device]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with served(place.app(), port=port):
        context = browser.new_context()
        page = context.new_page()
        cdp = context.new_cdp_session(page)
        cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        yield Device(place, f"http://localhost:{port}", context, page, cdp, made["authenticatorId"])
        context.close()


def test_one_is_made_and_signs_in_without_an_address_or_a_password(device: Device) -> None:
    device.signed_in()
    device.make()
    (passkey,) = device.place.desk.config().passkeys.values()
    assert (passkey.name, passkey.user_id) == ("My phone", device.place.people["alice"].id)
    device.out()
    device.enter()
    expect(device.page.get_by_role("heading", name="Alice")).to_be_visible()
    expect(device.page.get_by_text("by passkey")).to_be_visible()
    assert How.PASSKEY in {one.how for one in device.place.sessions.sessions_of(passkey.user_id)}
    device.out()
    device.enter()
    expect(device.page.get_by_role("heading", name="Alice")).to_be_visible()


def test_it_stands_for_both_factors_and_proves_who_one_is(device: Device) -> None:
    place = device.place
    device.signed_in()
    device.make()
    user = place.people["alice"]
    secret = place.sessions.codes.setup(user, "h").secret
    place.sessions.codes.confirm_setup(user, "h", code_at(secret, place.desk.clock.now() // STEP), HERE)
    device.out()
    device.enter()
    expect(device.page.get_by_role("heading", name="Alice")).to_be_visible()
    place.desk.clock.moment += 20 * MINUTE
    device.page.goto(f"{device.base}/me/second-factor")
    expect(device.page.get_by_role("heading", name="Is it you?")).to_be_visible()
    device.page.get_by_role("button", name="Use a passkey").click()
    expect(device.page.get_by_role("heading", name="Second factor")).to_be_visible()


def test_one_that_was_removed_opens_nothing(device: Device) -> None:
    device.signed_in()
    device.make()
    other = session_of(device.place, "alice")
    device.page.get_by_role("button", name="Remove the passkey My phone").click()
    expect(device.page.get_by_text("Passkey removed. Every other session has ended.")).to_be_visible()
    assert device.place.sessions.find(other) is None
    device.out()
    device.enter()
    expect(device.page.get_by_role("alert").first).to_contain_text("This passkey is not known here")


def test_without_the_right_finger_nothing_is_opened(device: Device) -> None:
    device.signed_in()
    device.make()
    device.out()
    device.verifies(False)
    device.enter()
    expect(device.page.get_by_text("No passkey was used. Try again, or sign in another way.")).to_be_visible()
    assert len(device.place.sessions.sessions_of(device.place.people["alice"].id)) == 1


def test_a_copy_is_noticed_by_its_counter(device: Device) -> None:
    device.signed_in()
    device.make()
    device.out()
    device.enter()
    expect(device.page.get_by_role("heading", name="Alice")).to_be_visible()
    device.out()
    device.set_count(0)
    device.enter()
    expect(device.page.get_by_role("alert").first).to_contain_text("This passkey is not known here")
    kinds = [row.kind for row in device.place.sessions.ground.events(device.place.people["alice"].id)]
    assert SecurityEvent.PASSKEY_COPIED in kinds


def answered(device: Device, challenge_of: str) -> str:
    """The browser's answer to a challenge of ours that was made for `challenge_of`."""
    asked = device.place.sessions.passkeys.ask(challenge_of, device.site, HERE)
    device.page.goto(f"{device.base}/sign-in")
    script = """async (options) => {
      const plain = atob(options.challenge.replace(/-/g, '+').replace(/_/g, '/'));
      options.challenge = Uint8Array.from(plain, (one) => one.charCodeAt(0));
      const found = await navigator.credentials.get({ publicKey: options });
      return JSON.stringify(found.toJSON());
    }"""
    found: str = device.page.evaluate(script, json.loads(asked))
    return found


def test_an_answer_counts_once_for_its_browser_and_for_five_minutes(device: Device) -> None:
    place, passkeys = device.place, device.place.sessions.passkeys
    device.signed_in()
    device.make()
    answer = answered(device, "one browser")
    with pytest.raises(NotSignedIn):
        passkeys.whose("another browser", device.site, answer, HERE)
    assert passkeys.whose("one browser", device.site, answer, HERE).name == "Alice"
    with pytest.raises(NotSignedIn):
        passkeys.whose("one browser", device.site, answer, HERE)
    late = answered(device, "one browser")
    place.desk.clock.moment += CHALLENGE_LIFE
    with pytest.raises(NotSignedIn):
        passkeys.whose("one browser", device.site, late, HERE)


def test_an_answer_that_was_changed_or_is_for_another_site_counts_nothing(device: Device) -> None:
    passkeys = device.place.sessions.passkeys
    device.signed_in()
    device.make()

    def refused(answer: str, site: RelyingSite = device.site) -> None:
        with pytest.raises(NotSignedIn):
            passkeys.whose("b", site, answer, HERE)

    good = json.loads(answered(device, "b"))
    refused(json.dumps(good), RelyingSite("tocsin.example", "https://tocsin.example"))
    for name in ("signature", "authenticatorData", "clientDataJSON"):
        changed = json.loads(answered(device, "b"))
        text = changed["response"][name]
        changed["response"][name] = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
        refused(json.dumps(changed))
    for broken in ("", "{}", "[]", "null", '{"id": 1}', "{" * 30_000, json.dumps({**good, "id": "unknown"})):
        answered(device, "b")
        refused(broken)


def test_failures_from_one_address_are_bounded(device: Device) -> None:
    passkeys = device.place.sessions.passkeys
    for _ in range(PASSKEYS_HERE.most):
        with pytest.raises(NotSignedIn):
            passkeys.whose("b", device.site, "{}", HERE)
    with pytest.raises(TooMany):
        passkeys.whose("b", device.site, "{}", HERE)


def test_one_belongs_to_its_person(device: Device) -> None:
    device.signed_in()
    device.make()
    (passkey,) = device.place.desk.config().passkeys.values()
    bob = device.place.client("bob", base=device.base)
    assert bob.act("/me/passkey-remove", id=passkey.id).status_code == 403
    with pytest.raises(NotAllowed):
        device.place.desk.run(device.place.as_("bob"), DeleteThing(thing_kind="passkey", thing_id=passkey.id))
    device.place.desk.run(device.place.as_("erin"), DeleteThing(thing_kind="passkey", thing_id=passkey.id))
    assert not device.place.desk.config().passkeys


@pytest.mark.parametrize(
    ("public", "host", "site"),
    [
        ("https://pager.example", "pager.example", RelyingSite("pager.example", "https://pager.example")),
        (
            "https://pager.example:8443",
            "pager.example:8443",
            RelyingSite("pager.example", "https://pager.example:8443"),
        ),
        ("https://pager.example", "evil.example", None),
        ("https://pager.example", "pager.example:8443", None),
        ("http://pager.example", "pager.example", None),
        ("", "pager.example", None),
        ("", "127.0.0.1:8080", None),
        ("", "localhost:8080", RelyingSite("localhost", "http://localhost:8080")),
        ("", "localhost.evil.example", None),
    ],
)
def test_for_which_site_is_never_what_a_request_makes_up(
    place: Place, public: str, host: str, site: RelyingSite | None
) -> None:
    place.site = replace(place.site, public_url=public)
    scope = {
        "type": "http", "method": "GET", "path": "/sign-in", "query_string": b"", "scheme": "http",
        "headers": [(b"host", host.encode())], "server": ("127.0.0.1", 80), "client": ("127.0.0.1", 1),
    }  # fmt: skip
    request = Request(scope)
    visit = Visit(place.site, request, 0, place.desk.config(), guard.line_of(request, public))
    assert relying_site(visit) == site


def test_where_they_cannot_be_it_is_said_and_not_offered(place: Place) -> None:
    browser = place.client("alice", base="http://192.168.1.20:8080")
    assert "They need https at the address in TOCSIN_PUBLIC_URL" in browser.get("/me").text
    assert "data-passkey" not in place.client(base="http://192.168.1.20:8080").get("/sign-in").text
    assert PASSWORD not in browser.get("/me").text
