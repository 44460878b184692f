"""How each fact of the deliveries station reads on a timeline. Decides wording only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tocsin.deliveries.messages import CallEnded, CallMade
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.decision import Fact
from tocsin.kernel.wording import Names, door

Sentence: TypeAlias = Callable[[Actor, Any, Names], str]


def _made(actor: Actor, fact: CallMade, names: Names) -> str:
    if actor.kind not in (ActorKind.USER, ActorKind.KEY):
        return f"The webhook \u201c{fact.name}\u201d is on its way to {fact.host}"
    return f"{names.actor(actor)} sent the webhook \u201c{fact.name}\u201d to {fact.host}{door(actor)}"


def _ended(_actor: Actor, fact: CallEnded, _names: Names) -> str:
    how = "arrived" if fact.delivered else "did not arrive"
    return f"The webhook \u201c{fact.name}\u201d {how} at {fact.host}: {fact.detail or 'no answer'}"


SENTENCES: Mapping[type[Fact], Sentence] = {CallMade: _made, CallEnded: _ended}
"""Every fact of this station."""
