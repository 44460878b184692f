"""Every form of every page: sent from elsewhere or without its token it does nothing; a GET never changes anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from starlette.routing import Route

from tests.web.defined_scene import starts, workflow
from tests.web.place import PASSWORD, Browser, Place
from tests.web.scenes import Booth, Show
from tocsin.directory.views import SavedView
from tocsin.events.orchestration import START, Actions, Call, OrchestrationPath, OrchestrationRule, PathKind, RuleSet
from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.errors import Unavailable
from tocsin.runtime.reads import AuditFilter, TimelineFilter
from tocsin.web.actions import ACTIONS
from tocsin.web.app import create
from tocsin.web.defined import DEFINED
from tocsin.web.me_security import SECURITY
from tocsin.web.signin import NOTICES, SIGN_IN

FORMS: dict[str, dict[str, Any]] = {
    "/sign-out": {},
    "/zone": {"back": "/"},
    "/density": {"back": "/"},
    "/incidents": {"do": "acknowledge"},
    "/incidents/undo": {"did": "acknowledge"},
    "/incidents/views": {"name": "Loud", "query": "urgency=high"},
    "/incidents/views/PVIEW01/remove": {},
    **{f"/alerts/ALERT/{action}": {"into": "2"} for action in ("move", "split", "resolve", "trigger")},
    "/incidents/new": {"title": "Raised by hand", "service": ""},
    "/me/contact-add": {"channel": "sms", "address": "+1 202 555 0142"},
    "/me/rule-add": {"urgency": "low", "delay": "7"},
    "/me/handoff-add": {"about": "both", "advance": "60"},
    "/me/profile": {"name": "Alicia", "zone": "Europe/Berlin"},
    "/me/language": {"language": "de"},
    "/me/prove": {"password": PASSWORD, "next": "/me"},
    "/me/password": {"old": PASSWORD, "new": "stapled horses battery", "again": "stapled horses battery"},
    "/me/session-end-others": {},
    "/demo/phones": {"do": "reply", "number": "+12025550100", "text": "10"},
    "/demo/show": {"do": "start"},
    **{
        f"/incidents/1/{action}": {"text": "A note", "title": "Said better", "urgency": "low", "seconds": "900"}
        for action in ACTIONS
    },
}
"""A form for every address that takes one from people who are signed in."""

OTHERS: dict[str, dict[str, Any]] = {
    "/me/prove-begin": {},
    "/me/second-factor": {"code": "000000"},
    "/me/passkey-begin": {},
}
"""The same, where the form alone is not enough: tests/web/test_second_factor.py and test_passkeys.py."""


@pytest.fixture
def fire(place: Place) -> Place:
    """Something is wrong, with a workflow and a webhook for it, and the demo's pages are there."""
    starts(place, workflow(place, "Respond"), "manual")
    rule = OrchestrationRule(id="r", actions=Actions(calls=(Call(name="Restart", url="https://run.example.com/"),)))
    sets = (RuleSet(id=START, rules=(rule,)),)
    service = place.services["PaymentsService"][0]
    place.desk.save(OrchestrationPath(parent_id=service.id, kind=PathKind.SERVICE, sets=sets))
    place.alarm("PaymentsService", "errors", "Payments fail")
    held = place.alarm("PaymentsService", "held", "Alice has this one")
    assert held is not None
    place.desk.run(place.as_("alice"), Acknowledge(incident_id=held.id))
    place.desk.save(SavedView(id="PVIEW01", name="Quiet", user_id=place.people["alice"].id, query="urgency=low"))
    place.site = replace(place.site, booth=Booth(place), show=Show())
    return place


def state_of(place: Place) -> tuple[Any, ...]:
    """Everything that a form could have changed."""
    reads = place.desk.reads
    booth, show = place.site.booth, place.site.show
    assert isinstance(booth, Booth)
    assert isinstance(show, Show)
    return (
        reads.timeline(TimelineFilter(), limit=500).items,
        reads.audit(AuditFilter(), limit=500).items,
        [session.id for session in place.sessions.sessions_of(place.people["alice"].id)],
        list(booth.done),
        list(show.done),
    )


def address_of(place: Place, path: str) -> str:
    """The form's address, with the alert of the first incident in it."""
    return path.replace("ALERT", place.desk.reads.alerts_of(place.incident(1).id).items[0].id)


def filled(place: Place, path: str) -> dict[str, Any]:
    """The form, with ids that exist."""
    fields = dict((FORMS | OTHERS)[path])
    if path == "/incidents":
        fields["id"] = place.incident(1).id
    if path == "/incidents/undo":
        fields |= {"first": str(place.incident(2).status_changed_at), "last": str(place.desk.clock.now())}
    if path == "/incidents/new":
        fields["service"] = place.services["PaymentsService"][0].id
    if path in ("/me/rule-add", "/me/handoff-add"):
        fields["contact"] = place.desk.config().contacts_of[place.people["alice"].id][0].id
    if path.endswith("/workflow"):
        fields["workflow"] = next(iter(place.desk.config().workflows.workflows))
    if path.endswith("/webhook"):
        fields["call"] = f"{place.desk.reads.alerts_of(place.incident(1).id).items[0].id}:0"
    if path.endswith("/reassign"):
        fields["user"] = place.people["bob"].id
    if path.endswith("/merge"):
        fields["into"] = "2"
    return fields


def posting_routes(place: Place) -> Iterator[str]:
    """The address of every route that takes a POST."""
    for route in create(place.site):
        if isinstance(route, Route) and "POST" in (route.methods or ()):
            yield route.path


def test_no_form_is_left_out(fire: Place) -> None:
    # For people who are not signed in: tests of their own.
    tested = {"/a/{token}", *(path for path, _page, *methods in (*SIGN_IN, *NOTICES) if methods)}
    tested |= {path for path, _page, *methods in SECURITY if methods}
    tested |= {path for path, _page, *methods in DEFINED if methods}  # tests/web/test_defined_forms.py
    for path in FORMS:
        parts = path.split("/")
        if path.startswith("/alerts/ALERT/"):
            tested.add("/alerts/{id}/{action}")
        elif path.startswith("/incidents/views/"):
            tested.add("/incidents/views/{id}/remove")
        elif path.startswith("/incidents/1/"):
            tested.add("/incidents/{number:number}/{action}")
        elif path.startswith("/me/"):
            tested.add("/me/{action}")
        else:
            tested.add("/".join(parts))
    assert set(posting_routes(fire)) == tested


REFUSED: dict[str, dict[str, Any]] = {
    "another site": {"origin": "https://evil.example"},
    "another site of the same owner": {"origin": "https://status.tocsin.example"},
    "a lookalike": {"origin": "https://tocsin.example.evil.example"},
    "another port": {"origin": "https://tocsin.example:8443"},
    "a sandboxed frame": {"origin": "null"},
    "no origin, no token": {"origin": None, "csrf": None},
    "no token": {"csrf": None},
    "a token of nobody": {"csrf": "0" * 40},
    "an empty token": {"csrf": " "},
    "no origin, a wrong token": {"origin": None, "csrf": "0" * 40},
}


@pytest.mark.parametrize("path", [*FORMS, *OTHERS])
def test_a_form_from_elsewhere_does_nothing(fire: Place, path: str) -> None:
    browser, other = fire.client("alice"), fire.client("bob")
    fields, before = filled(fire, path), state_of(fire)
    for sender, says in (REFUSED | {"somebody else": {"csrf": other.csrf}}).items():
        assert browser.act(address_of(fire, path), **says, **fields).status_code == 403, sender
    for site in ("cross-site", "same-site"):
        headers = {"sec-fetch-site": site}
        assert (
            browser.post(address_of(fire, path), data={"csrf": browser.csrf, **fields}, headers=headers).status_code
            == 403
        ), site
    assert state_of(fire) == before


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("origin", ["", None], ids=["our origin", "no origin"])
def test_our_own_form_is_taken(fire: Place, path: str, origin: str | None) -> None:
    """With the session's token it is ours, also where a browser sends no origin."""
    if path.endswith(("/merge", "/reopen", "/unacknowledge")):
        fire.alarm("PaymentsService", "other", "Another one")
    browser = fire.client("alice")
    answer = browser.act(address_of(fire, path), origin=origin, **filled(fire, path))
    assert answer.status_code in (303, 409, 422), answer.text
    assert answer.status_code == 303 or path.endswith(("/reopen", "/unacknowledge", "/priority", "/split"))


@pytest.mark.parametrize("path", [*FORMS, *OTHERS])
def test_nobody_signed_in_is_sent_to_sign_in(fire: Place, path: str) -> None:
    before = state_of(fire)
    answer = fire.client().act(address_of(fire, path), **filled(fire, path))
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert state_of(fire) == before


def test_a_get_of_any_address_changes_nothing(fire: Place) -> None:
    browser = fire.client("alice")
    token = fire.sessions.make_link(fire.people["bob"].id)
    fire.messages["good"] = fire.desk.reads.pages_of(fire.incident(1).id)[0].message_id
    before = state_of(fire)
    for route in create(fire.site):
        if isinstance(route, Route) and route.path != "/live":
            path = (
                route.path.replace("{number:number}", "1")
                .replace("{seq:number}", "1")
                .replace("{action}", "acknowledge")
            )
            path = path.replace("/enter/{token}", f"/enter/{token}").replace("{token}", "good")
            for address in (path, f"{path}?do=acknowledge&answer=acknowledge&csrf={browser.csrf}&id=1"):
                assert browser.get(address).status_code in (200, 303, 403, 404, 405), path
    assert state_of(fire) == before
    assert fire.sessions.link_holder(token) is not None


def test_only_forms_are_read(fire: Place) -> None:
    browser = fire.client("alice")
    for kind in ("application/json", "multipart/form-data; boundary=x", "text/plain"):
        headers = {"origin": browser.base, "content-type": kind}
        body = f"csrf={browser.csrf}&text=hello"
        assert browser.post("/incidents/1/note", content=body, headers=headers).status_code == 403


def test_every_form_on_every_page_carries_the_token(fire: Place) -> None:
    browser = fire.client("alice")
    paths = ("/", "/incidents", "/incidents/1", "/incidents/new", "/me", "/demo/phones", "/services", "/on-call")
    for path in paths:
        page = browser.get(path).text
        posts = page.count('method="post"')
        assert page.count(f'name="csrf" value="{browser.csrf}"') == posts > 0, path


@pytest.mark.parametrize("path", ["/", "/incidents", "/incidents/1", "/me", "/sign-in", "/nowhere", "/a/bad"])
def test_headers_stand_on_every_page(fire: Place, path: str) -> None:
    headers = fire.client("alice").get(path).headers
    policy = headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cache-control"] == "no-store"


def test_pages_hold_no_script_and_no_style_of_their_own(fire: Place) -> None:
    browser: Browser = fire.client("alice")
    for path in ("/", "/incidents", "/incidents/1", "/incidents/new", "/me", "/demo/phones", "/sign-in"):
        page = browser.get(path).text
        assert "<script>" not in page
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick" not in page


def test_an_engine_out_of_reach_is_said_in_words_and_keeps_what_was_typed(fire: Place) -> None:
    class Deaf:
        def config(self) -> Any:
            return fire.desk.config()

        def run(self, actor: Any, command: Any, *, key: str = "") -> Any:
            raise Unavailable("The engine does not answer.")

    browser = fire.client("alice", app=None)
    fire.site = replace(fire.site, desk=Deaf())
    deaf = Browser(fire, fire.app(), browser.base, "")
    deaf.cookies, deaf.csrf = browser.cookies, browser.csrf
    answer = deaf.act("/incidents/1/note", text="What I found out at night")
    assert answer.status_code == 503
    assert "The engine does not answer." in answer.text
    assert "What I found out at night" in answer.text


@pytest.mark.parametrize("path", ["/sign-in", "/incidents", "/incidents/1/note", "/a/good"])
@pytest.mark.parametrize("who", ["", "alice"])
@pytest.mark.parametrize("form", [{"text": "x" * 70_000}, {str(one): "x" for one in range(500)}], ids=["long", "many"])
def test_a_form_that_is_too_large_is_refused_on_a_page(fire: Place, path: str, who: str, form: dict[str, str]) -> None:
    browser = fire.client(who)
    before = state_of(fire)
    answer = browser.act(path, **form)
    assert answer.status_code == 413
    assert "This form is too large" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert state_of(fire) == before


def test_a_form_to_an_unknown_address_is_not_even_read(place: Place) -> None:
    form = {"text": "x" * 70_000}
    for who in ("", "alice"):
        assert place.client(who).post("/nowhere", data=form, headers={"accept": "text/html"}).status_code == 404
