"""Commands about requests to be covered. A request is made by saving one, and withdrawn by removing it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCover(Command):
    """Take what a request asks for, or say no. `for_id`: in whose place the actor answers, "" = their own."""

    kind: ClassVar[str] = "cover.answer"
    request_id: str
    accept: bool
    for_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndCover(Command):
    """A request's time has come: nobody answered it, or it has been over for so long that it is not kept any more."""

    kind: ClassVar[str] = "cover.end"
    request_id: str
