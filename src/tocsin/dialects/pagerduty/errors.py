"""PagerDuty's error envelope: the status, code and text of each refusal. Clients compare some texts letter by letter.

Decides wording only; what is refused is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tocsin.dialects._kit.body import BodyRefused
from tocsin.kernel.errors import (
    Conflict,
    InUse,
    Invalid,
    NotAllowed,
    NotFound,
    NotSignedIn,
    TocsinError,
    TooMany,
    Unavailable,
)


class ApiError(Exception):
    """An answer that is an error, as it goes over the wire."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        errors: Iterable[str] = (),
        *,
        by_field: Mapping[str, list[str]] | None = None,
    ) -> None:
        """`errors`: one sentence per problem, for people; they may be compared by programs.

        `by_field`: the problems by field instead, where an API has them so.
        """
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.errors = list(errors)
        self.by_field = by_field

    def body(self) -> dict[str, Any]:
        """The envelope."""
        errors = self.errors if self.by_field is None else self.by_field
        return {"error": {"code": self.code, "message": self.message, "errors": errors}}


def invalid(errors: Iterable[str], code: int = 2001, message: str = "Invalid Input Provided") -> ApiError:
    """400 with one sentence per problem."""
    return ApiError(400, code, message, errors)


def not_found(code: int = 2100, message: str = "Not Found", errors: Iterable[str] = ()) -> ApiError:
    """404: there is no such object, or the asker may not know that there is. `errors` tell several apart."""
    return ApiError(404, code, message, errors)


def not_allowed() -> ApiError:
    """403."""
    return ApiError(403, 2010, "Access Denied", ["You are not permitted to perform this action."])


def missing_route() -> ApiError:
    """404 for a path that is no address at all."""
    return ApiError(404, 2100, "Not Found", ["There is nothing at this address."])


def translated(error: TocsinError) -> ApiError:
    """The envelope of a refusal by the engine."""
    for kind, translate in _TRANSLATIONS.items():
        if isinstance(error, kind):
            return translate(error)
    return ApiError(500, 2000, "Internal Error")


def sentences(error: TocsinError) -> list[str]:
    """The problems, each without its full stop: that is how clients know them."""
    return [one.removesuffix(".") for one in error.details or (error.message,)]


_INVALID: Mapping[str, tuple[int, str]] = {
    "schedule_invalid": (3001, "Invalid Schedule"),
    "override_invalid": (4004, "Invalid Override"),
    "snooze_duration": (1013, "Snooze Duration Invalid"),
    "assignee_missing": (1011, "Invalid Assignment"),
    "cannot_escalate": (1006, "Cannot Escalate"),
    "policy_missing": (1014, "Escalation Policy Not Found"),
    "service_missing": (5002, "Service Not Found"),
    "user_missing": (1007, "Assigned To User Not Found"),
    "priority_missing": (1020, "Invalid Priority"),
}
_CONFLICT: Mapping[str, tuple[int, str]] = {
    "already_resolved": (1001, "Incident Already Resolved"),
    "not_acknowledged": (1012, "Incident not Acknowledged"),
    "already_merged": (1019, "Incident Already Merged"),
    "changed_meanwhile": (1005, "Data changed meanwhile"),
    "past": (4004, "Invalid Override"),
    "window_over": (5003, "Cannot change maintenance window from the past"),
    "team_owns_things": (6006, "Team has existing associations"),
    "member_on_policy": (6004, "Team membership can't be removed"),
}


def _invalid(error: TocsinError) -> ApiError:
    code, message = _INVALID.get(error.reason, (2001, "Invalid Input Provided"))
    return ApiError(400, code, message, sentences(error))


def _conflict(error: TocsinError) -> ApiError:
    code, message = _CONFLICT.get(error.reason, (2001, "Invalid Input Provided"))
    return ApiError(400, code, message, sentences(error))


def _body_refused(error: TocsinError) -> ApiError:
    status = error.status if isinstance(error, BodyRefused) else 400
    return ApiError(status, 2001, "Invalid Input Provided", sentences(error))


_TRANSLATIONS: Mapping[type[TocsinError], Callable[[TocsinError], ApiError]] = {
    BodyRefused: _body_refused,
    Invalid: _invalid,
    NotFound: lambda _error: not_found(),
    NotAllowed: lambda _error: not_allowed(),
    NotSignedIn: lambda _error: ApiError(401, 2006, "Authentication failed"),
    InUse: _conflict,
    Conflict: _conflict,
    TooMany: lambda _error: ApiError(429, 2020, "Rate Limit Exceeded"),
    Unavailable: lambda error: ApiError(503, 2016, "Timed out", sentences(error)),
}
"""How each kind of refusal is told; the first that fits counts."""
