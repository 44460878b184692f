"""How each fact of the alerts station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, phrase, sentence_case

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _opened(actor: Actor, fact: AlertOpened, names: Names) -> str:
    service = names.service(fact.service_id)
    if fact.reason:
        return phrase(
            "A problem on %(service)s is held back no longer: %(reason)s", service=service, reason=phrase(fact.reason)
        )
    then: str = ""
    if fact.suppressed:
        then = phrase("; nobody is paged: %(reason)s", reason=phrase(fact.suppressed))
    elif fact.suspended_until is not None:
        at = names.at(fact.suspended_until)
        then = phrase("; it is suspended and pages at %(at)s unless it is over by then", at=at)
    return phrase(
        "%(who)s reported a new problem on %(service)s%(then)s", who=names.actor(actor), service=service, then=then
    )


_SEVERITIES = {
    "critical": phrase("critical"),
    "error": phrase("error"),
    "warning": phrase("warning"),
    "info": phrase("info"),
    "": phrase("unknown"),
}


def _severity(word: str) -> str:
    return _SEVERITIES.get(word, word)


def _worsened(actor: Actor, fact: AlertWorsened, names: Names) -> str:
    was = phrase(" from %(severity)s", severity=_severity(fact.was)) if fact.was else ""
    return phrase(
        "%(who)s raised the severity%(was)s to %(severity)s",
        who=names.actor(actor),
        was=was,
        severity=_severity(fact.severity or ""),
    )


def _acknowledged(actor: Actor, _fact: AlertAcknowledged, names: Names) -> str:
    return phrase("%(who)s says that somebody is on it already", who=names.actor(actor))


def _resolved(actor: Actor, fact: AlertResolved, names: Names) -> str:
    ended = _ended(actor, fact, names)
    if not fact.suspended:
        return ended
    return phrase("%(ended)s; it was suspended until then and paged nobody", ended=ended)


def _ended(actor: Actor, fact: AlertResolved, names: Names) -> str:
    if fact.reason == "by the monitor":
        return phrase("%(who)s reported an alert as over", who=names.actor(actor))
    if fact.reason == "with its incident":
        return phrase("An alert was closed with its incident")
    return phrase("An alert was closed. %(reason)s", reason=sentence_case(phrase(fact.reason)))


SENTENCES: Mapping[type[Fact], Sentence] = {
    AlertOpened: _opened,
    AlertWorsened: _worsened,
    AlertAcknowledged: _acknowledged,
    AlertResolved: _resolved,
}
"""Every fact of this station."""
