"""Signing in and out: by password, or by a one-time link that shows a button first, because programs open links too."""

from __future__ import annotations

from typing import Final

from starlette.responses import RedirectResponse, Response

from tocsin.kernel.errors import Invalid, NotSignedIn, TocsinError
from tocsin.runtime.sessions import ABSOLUTE, Opened
from tocsin.web import guard
from tocsin.web.visit import Visit, status_of

_COOKIE_SECONDS: Final = ABSOLUTE // 1_000_000
_MAIL_CHARS: Final = 255


def sign_in_page(visit: Visit) -> Response:
    """GET `/sign-in`."""
    if visit.user is not None:
        return RedirectResponse(guard.safe_next(visit.request.query_params.get("next", "/")), 303)
    return _page(visit, next_path=guard.safe_next(visit.request.query_params.get("next", "/")))


def sign_in(visit: Visit) -> Response:
    """POST `/sign-in`: by password, or ask for a link."""
    email, next_path = visit.text("email", _MAIL_CHARS).strip(), guard.safe_next(visit.text("next", 2000) or "/")
    try:
        if visit.text("by") == "link":
            return _send_link(visit, email, next_path)
        opened = visit.site.sessions.sign_in(email, visit.text("password", 300), visit.visitor, replaces=visit.token)
    except TocsinError as error:
        return _page(visit, next_path=next_path, email=email, error=error, code=status_of(error))
    return enter_with(visit, opened, next_path)


def link_page(visit: Visit) -> Response:
    """GET `/enter/{token}`: shows whom the link is for. Uses nothing up."""
    holder = visit.site.sessions.link_holder(visit.request.path_params["token"])
    return visit.page("enter.html", 200 if holder else 410, holder=holder)


def enter(visit: Visit) -> Response:
    """POST `/enter/{token}`."""
    token = visit.request.path_params["token"]
    try:
        opened = visit.site.sessions.sign_in_by_link(token, visit.visitor, replaces=visit.token)
    except NotSignedIn:
        return visit.page("enter.html", 410, holder=None)
    return enter_with(visit, opened, "/")


def sign_out(visit: Visit) -> Response:
    """POST `/sign-out`."""
    visit.site.sessions.sign_out(visit.token)
    response = RedirectResponse("/sign-in", 303)
    guard.set_cookie(response, visit.line, visit.line.session_cookie, "", 0)
    # What the browser kept of our pages goes too.
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response


def enter_with(visit: Visit, opened: Opened, path: str) -> Response:
    """Hand the browser its new session."""
    response = RedirectResponse(path, 303)
    guard.set_cookie(response, visit.line, visit.line.session_cookie, opened.token, _COOKIE_SECONDS)
    return response


def _send_link(visit: Visit, email: str, next_path: str) -> Response:
    mail_link = visit.site.mail_link
    if mail_link is None or not email:
        raise Invalid("Type your mail address." if mail_link else "Mail is not set up here.")
    found = visit.site.sessions.ask_for_link(email, visit.visitor)
    if found is not None:
        user, token = found
        base = visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"
        mail_link(user, f"{base}/enter/{token}")
    return _page(visit, next_path=next_path, email=email, sent=True)


def _page(
    visit: Visit,
    *,
    next_path: str,
    email: str = "",
    error: TocsinError | None = None,
    sent: bool = False,
    code: int = 200,
) -> Response:
    ways = {"has_mail": visit.site.mail_link is not None, "has_owner": bool(visit.config.owners)}
    return visit.page("sign_in.html", code, next=next_path, email=email, error=error, sent=sent, **ways)
