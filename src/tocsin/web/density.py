"""How close together rows stand: roomy or dense, kept in this browser. Decides nothing else."""

from __future__ import annotations

from typing import Final

from starlette.responses import Response

from tocsin.web import guard
from tocsin.web.visit import DENSITY_COOKIE, Visit

_YEAR_SECONDS: Final = 31_536_000


def switch_density(visit: Visit) -> Response:
    """POST `/density`: dense rows if they were roomy, roomy ones if they were dense."""
    response = visit.go(guard.safe_next(visit.text("back", 2000) or "/"))
    value, seconds = ("", 0) if visit.is_dense else ("dense", _YEAR_SECONDS)
    guard.set_cookie(response, visit.line, DENSITY_COOKIE, value, seconds)
    return response
