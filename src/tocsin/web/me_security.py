"""How one signs in, on the page about oneself: second factor, recovery codes, passkeys, password, sessions.

Whatever changes that asks first who it is, unless the person has proved it within a quarter of an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from tocsin.directory.model import User
from tocsin.kernel.errors import Invalid, NotSignedIn, TocsinError
from tocsin.kernel.time import Moment
from tocsin.runtime.sessions import Session
from tocsin.runtime.sign_in_ground import EventRow, How, SecurityEvent
from tocsin.web import guard
from tocsin.web.agents import browser_words
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.signin import enter_with, in_words, relying_site
from tocsin.web.visit import Visit, status_of

_CODE_CHARS: Final = 100
_ANSWER_CHARS: Final = 20_000
_NAME_CHARS: Final = 300
_EVENTS: Final = 10

HOW_WORDS: Final[Mapping[str, str]] = {
    How.PASSWORD: later("by password"),
    How.PASSWORD_CODE: later("by password and code"),
    How.LINK: later("by a link in a mail"),
    How.LINK_CODE: later("by a link in a mail and code"),
    How.PRINTED_LINK: later("by a link of the server's command line"),
    How.PASSKEY: later("by passkey"),
    How.PROVIDER: later("by the company's account"),
}

EVENT_WORDS: Final[Mapping[str, str]] = {
    SecurityEvent.NEW_BROWSER: later("Signed in with a new browser"),
    SecurityEvent.PRINTED_LINK: later("Signed in by a link of the server's command line"),
    SecurityEvent.PASSWORD: later("Password changed"),
    SecurityEvent.FACTOR_ON: later("Second factor set up"),
    SecurityEvent.FACTOR_OFF: later("Second factor removed"),
    SecurityEvent.RECOVERY_NEW: later("New recovery codes made"),
    SecurityEvent.RECOVERY_USED: later("A recovery code was used"),
    SecurityEvent.PASSKEY_NEW: later("Passkey added"),
    SecurityEvent.PASSKEY_GONE: later("Passkey removed"),
    SecurityEvent.PASSKEY_COPIED: later("A passkey was refused: somebody may have a copy of it"),
    SecurityEvent.PASSWORDS_FAILED: later("Many wrong passwords"),
    SecurityEvent.CODES_FAILED: later("Wrong codes after the right password"),
    SecurityEvent.PROVIDER: later("The provider's groups could not all be followed"),
    SecurityEvent.ENDED_BY_OTHER: later("Signed out everywhere by an administrator"),
    SecurityEvent.SIGNED_IN: later("Signed in"),
    SecurityEvent.REFUSED: later("Sign-in by password refused"),
    SecurityEvent.SIGNED_OUT: later("Signed out"),
    SecurityEvent.ENDED: later("Ended sessions in other browsers"),
}


@dataclass(frozen=True, slots=True)
class Place:
    """A session as its owner reads it."""

    id: str
    browser: str
    agent: str
    address: str
    how: str
    opened_at: Moment
    seen_at: Moment


@dataclass(frozen=True, slots=True)
class Happened:
    """A security event as its owner reads it."""

    at: Moment
    what: str
    where: str
    detail: str


def places(visit: Visit, user_id: str) -> list[Place]:
    """Where a person is signed in, the one seen last first."""
    return [
        Place(
            id=one.id,
            browser=browser_words(one.agent),
            agent=one.agent,
            address=one.address,
            how=_(HOW_WORDS.get(one.how, one.how)),
            opened_at=one.opened_at,
            seen_at=one.seen_at,
        )
        for one in visit.site.sessions.sessions_of(user_id)
    ]


def happened(visit: Visit, user_id: str, limit: int = _EVENTS) -> list[Happened]:
    """What happened around a person's ways to sign in, newest first."""
    return [happened_of(row) for row in visit.site.sessions.ground.events(user_id, limit)]


def happened_of(row: EventRow) -> Happened:
    """An event in words."""
    where = ", ".join(filter(None, (browser_words(row.agent) if row.agent else "", row.address)))
    by_way = row.kind in (SecurityEvent.SIGNED_IN, SecurityEvent.NEW_BROWSER)
    detail = _(HOW_WORDS.get(row.detail, row.detail)) if by_way and row.detail else row.detail
    return Happened(row.at, _(EVENT_WORDS.get(row.kind, row.kind)), where, detail)


def security_of(visit: Visit, user: User) -> dict[str, Any]:
    """What the section shows."""
    sessions = visit.site.sessions
    federation, session = sessions.federation, visit.session
    here_id = session.id if session is not None else ""
    return {
        "has_factor": sessions.codes.has(user.id),
        "recovery_left": sessions.codes.recovery_left(user.id),
        "must_have_factor": sessions.policy.demands_two(user),
        "passkeys": sessions.passkeys.of(user.id),
        "passkeys_work": relying_site(visit) is not None,
        "own_ways": not sessions.policy.only_provider,
        "provider": federation.provider.name if federation is not None else "",
        "linked": [one for one in visit.config.identities.values() if one.user_id == user.id],
        "happened": happened(visit, user.id),
        "sessions": sorted(places(visit, user.id), key=lambda one: one.id != here_id),  # this browser first
        "here_id": here_id,
        "needs_old": session is not None and sessions.needs_old_password(session),
    }


# -- proving again who one is


def _session(visit: Visit) -> Session:
    if visit.session is None:
        raise NotSignedIn("Sign in first.")
    return visit.session


def proved(do: Callable[[Visit], Response]) -> Callable[[Visit], Response]:
    """The page, once the person has proved lately who they are; else the page that asks for it."""

    def page(visit: Visit) -> Response:
        if visit.site.sessions.is_proved(_session(visit)):
            return do(visit)
        back = visit.path if visit.request.method == "GET" else "/me#security"
        return RedirectResponse("/me/prove?" + urlencode({"next": back}), 303)

    return page


def prove_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """GET `/me/prove`."""
    sessions = visit.site.sessions
    next_path = guard.safe_next(visit.text("next", 2000) or visit.request.query_params.get("next", "/me"))
    federation = sessions.federation
    ways = {
        "by_code": sessions.codes.has(visit.me.id),
        "by_password": bool(visit.me.password_hash) and not sessions.policy.only_provider,
        "by_passkey": bool(visit.config.passkeys_of.get(visit.me.id)) and relying_site(visit) is not None,
        "provider": federation.provider.name if federation is not None else "",
    }
    return visit.page("prove.html", code, next=next_path, error=error, **ways)


def prove(visit: Visit) -> Response:
    """POST `/me/prove`: by code, password or passkey."""
    sessions = visit.site.sessions
    try:
        if visit.text("answer", _ANSWER_CHARS):
            _prove_by_passkey(visit)
        else:
            sessions.prove(
                visit.token, visit.visitor, password=visit.text("password", 300), code=visit.text("code", _CODE_CHARS)
            )
    except TocsinError as error:
        return prove_page(visit, error=in_words(error), code=status_of(error))
    return RedirectResponse(guard.safe_next(visit.text("next", 2000) or "/me"), 303)


def _prove_by_passkey(visit: Visit) -> None:
    site, sessions = relying_site(visit), visit.site.sessions
    if site is None:
        raise Invalid(_("Passkeys do not work at this address."))
    try:
        user = sessions.passkeys.whose(visit.csrf, site, visit.text("answer", _ANSWER_CHARS), visit.visitor)
    except NotSignedIn as error:
        raise Invalid(error.message) from error
    if user.id != visit.me.id:
        raise Invalid(_("This is the passkey of somebody else."))
    sessions.proved(visit.token)


# -- second factor


def factor_page(visit: Visit, *, error: TocsinError | None = None, code: int = 200) -> Response:
    """GET `/me/second-factor`: the code to scan."""
    setup = visit.site.sessions.codes.setup(visit.me, visit.token)
    return visit.page("second_factor.html", code, setup=setup, error=error)


def set_factor(visit: Visit) -> Response:
    """POST `/me/second-factor`: in force with the first code; every other session ends."""
    sessions = visit.site.sessions
    try:
        codes = sessions.codes.confirm_setup(visit.me, visit.token, visit.text("code", _CODE_CHARS), visit.visitor)
    except TocsinError as error:
        return factor_page(visit, error=in_words(error), code=status_of(error))
    opened = sessions.reopen(visit.me, _session(visit), visit.visitor)
    return _shown_once(visit, codes, opened.token)


def drop_factor(visit: Visit) -> Response:
    """POST `/me/factor-remove`: back to one factor; every other session ends."""
    sessions = visit.site.sessions
    if sessions.policy.demands_two(visit.me):
        raise Invalid(_("A second factor is asked of you here. Set up another phone instead."))
    sessions.codes.remove(visit.me, visit.visitor)
    opened = sessions.reopen(visit.me, _session(visit), visit.visitor)
    response = enter_with(visit, opened, "/me#security")
    guard.say(response, visit.line, "me-factor-gone")
    return response


def new_recovery(visit: Visit) -> Response:
    """POST `/me/recovery-new`: shows ten new codes; the old ones are void."""
    return _shown_once(visit, visit.site.sessions.codes.new_recovery_codes(visit.me, visit.visitor))


def _shown_once(visit: Visit, codes: tuple[str, ...], token: str = "") -> Response:
    """The recovery codes, as the answer to the form: they never stand in an address and are not to be had again."""
    if token:
        visit.config = visit.site.desk.config()
        visit.token, visit.session = token, visit.site.sessions.find(token)
    response = visit.page("recovery.html", codes=codes, next="/me#security", alone=False)
    if token:
        guard.set_cookie(response, visit.line, visit.line.session_cookie, token, 14 * 86_400)
    return response


# -- passkeys


def offer_passkey(visit: Visit) -> Response:
    """POST `/me/passkey-begin`: what the browser is to make one from, as JSON."""
    site = relying_site(visit)
    if site is None:
        raise Invalid(_("Passkeys do not work at this address."))
    offer = visit.site.sessions.passkeys.offer(visit.me, visit.token, site)
    return Response(offer, media_type="application/json")


def ask_passkey_again(visit: Visit) -> Response:
    """POST `/me/prove-begin`: what the browser is to answer, as JSON."""
    site = relying_site(visit)
    if site is None:
        raise Invalid(_("Passkeys do not work at this address."))
    return Response(visit.site.sessions.passkeys.ask(visit.csrf, site, visit.visitor), media_type="application/json")


def add_passkey(visit: Visit) -> Response:
    """POST `/me/passkey-add`."""
    site, passkeys = relying_site(visit), visit.site.sessions.passkeys
    if site is None:
        raise Invalid(_("Passkeys do not work at this address."))
    answer, name = visit.text("answer", _ANSWER_CHARS), visit.text("passkey", _NAME_CHARS)
    if not answer:
        raise Invalid(_("A passkey is made by the browser, with scripts: allow them for this site."))
    passkeys.add(visit.me, visit.token, site, answer, name, visit.visitor)
    return visit.go("/me#security", "me-passkey")


def drop_passkey(visit: Visit) -> Response:
    """POST `/me/passkey-remove`: also ends every other session, for it may have opened one."""
    visit.site.sessions.passkeys.remove(visit.me, visit.text("id", 40), visit.visitor)
    visit.site.sessions.end_others(visit.me.id, visit.token)
    return visit.go("/me#security", "me-passkey-gone")


# -- password and sessions


def set_password(visit: Visit) -> Response:
    """POST `/me/password`."""
    new = visit.text("new", 300)
    if new != visit.text("again", 300):
        raise Invalid(_("The two new passwords are not the same."))
    opened = visit.site.sessions.change_password(visit.token, visit.text("old", 300), new, visit.visitor)
    response = enter_with(visit, opened, "/me#security")
    guard.say(response, visit.line, "me-password")
    return response


def end_session(visit: Visit) -> Response:
    """POST `/me/session-end`."""
    visit.site.sessions.end(visit.me.id, visit.text("id", 40))
    visit.site.sessions.ground.note(visit.me, SecurityEvent.ENDED, visit.visitor)
    return visit.go("/me#sessions", "me-session")


def end_others(visit: Visit) -> Response:
    """POST `/me/session-end-others`."""
    if visit.site.sessions.end_others(visit.me.id, visit.token):
        visit.site.sessions.ground.note(visit.me, SecurityEvent.ENDED, visit.visitor)
    return visit.go("/me#sessions", "me-sessions")


SECURITY_ACTIONS: Final[Mapping[str, Callable[[Visit], Response]]] = {
    "password": set_password,
    "session-end": end_session,
    "session-end-others": end_others,
    "factor-remove": proved(drop_factor),
    "recovery-new": proved(new_recovery),
    "passkey-add": proved(add_passkey),
    "passkey-remove": proved(drop_passkey),
}
"""Forms of these sections, by the last part of their address."""

SECURITY: Final = (
    ("/me/prove", prove_page),
    ("/me/prove", prove, "POST"),
    ("/me/prove-begin", ask_passkey_again, "POST"),
    ("/me/second-factor", proved(factor_page)),
    ("/me/second-factor", proved(set_factor), "POST"),
    ("/me/passkey-begin", proved(offer_passkey), "POST"),
)
"""Pages about how one signs in: path, page, and the method where it is not GET."""
