"""How each fact of the alerts station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.alerts.messages import AlertAcknowledged, AlertOpened, AlertResolved, AlertWorsened
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, sentence_case

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _opened(actor: Actor, fact: AlertOpened, names: Names) -> str:
    if fact.reason:
        return f"A problem on {names.service(fact.service_id)} is held back no longer: {fact.reason}"
    opened = f"{names.actor(actor)} reported a new problem on {names.service(fact.service_id)}"
    if fact.suppressed:
        return f"{opened}; nobody is paged: {fact.suppressed}"
    if fact.suspended_until is not None:
        return f"{opened}; it is suspended and pages at {names.at(fact.suspended_until)} unless it is over by then"
    return opened


def _worsened(actor: Actor, fact: AlertWorsened, names: Names) -> str:
    was = f" from {fact.was}" if fact.was else ""
    return f"{names.actor(actor)} raised the severity{was} to {fact.severity or 'unknown'}"


def _acknowledged(actor: Actor, _fact: AlertAcknowledged, names: Names) -> str:
    return f"{names.actor(actor)} says that somebody is on it already"


def _resolved(actor: Actor, fact: AlertResolved, names: Names) -> str:
    return _ended(actor, fact, names) + ("; it was suspended until then and paged nobody" if fact.suspended else "")


def _ended(actor: Actor, fact: AlertResolved, names: Names) -> str:
    if fact.reason == "by the monitor":
        return f"{names.actor(actor)} reported an alert as over"
    if fact.reason == "with its incident":
        return "An alert was closed with its incident"
    return f"An alert was closed. {sentence_case(fact.reason)}"


SENTENCES: Mapping[type[Fact], Sentence] = {
    AlertOpened: _opened,
    AlertWorsened: _worsened,
    AlertAcknowledged: _acknowledged,
    AlertResolved: _resolved,
}
"""Every fact of this station."""
