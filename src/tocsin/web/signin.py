"""Signing in and out: by password, by a one-time link, by passkey, by the company's provider; and the code after it.

A link shows a button first, because programs open links too. Decides where one lands; who may come in is decided in
`runtime.sessions`.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

from starlette.responses import RedirectResponse, Response

from tocsin.kernel.errors import Invalid, NotSignedIn, TocsinError, TooMany, Unavailable
from tocsin.runtime.passkeys import RelyingSite
from tocsin.runtime.sessions import ABSOLUTE, STEP_LIFE, Opened, SecondStep
from tocsin.runtime.sign_in_ground import SecurityEvent
from tocsin.web import guard
from tocsin.web.language import gettext as _
from tocsin.web.language import later, said
from tocsin.web.visit import Visit, status_of

_COOKIE_SECONDS: Final = ABSOLUTE // 1_000_000
_STEP_SECONDS: Final = STEP_LIFE // 1_000_000
_WAY_SECONDS: Final = 15 * 60
_BROWSER_SECONDS: Final = 180 * 86_400
_MAIL_CHARS: Final = 255
_CODE_CHARS: Final = 100
_PASSKEY_CHARS: Final = 20_000

_SAID: Final = (
    later("The mail address or the password is wrong."),
    later("This link was used already or is too old."),
    later("This code is wrong or was used already. The app shows a new one every 30 seconds."),
    later("This took too long, or there were too many wrong codes. Sign in again."),
    later("This took too long. Scan the new code."),
    later("This took too long. Try again."),
    later("This code does not fit. Type the six digits that the app shows now."),
    later("This passkey is not known here, or was removed. Sign in another way."),
    later("The browser's answer is not a passkey for this site. Try again."),
    later("This sign-in was not begun in this browser, was ended, or took too long. Start again."),
    later("Signing in here is by the company's account only."),
    later("Your account here is switched off. Ask an owner."),
    later("You have no account here yet. Ask an owner to add you."),
    later("The present password is wrong."),
    later("Sign out and in again: there is no password or code to ask you for."),
    later("A password must not be made of your own name or address."),
    later("This password repeats a few characters only. Three or four words do well."),
    later("Many people sign in at this moment. Try again in a few seconds."),
)
"""Refusals of the layers below that people read here, so that they can be said in their language."""


def in_words(error: TocsinError) -> TocsinError:
    """The same refusal in the reader's language, where it has the words."""
    error.message = said(error.message)
    return error


def sign_in_page(visit: Visit) -> Response:
    """GET `/sign-in`."""
    next_path = guard.safe_next(visit.request.query_params.get("next", "/"))
    if visit.user is not None:
        return RedirectResponse(next_path, 303)
    return _page(visit, next_path=next_path)


def sign_in(visit: Visit) -> Response:
    """POST `/sign-in`: by password, or ask for a link."""
    email, next_path = visit.text("email", _MAIL_CHARS).strip(), guard.safe_next(visit.text("next", 2000) or "/")
    try:
        if visit.text("by") == "link":
            return _send_link(visit, email, next_path)
        opened = visit.site.sessions.sign_in(email, visit.text("password", 300), visit.visitor, replaces=visit.token)
    except SecondStep as step:
        return _to_code(visit, step, next_path)
    except TocsinError as error:
        return _page(visit, next_path=next_path, email=email, error=error, code=status_of(error))
    return enter_with(visit, opened, next_path)


# -- links


def link_page(visit: Visit) -> Response:
    """GET `/enter/{token}`: shows whom the link is for. Uses nothing up."""
    holder = visit.site.sessions.link_holder(visit.request.path_params["token"])
    return visit.page("enter.html", 200 if holder else 410, holder=holder, error=None)


def enter(visit: Visit) -> Response:
    """POST `/enter/{token}`."""
    token = visit.request.path_params["token"]
    try:
        opened = visit.site.sessions.sign_in_by_link(token, visit.visitor, replaces=visit.token)
    except SecondStep as step:
        return _to_code(visit, step, "/")
    except NotSignedIn as error:
        only = in_words(error) if error.reason == "only_provider" else None
        return visit.page("enter.html", 410, holder=None, error=only)
    return enter_with(visit, opened, "/")


def _send_link(visit: Visit, email: str, next_path: str) -> Response:
    mail_link = visit.site.link_mail
    if mail_link is None or not email:
        raise Invalid(_("Type your mail address.") if mail_link else _("Mail is not set up here."))
    found = visit.site.sessions.ask_for_link(email, visit.visitor)
    if found is not None:
        user, token = found
        base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
        mail_link(user, f"{base}/enter/{token}")
    return _page(visit, next_path=next_path, email=email, sent=True)


# -- the code after it


def code_page(visit: Visit) -> Response:
    """GET `/sign-in/code`: asks for the second factor, or has one set up."""
    return _step_page(visit, None)


def enter_code(visit: Visit) -> Response:
    """POST `/sign-in/code`."""
    sessions, token = visit.site.sessions, _begun(visit)
    next_path, code = guard.safe_next(visit.text("next", 2000) or "/"), visit.text("code", _CODE_CHARS)
    try:
        if not sessions.step(token).setup:
            opened = sessions.sign_in_by_code(token, code, visit.visitor, replaces=visit.token)
            return enter_with(visit, opened, next_path, ends_begun=True)
        opened, codes = sessions.set_up_and_sign_in(token, code, visit.visitor, replaces=visit.token)
    except TocsinError as error:
        return _step_page(visit, in_words(error))
    # No new address: these codes are shown once, and never go into one.
    page = visit.page("recovery.html", codes=codes, next=next_path, alone=True)
    return _keep(visit, page, opened, ends_begun=True)


def _step_page(visit: Visit, error: TocsinError | None) -> Response:
    sessions, token = visit.site.sessions, _begun(visit)
    if not token:
        return RedirectResponse("/sign-in", 303)
    asked = visit.text("next", 2000) or visit.request.query_params.get("next", "/")
    next_path = guard.safe_next(asked)
    try:
        step = sessions.step(token)
        setup = sessions.codes.setup(step.user, token) if step.setup else None
    except TocsinError as over:
        return _page(visit, next_path=next_path, error=error or over, code=status_of(error or over))
    code = status_of(error) if error is not None else 200
    shown = {"setup": setup, "who": step.user, "next": next_path, "error": error}
    return visit.page("code.html" if setup is None else "set_up.html", code, **shown)


def _to_code(visit: Visit, step: SecondStep, next_path: str) -> Response:
    response = RedirectResponse(f"/sign-in/code?next={quote(next_path, safe='')}", 303)
    guard.set_cookie(response, visit.line, visit.line.begun_cookie, step.token, _STEP_SECONDS)
    return response


def _begun(visit: Visit) -> str:
    return visit.request.cookies.get(visit.line.begun_cookie, "")[:100]


# -- passkeys


def relying_site(visit: Visit) -> RelyingSite | None:
    """For which site passkeys of this page are; None where browsers allow none, or the address is not ours.

    Never what the request's Host header says alone: it is the public address, or this machine's own name.
    """
    host = visit.request.headers.get("host", "").lower()
    public = urlsplit(visit.site.public_url)
    if public.scheme == "https" and public.hostname and public.netloc.lower() == host:
        return RelyingSite(public.hostname.lower(), f"https://{host}")
    name = host.partition(":")[0]
    if name == "localhost":
        scheme = "https" if visit.line.secure else "http"
        return RelyingSite(name, f"{scheme}://{host}")
    return None


def ask_passkey(visit: Visit) -> Response:
    """POST `/sign-in/passkey-begin`: what the browser is to answer, as JSON."""
    site = relying_site(visit)
    if site is None:
        raise Invalid(_("Passkeys do not work at this address."))
    answer = visit.site.sessions.passkeys.ask(visit.csrf, site, visit.visitor)
    return Response(answer, media_type="application/json")


def enter_by_passkey(visit: Visit) -> Response:
    """POST `/sign-in/passkey`."""
    next_path, site = guard.safe_next(visit.text("next", 2000) or "/"), relying_site(visit)
    sessions = visit.site.sessions
    try:
        if site is None:
            raise Invalid(_("Passkeys do not work at this address."))
        user = sessions.passkeys.whose(visit.csrf, site, visit.text("answer", _PASSKEY_CHARS), visit.visitor)
        opened = sessions.sign_in_by_passkey(user, visit.visitor, replaces=visit.token)
    except TocsinError as error:
        return _page(visit, next_path=next_path, error=error, code=status_of(error))
    return enter_with(visit, opened, next_path)


# -- the provider


def to_provider(visit: Visit) -> Response:
    """GET `/sign-in/provider`: on to the company's provider. `again`: also for somebody who is signed in."""
    next_path = guard.safe_next(visit.request.query_params.get("next", "/"))
    again, federation = bool(visit.query("again")), visit.site.sessions.federation
    if federation is None or (visit.user is not None and not again):
        return RedirectResponse(next_path if visit.user is not None else "/sign-in", 303)
    try:
        way = federation.begin(next_path, visit.visitor, again=again)
    except TocsinError as error:
        return _page(visit, next_path=next_path, error=error, code=status_of(error))
    response = RedirectResponse(way.url, 303)
    guard.set_cookie(response, visit.line, visit.line.begun_cookie, way.token, _WAY_SECONDS)
    return response


def from_provider(visit: Visit) -> Response:
    """GET `/sign-in/provider/back`: what the provider sent the browser back with."""
    federation = visit.site.sessions.federation
    if federation is None:
        return RedirectResponse("/sign-in", 303)
    answer = {name: value[:4000] for name, value in visit.request.query_params.items()}
    try:
        came = federation.come(_begun(visit), answer, visit.visitor)
        opened = visit.site.sessions.sign_in_by_provider(came.user, came.arrival, visit.visitor, replaces=visit.token)
    except TocsinError as error:
        response = _page(visit, next_path="/", error=error, code=status_of(error))
        guard.set_cookie(response, visit.line, visit.line.begun_cookie, "", 0)
        return response
    return enter_with(visit, opened, guard.safe_next(came.next_path), ends_begun=True)


def notice_of_provider(visit: Visit) -> Response:
    """POST `/sign-in/provider/ended`: the provider says that somebody has signed out there."""
    federation = visit.site.sessions.federation
    headers = {"cache-control": "no-store"}
    if federation is None:
        return Response(status_code=404, headers=headers)
    try:
        federation.end_by_notice(visit.text("logout_token", 40_000))
    except (Invalid, Unavailable, TooMany) as error:
        return Response(error.message, 400 if isinstance(error, Invalid) else 503, headers, "text/plain")
    return Response(status_code=200, headers=headers)


# -- out


def sign_out(visit: Visit) -> Response:
    """POST `/sign-out`: here at once; at the provider by a button on the page that follows."""
    if visit.user is not None:
        visit.site.sessions.ground.note(visit.user, SecurityEvent.SIGNED_OUT, visit.visitor)
    way_out = visit.site.sessions.sign_out(visit.token)
    response = RedirectResponse("/signed-out" if way_out else "/sign-in", 303)
    guard.set_cookie(response, visit.line, visit.line.session_cookie, "", 0)
    if way_out:
        token = visit.site.sessions.keep_way_out(way_out)
        guard.set_cookie(response, visit.line, visit.line.begun_cookie, token, _WAY_SECONDS)
    # What the browser kept of our pages goes too.
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def signed_out_page(visit: Visit) -> Response:
    """GET `/signed-out`: one is signed out here, and may be so at the provider."""
    federation = visit.site.sessions.federation
    way_out = visit.site.sessions.way_out(_begun(visit))
    if visit.user is not None or federation is None or not way_out:
        return RedirectResponse("/sign-in", 303)
    return visit.page("signed_out.html", way_out=way_out, provider=federation.provider.name)


# -- what all of them share


def enter_with(visit: Visit, opened: Opened, path: str, *, ends_begun: bool = False) -> Response:
    """Hand the browser its new session."""
    return _keep(visit, RedirectResponse(path, 303), opened, ends_begun=ends_begun)


def _keep(visit: Visit, response: Response, opened: Opened, *, ends_begun: bool = False) -> Response:
    line = visit.line
    guard.set_cookie(response, line, line.session_cookie, opened.token, _COOKIE_SECONDS)
    guard.set_cookie(response, line, line.browser_cookie, visit.browser, _BROWSER_SECONDS)
    if ends_begun:
        guard.set_cookie(response, line, line.begun_cookie, "", 0)
    return response


def _page(
    visit: Visit,
    *,
    next_path: str,
    email: str = "",
    error: TocsinError | None = None,
    sent: bool = False,
    code: int = 200,
) -> Response:
    sessions = visit.site.sessions
    federation = sessions.federation
    own_ways = not sessions.policy.only_provider
    ways = {
        "has_mail": visit.site.link_mail is not None and own_ways,
        "has_owner": bool(visit.config.owners),
        "own_ways": own_ways,
        "provider": federation.provider.name if federation is not None else "",
        "passkeys": own_ways and relying_site(visit) is not None,
        "is_locked": own_ways and isinstance(error, TooMany),
    }
    told = in_words(error) if error is not None else None
    return visit.page("sign_in.html", code, next=next_path, email=email, error=told, sent=sent, **ways)


SIGN_IN: Final = (
    ("/sign-in", sign_in_page),
    ("/sign-in", sign_in, "POST"),
    ("/sign-in/code", code_page),
    ("/sign-in/code", enter_code, "POST"),
    ("/sign-in/passkey-begin", ask_passkey, "POST"),
    ("/sign-in/passkey", enter_by_passkey, "POST"),
    ("/sign-in/provider", to_provider),
    ("/sign-in/provider/back", from_provider),
    ("/signed-out", signed_out_page),
    ("/enter/{token}", link_page),
    ("/enter/{token}", enter, "POST"),
)
"""Pages of nobody who is signed in: path, page, and the method where it is not GET."""

NOTICES: Final = (("/sign-in/provider/ended", notice_of_provider, "POST"),)
"""What the provider itself asks for, without a form of ours."""
