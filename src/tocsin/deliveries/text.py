"""How each fact of the deliveries station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.deliveries.messages import CallEnded, CallMade
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, door, phrase

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _made(actor: Actor, fact: CallMade, names: Names) -> str:
    if actor.kind not in (ActorKind.USER, ActorKind.KEY):
        return phrase("The webhook “%(name)s” is on its way to %(host)s", name=fact.name, host=fact.host)
    return phrase(
        "%(who)s sent the webhook “%(name)s” to %(host)s%(door)s",
        who=names.actor(actor),
        name=fact.name,
        host=fact.host,
        door=door(actor),
    )


def _ended(_actor: Actor, fact: CallEnded, _names: Names) -> str:
    detail = phrase(fact.detail) if fact.detail else phrase("no answer")
    if fact.delivered:
        return phrase(
            "The webhook “%(name)s” arrived at %(host)s: %(detail)s", name=fact.name, host=fact.host, detail=detail
        )
    return phrase(
        "The webhook “%(name)s” did not arrive at %(host)s: %(detail)s", name=fact.name, host=fact.host, detail=detail
    )


SENTENCES: Mapping[type[Fact], Sentence] = {CallMade: _made, CallEnded: _ended}
"""Every fact of this station."""
