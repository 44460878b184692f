"""Style, script and pictures of the pages: what is served, under addresses that change with the content.

Everything is read once and kept; comments and indentation stay at home. Decides nothing about how pages look.
"""

from __future__ import annotations

import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import rcssmin
import rjsmin
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

STATIC: Final = Path(__file__).resolve().parent / "static"
_YEAR = "public, max-age=31536000, immutable"
_HEADERS = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
}
_SMALLER = {".css": rcssmin.cssmin, ".js": rjsmin.jsmin}


@dataclass(frozen=True, slots=True)
class Asset:
    """One file as it is served. `digest` is of its content."""

    content: bytes
    media_type: str
    digest: str


@cache
def assets() -> dict[str, Asset]:
    """All files by their names."""
    return {path.name: _read(path) for path in sorted(STATIC.iterdir()) if path.is_file()}


def _read(path: Path) -> Asset:
    content = path.read_bytes()
    smaller = _SMALLER.get(path.suffix)
    if smaller is not None:
        content = str(smaller(content.decode())).encode()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return Asset(content, kind, hashlib.sha256(content).hexdigest()[:12])


@cache
def asset(name: str) -> str:
    """The address of a file; it changes with the content, so browsers may keep it for ever. "" for none of ours."""
    found = assets().get(name)
    return f"/static/{name}?v={found.digest}" if found is not None else ""


async def _serve(request: Request) -> Response:
    found = assets().get(request.path_params["name"])
    if found is None:
        raise HTTPException(404)
    if f'"{found.digest}"' == request.headers.get("if-none-match"):
        return Response(status_code=304, headers=_HEADERS)
    kept = _YEAR if request.query_params.get("v") == found.digest else "no-cache"
    headers = {**_HEADERS, "cache-control": kept, "etag": f'"{found.digest}"'}
    return Response(found.content, 200, headers, found.media_type)


ROUTE: Final = Route("/static/{name}", _serve)
"""Where they are."""
