"""The answer to addresses that are nobody's: a page for a person with a browser, a plain 404 for programs.

A program must never be led on from an address that does not exist: many follow a redirect with a GET, find the sign-in
page behind it and count their alarm as delivered.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from tocsin.kernel.errors import NotFound
from tocsin.web import guard
from tocsin.web.language import gettext as _
from tocsin.web.site import Site
from tocsin.web.visit import Door, Visit

MESSAGE: Final = "There is nothing at this address. Check the path."

_FILES: Final = ("/robots.txt", "/favicon.ico")


def not_found(site: Site, programs: Collection[str] = ()) -> Any:
    """The handler of the application's 404 and 405. `programs`: the first parts of paths that no person asks for.

    Who asks for an address with a browser that only takes what is posted finds no page there either.
    """

    def page(_visit: Visit) -> Response:
        raise NotFound(_("There is no page at this address."))

    endpoint = Door(site).members(page)

    async def handler(request: Request, error: Exception) -> Response:
        if not _is_for_a_person(request, programs):
            if isinstance(error, HTTPException) and error.status_code != 404:
                return PlainTextResponse(error.detail, error.status_code, error.headers)
            body = {"error": {"code": "not_found", "message": MESSAGE}}
            return JSONResponse(body, 404, dict(guard.HEADERS))
        response: Response = await endpoint(request)
        return response

    return handler


def _is_for_a_person(request: Request, programs: Collection[str]) -> bool:
    path = request.url.path
    if request.method not in ("GET", "HEAD") or path in _FILES or path.split("/")[1] in programs:
        return False
    return "text/html" in request.headers.get("accept", "").lower()
