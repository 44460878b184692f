"""The error tree: what can be wrong with a request, in words that every dialect can translate into its own."""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.kernel.wording import Phrase, phrase


class TocsinError(Exception):
    """Base of everything that we refuse on purpose. Anything else that is raised is a defect."""

    code: str = "error"

    def __init__(self, message: str = "", *, details: Iterable[str] = (), reason: str = "") -> None:
        """`message`: one sentence for people; `details`: one sentence per problem; `reason`: a stable machine word.

        Sentences are English; pages say them in the reader's language, whether they have places to fill or not.
        """
        super().__init__(message)
        self.message: str = _sentence(message)
        self.details: tuple[str, ...] = tuple(map(_sentence, details))
        self.reason = reason


def _sentence(text: str) -> str:
    return text if isinstance(text, Phrase) else phrase(text)


class Invalid(TocsinError):
    """The request itself is wrong; sending it again unchanged can never work."""

    code = "invalid"


class NotFound(TocsinError):
    """The thing named does not exist, or the asker may not know that it does."""

    code = "not_found"


class NotAllowed(TocsinError):
    """The actor is known and may not do this."""

    code = "not_allowed"


class NotSignedIn(TocsinError):
    """No credential, or one that is not valid (any more)."""

    code = "not_signed_in"


class Conflict(TocsinError):
    """The request is well formed but does not fit the present state."""

    code = "conflict"


class InUse(Conflict):
    """The thing can't be removed because others still refer to it."""

    code = "in_use"


class TooMany(TocsinError):
    """A limit of rate or size was reached; trying later may work."""

    code = "too_many"


class Unavailable(TocsinError):
    """We can't answer now (engine or database out of reach); the same request may be sent again."""

    code = "unavailable"


BY_CODE: dict[str, type[TocsinError]] = {
    kind.code: kind for kind in (Invalid, NotFound, NotAllowed, NotSignedIn, Conflict, InUse, TooMany, Unavailable)
}
"""For errors that cross a process border as (code, message, details, reason)."""
