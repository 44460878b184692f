"""What a session is to those who ask: whose, since when, opened how; and the step before one. Decides nothing."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass

from tocsin.directory.model import User
from tocsin.kernel.errors import NotSignedIn
from tocsin.kernel.time import Moment
from tocsin.storage.edge import SessionRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A signed-in browser. `csrf` is what its forms must carry; `how` is one of `How`.

    `proved_at`: when the person last proved who they are.
    """

    id: str
    user_id: str
    opened_at: Moment
    seen_at: Moment
    ends_at: Moment
    address: str
    agent: str
    how: str
    csrf: str = ""
    proved_at: Moment = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that has just begun, and its token, which nobody but the browser keeps."""

    token: str
    session: Session


class SecondStep(NotSignedIn):
    """The password or link was right, and a second factor is asked for: `token` is good for one code.

    `setup`: the person has none yet and must set one up first.
    """

    code = "second_step"

    def __init__(self, token: str, *, setup: bool) -> None:
        super().__init__("A code is asked for.", reason="second_step")
        self.token = token
        self.setup = setup


@dataclass(frozen=True, slots=True)
class Step:
    """Whose code is waited for."""

    user: User
    setup: bool


def csrf_of(token: str) -> str:
    """What the forms of the session with this token must carry: derived, so nothing has to be kept."""
    return hmac.new(token.encode(), b"tocsin forms", hashlib.sha256).hexdigest()[:40]


def session_of(row: SessionRow, token: str) -> Session:
    """The kept session; `token` "" = for a list, without what forms carry."""
    return Session(
        id=row.id,
        user_id=row.user_id,
        opened_at=row.opened_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        address=row.address,
        agent=row.agent,
        how=row.how,
        csrf=csrf_of(token) if token else "",
        proved_at=max(row.opened_at, row.confirmed_at),
    )
