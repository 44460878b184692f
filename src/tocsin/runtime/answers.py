"""Answers to commands as they cross a process border: a value or a refusal, as JSON. Decides no wording."""

from __future__ import annotations

from typing import Any

from tocsin.engine.kinds import KINDS
from tocsin.engine.things import SaveThing
from tocsin.kernel.decision import Command
from tocsin.kernel.errors import BY_CODE, TocsinError, Unavailable
from tocsin.kernel.wording import Phrase
from tocsin.storage.codec import build, dump, load_plain, plain


def granted(value: object, config_version: int) -> str:
    """The answer of a command that was carried out, with the configuration's version after it."""
    return dump({"value": plain(value), "version": config_version})


def refused(error: TocsinError) -> str:
    """The answer of a command that was not."""
    details = list(map(_packed, error.details))
    body = {"code": error.code, "message": _packed(error.message), "details": details, "reason": error.reason}
    return dump({"error": body})


def failed() -> str:
    """The answer when our own defect stopped a command. Says nothing of the inside; the log has it."""
    return refused(Unavailable("Something went wrong on our side. It was logged.", reason="defect"))


def read_answer(command: Command, text: str) -> tuple[Any, int]:
    """The value and configuration version of an answer. Raises the TocsinError that it carries."""
    answer = load_plain(text)
    error = answer.get("error")
    if error is not None:
        kind = BY_CODE.get(error["code"], Unavailable)
        details = map(_unpacked, error["details"])
        raise kind(_unpacked(error["message"]), details=details, reason=error["reason"])
    value = answer["value"]
    if isinstance(command, SaveThing):
        value = build(KINDS[command.thing_kind], value)
    return value, answer["version"]


def _packed(text: Any) -> Any:
    """A phrase with what it was made from, so that a page can say it in another language; other texts and numbers."""
    if not isinstance(text, Phrase):
        return text if isinstance(text, str | int | float) else str(text)
    if not text.values:
        return str(text)
    values = {key: _packed(one) for key, one in text.values.items()}
    return {"phrase": text.template, "many": text.many, "large": text.large, "values": values}


def _unpacked(text: Any) -> Any:
    if not isinstance(text, dict):
        return text
    values = {key: _unpacked(one) for key, one in text["values"].items()}
    return Phrase(text["phrase"], values, text["many"], large=text["large"])
