"""Defences of every page: headers, cookies, and whether a form really came from one of our own pages.

Plain http on a local network is supported on purpose: there a cookie can be neither `Secure` nor `__Host-`, so it has
another name and the page says what that means. Decides no permission of a person.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from tocsin.kernel.errors import NotAllowed
from tocsin.web.language import gettext as _
from tocsin.web.language import later

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; connect-src 'self'; "
        "font-src 'self'; form-action 'self'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    # Not `no-referrer`: with it browsers send `Origin: null` with our own forms.
    "referrer-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=(), payment=()",
    "cache-control": "no-store",
}
"""On every page. Pictures of alerts come from other hosts and load only when they are opened."""

_SAID: Final = "tocsin-said"
_ANOTHER_SITE: Final = later("This form was sent from another site.")


@dataclass(frozen=True, slots=True)
class Line:
    """How the browser reached us. `secure`: cookies may be bound to https; `exposed`: others on the way can read it."""

    secure: bool
    exposed: bool

    @property
    def session_cookie(self) -> str:
        """The name of the session's cookie on this line."""
        return "__Host-tocsin" if self.secure else "tocsin"

    @property
    def visit_cookie(self) -> str:
        """The name of the cookie that binds the sign-in form to this browser."""
        return "__Host-tocsin-visit" if self.secure else "tocsin-visit"

    @property
    def begun_cookie(self) -> str:
        """The name of the cookie that binds what was begun to this browser: a code to its password, a way back."""
        return "__Host-tocsin-begun" if self.secure else "tocsin-begun"

    @property
    def browser_cookie(self) -> str:
        """The name of the cookie by which we know a browser again."""
        return "__Host-tocsin-browser" if self.secure else "tocsin-browser"


def line_of(request: Request, public_url: str) -> Line:
    """How this request came in. Behind a proxy that ends TLS, the public address says so."""
    public = urlsplit(public_url)
    host = request.headers.get("host", "")
    secure = request.url.scheme == "https" or (public.scheme == "https" and public.netloc.lower() == host.lower())
    return Line(secure, not secure and not is_this_machine(request.url.hostname or ""))


def is_this_machine(host: str) -> bool:
    """Whether a host's name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def check_origin(request: Request, public_url: str) -> None:
    """Raises NotAllowed for a form that another site sent. What says nothing about itself is left to the token.

    Only the host is compared: behind a proxy that ends TLS the scheme that we see is not the browser's.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in ("same-origin", "none"):
        raise NotAllowed(_(_ANOTHER_SITE), reason="origin")
    origin = request.headers.get("origin")
    if origin is None:
        return
    ours = {request.headers.get("host", "").lower(), urlsplit(public_url).netloc.lower()} - {""}
    try:
        netloc = urlsplit(origin).netloc.lower()
    except ValueError:
        netloc = ""
    if netloc not in ours:
        raise NotAllowed(_(_ANOTHER_SITE), reason="origin")


def check_token(sent: str, expected: str) -> None:
    """Raises NotAllowed unless the form carries the token that the page was given."""
    if not expected or not hmac.compare_digest(sent.encode("utf-8", "replace"), expected.encode()):
        raise NotAllowed(_("This form is too old. Load the page again and repeat what you did."), reason="csrf")


def set_cookie(response: Response, line: Line, name: str, value: str, seconds: int) -> None:
    """A cookie that scripts can't read and other sites can't send with a form. 0 seconds removes it."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=line.secure, httponly=True, samesite="lax")


def say(response: Response, line: Line, word: str, seconds: int = 10) -> None:
    """Have the next page say what was done. `word` is one of the words that pages know, never text."""
    set_cookie(response, line, _SAID, word, seconds)


def said(request: Request) -> str:
    """What the last form did, as its word; empty if nothing."""
    word = request.cookies.get(_SAID, "")
    return word if len(word) <= 64 and word.replace("-", "").replace(".", "").isalnum() else ""


def unsay(response: Response, line: Line) -> None:
    """It has been said."""
    set_cookie(response, line, _SAID, "", 0)


def safe_next(path: str) -> str:
    """A path of ours to go on to after signing in; the first page for anything that leads elsewhere."""
    if not path.startswith("/") or path[1:2] in ("/", "\\") or len(path) > 2000:
        return "/"
    if not path.isascii() or not path.isprintable() or "\\" in path or path.startswith(("/sign-", "/enter")):
        return "/"
    return path
