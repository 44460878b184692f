"""Signing in, to look at: every page of it, with a provider, second factors, passkeys and what happened lately."""

from __future__ import annotations

import random
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import BrowserContext, Page

from tests.web.place import PASSWORD, QUICK, Place, small
from tocsin.directory.credentials import Passkey
from tocsin.engine.things import DeleteThing
from tocsin.kernel.errors import Invalid, NotSignedIn, TooMany
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR, MINUTE
from tocsin.runtime.attempts import HERE
from tocsin.runtime.federation import Arrival, Ended, Rules
from tocsin.runtime.second_factor import STEP, code_at
from tocsin.runtime.sessions import SecondStep, Sessions, Visitor
from tocsin.runtime.sign_in_ground import Demand, How, Policy, SecurityEvent

HOME = Visitor("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "a" * 40)
PHONE = Visitor(
    "2001:db8:85a3:8d3:1319:8a2e:370:7348",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1 Version/19.0 Mobile/15E148 Safari/604.1",
    "b" * 40,
)
LONG = "The phone that lies on the night table of the spare bedroom"


class Keycloak:
    """A provider that is only looked at."""

    name = "Keycloak"
    issuer = "https://login.example.com"

    def way_there(self, *, state: str, nonce: str, challenge: str, again: bool) -> str:
        """Nowhere real."""
        return f"{self.issuer}/auth?state={state}"

    def arrive(self, *, code: str, verifier: str, nonce: str, issuer: str, again: bool) -> Arrival:
        """Always Alice."""
        return Arrival(self.issuer, "alice", "alice@example.com", "Alice")

    def way_out(self, id_token: str) -> str:
        """Nowhere real."""
        return f"{self.issuer}/out"

    def ended(self, token: str) -> Ended:
        """Nothing ends."""
        raise Invalid("This is no notice.")


@dataclass
class Scene:
    """The installation, and how a browser comes to each page."""

    place: Place
    secret: str
    asked: int = 0

    def go(self, context: BrowserContext, name: str, address: str) -> Page:
        """The page in a browser, as whoever did what it says sees it."""
        path = self.enter(context, name, address)
        page = context.new_page()
        page.goto(address + path)
        self._act(page, name)
        return page

    def enter(self, context: BrowserContext, name: str, address: str) -> str:
        """Put into the browser what the page needs; its path."""
        path, cookies = self.way(name)
        context.add_cookies([{"name": cookie, "value": value, "url": address} for cookie, value in cookies.items()])
        return path

    def way(self, name: str) -> tuple[str, dict[str, str]]:
        """The path of a page, and the cookies that lead to it."""
        path, sessions, people = PAGES[name], self.place.sessions, self.place.people
        if path.startswith(("/me", "/people", "/audit")):
            who = "alice" if path.startswith("/me") else "erin"
            how = How.PROVIDER if name == "password" else How.PASSWORD_CODE
            return path.format(alice=people["alice"].id), {"tocsin": sessions.open(people[who], HOME, how).token}
        if path == "/sign-in/code":
            return path, {"tocsin-begun": self._begun("alice" if name in ("code", "code-wrong") else "erin")}
        if name == "signed-out":
            return path, {"tocsin-begun": sessions.keep_way_out("https://login.example.com/out")}
        return path.format(token=sessions.make_link(people["bob"].id)) if name == "link" else path, {}

    def _begun(self, who: str) -> str:
        """Who has given the password and is asked for a code."""
        try:
            self.place.sessions.sign_in(f"{who}@example.com", PASSWORD, HOME)
        except SecondStep as step:
            return step.token
        raise AssertionError("no second factor is asked for")

    def _act(self, page: Page, name: str) -> None:
        """Type and press what leads from the page's address to the page."""
        if name in ("wrong", "locked"):
            if name == "locked":
                self._guess()
            page.get_by_label("Mail address").fill("bob@example.com" if name == "wrong" else "carol@example.com")
            page.get_by_label("Password").fill("guessed")
            page.get_by_role("button", name="Sign in", exact=True).click()
        elif name == "sent":
            self.asked += 1  # another address each time: links for one are few
            page.get_by_label("Mail address").fill(f"{'a' * 40}{self.asked}@a-very-long-name-of-a-company.example.com")
            page.get_by_role("button", name="Send me a sign-in link").click()
        elif name in ("code-wrong", "set-up-wrong"):
            page.locator("input[name=code]").fill("1234567")
            page.locator("form button").click()
        elif name in ("recovery", "recovery-new"):
            self._get_codes(page, name)

    def _get_codes(self, page: Page, name: str) -> None:
        """Set a second factor up, or make new recovery codes: each shows them."""
        if name == "recovery-new":
            page.get_by_role("button", name="New recovery codes").click()
            return
        secret = "".join((page.locator(".secret").text_content() or "").split())
        page.locator("input[name=code]").fill(code_at(secret, self.place.desk.clock.now() // STEP))
        page.locator("form button").click()
        page.wait_for_selector(".codes")
        # As if it had not been: whoever looks at the next page is asked for the set-up too.
        for factor in list(self.place.desk.config().second_factors.values()):
            if factor.user_id == self.place.people["erin"].id:
                self.place.desk.run(self.place.as_("erin"), DeleteThing(thing_kind="second_factor", thing_id=factor.id))

    def _guess(self) -> None:
        """Wrong passwords from here, until it is too many."""
        for _ in range(HERE.most):
            with suppress(NotSignedIn, TooMany):
                self.place.sessions.sign_in("carol@example.com", "guessed", Visitor("127.0.0.1"))


PAGES = {
    "sign-in": "/sign-in",
    "wrong": "/sign-in",
    "locked": "/sign-in",
    "sent": "/sign-in",
    "provider-refused": "/sign-in/provider/back?state=unknown",
    "link": "/enter/{token}",
    "link-over": "/enter/unknown",
    "code": "/sign-in/code",
    "code-wrong": "/sign-in/code",
    "set-up": "/sign-in/code",
    "set-up-wrong": "/sign-in/code",
    "recovery": "/sign-in/code",
    "recovery-new": "/me",
    "signed-out": "/signed-out",
    "me": "/me",
    "password": "/me",
    "second-factor": "/me/second-factor",
    "prove": "/me/prove",
    "person": "/people/{alice}",
    "history": "/audit",
    "history-failed": "/audit?kind=refused",
}
"""What there is to see."""


def scene(folder: Path) -> Scene:
    """Alice has all there is, Erin must set a second factor up."""
    place = small(folder)
    ids = IdSource(random.Random(4))
    policy = Policy(second_factor=Demand.OWNERS)
    sessions = Sessions(place.store, place.desk, place.desk.clock, ids, QUICK, policy=policy)
    sessions.join(Keycloak(), Rules())
    place.sessions = sessions
    place.site = replace(place.site, sessions=sessions)
    alice = place.people["alice"]
    place.desk.clock.moment -= 30 * HOUR
    secret = sessions.codes.setup(alice, "h").secret
    sessions.codes.confirm_setup(alice, "h", code_at(secret, place.desk.clock.now() // STEP), HOME)
    for number, name in enumerate(("My laptop", LONG, "مفتاح 🔑")):
        key = Passkey(id="", user_id=alice.id, name=name, credential_id=f"c{number}", public_key="k", synced=not number)
        saved = place.desk.save(key)
        if not number:
            place.store.raise_mark(f"passkey-used:{saved.id}", 1, place.desk.clock.now())
    sessions.ground.note(alice, SecurityEvent.PASSWORDS_FAILED, Visitor("203.0.113.9", "curl/8.1"))
    place.desk.clock.moment += 26 * HOUR
    sessions.open(alice, PHONE, How.PASSKEY)
    place.desk.clock.moment += 3 * HOUR
    sessions.ground.note(alice, SecurityEvent.PASSKEY_NEW, PHONE, LONG)
    sessions.open(alice, HOME, How.PROVIDER)
    place.desk.clock.moment += 60 * MINUTE
    return Scene(place, secret)
