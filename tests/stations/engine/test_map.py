"""The map of the product is whole: every fact can be read, every command has somebody who runs it."""

from __future__ import annotations

import re
from typing import TypeVar

import pytest

from tocsin.alerts import messages as alert_messages
from tocsin.alerts import text as alert_text
from tocsin.deliveries import messages as delivery_messages
from tocsin.deliveries import text as delivery_text
from tocsin.directory.subscriptions import EVENTS
from tocsin.engine import reactions
from tocsin.engine.admission import Admit
from tocsin.engine.authorise import NEEDS
from tocsin.engine.dispatch import COMMANDS, HANDLERS
from tocsin.engine.reactions import REACTIONS
from tocsin.engine.subscribers import EVENT_OF
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation import messages as escalation_messages
from tocsin.escalation import text as escalation_text
from tocsin.events import messages as event_messages
from tocsin.incidents import field_messages, help_messages
from tocsin.incidents import messages as incident_messages
from tocsin.incidents import text as incident_text
from tocsin.incidents.decide import ALLOWED
from tocsin.kernel.decision import Command, Effect, Fact
from tocsin.oncall import messages as cover_messages
from tocsin.paging import messages as paging_messages
from tocsin.paging import timeline as paging_text
from tocsin.workflows import messages as workflow_messages
from tocsin.workflows import text as workflow_text

T = TypeVar("T", Fact, Command, Effect)

MESSAGES = (
    alert_messages,
    incident_messages,
    help_messages,
    field_messages,
    escalation_messages,
    paging_messages,
    delivery_messages,
    event_messages,
    workflow_messages,
    cover_messages,
)
SENTENCES = {
    **alert_text.SENTENCES,
    **incident_text.SENTENCES,
    **escalation_text.SENTENCES,
    **paging_text.SENTENCES,
    **workflow_text.SENTENCES,
    **delivery_text.SENTENCES,
}


def messages(base: type[T]) -> set[type[T]]:
    found = {member for module in MESSAGES for member in vars(module).values() if isinstance(member, type)}
    return {one for one in found if issubclass(one, base) and one is not base}


def test_every_fact_has_its_sentence() -> None:
    assert messages(Fact) == set(SENTENCES)


def test_every_command_has_somebody_who_runs_it() -> None:
    assert messages(Command) | {SaveThing, DeleteThing, Admit} == set(HANDLERS)


def test_what_subscribers_are_told_can_be_subscribed_to() -> None:
    assert set(EVENT_OF.values()) <= EVENTS


def test_kinds_are_names_and_no_two_are_the_same() -> None:
    kinds = [fact.kind for fact in messages(Fact)]
    kinds += [command.kind for command in messages(Command)]
    kinds += [effect.kind for effect in messages(Effect)]
    assert len(set(kinds)) == len(kinds)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", kind) for kind in kinds)
    assert set(COMMANDS) >= {command.kind for command in HANDLERS}


def test_who_may_give_a_command_is_said_only_of_real_ones() -> None:
    assert set(NEEDS) <= set(HANDLERS)
    assert set(ALLOWED) <= set(HANDLERS)


@pytest.mark.parametrize("fact", REACTIONS, ids=lambda fact: fact.__name__)
def test_the_map_in_words_names_every_reaction(fact: type[Fact]) -> None:
    assert re.search(rf"^    {fact.__name__} +->", reactions.__doc__ or "", re.MULTILINE)


def test_the_map_in_words_names_nothing_else() -> None:
    named = re.findall(r"^    (\w+) +->", reactions.__doc__ or "", re.MULTILINE)
    assert sorted(named) == sorted(fact.__name__ for fact in REACTIONS)
