"""Signing in, to look at: every page of it, with a provider, second factors, passkeys and what happened lately."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from pathlib import Path

from playwright.sync_api import BrowserContext

from tests.web.place import PASSWORD, QUICK, Place, small
from tocsin.directory.credentials import Passkey
from tocsin.kernel.errors import Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR, MINUTE
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

    def enter(self, context: BrowserContext, page: str, address: str) -> str:
        """Put into the browser what the page needs; its path."""
        visitor, path = HOME, PAGES[page]
        cookies: dict[str, str] = {}
        if path.startswith("/me"):
            opened = self.place.sessions.open(self.place.people["alice"], visitor, How.PASSWORD_CODE)
            cookies["tocsin"] = opened.token
        elif page in ("code", "set-up"):
            who = "alice" if page == "code" else "erin"
            try:
                self.place.sessions.sign_in(f"{who}@example.com", PASSWORD, visitor)
            except SecondStep as step:
                cookies["tocsin-begun"] = step.token
        elif page == "signed-out":
            cookies["tocsin-begun"] = self.place.sessions.keep_way_out("https://login.example.com/out")
        elif page == "link":
            path = path.format(token=self.place.sessions.make_link(self.place.people["bob"].id))
        context.add_cookies([{"name": name, "value": value, "url": address} for name, value in cookies.items()])
        return path


PAGES = {
    "sign-in": "/sign-in",
    "link": "/enter/{token}",
    "link-over": "/enter/unknown",
    "code": "/sign-in/code",
    "set-up": "/sign-in/code",
    "signed-out": "/signed-out",
    "me": "/me",
    "second-factor": "/me/second-factor",
    "prove": "/me/prove",
}


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
