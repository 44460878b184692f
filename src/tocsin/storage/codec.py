"""Things as text: how entities, commands, facts and effects are written into rows and read back.

A stored form is JSON of the dataclass. New fields need a default, so that old rows can still be read; a field or kind
is never renamed. Decides no schema of tables.

Every type that is read is made known here while modules are imported, by one thread. The library looks a type over the
first time it meets it and shares what it has found before it is complete: two threads that meet one type for the first
time at the same moment crash the process.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar, get_args

import msgspec

from tocsin.alerts import messages as alert_messages
from tocsin.deliveries import messages as delivery_messages
from tocsin.engine.dispatch import COMMANDS, Batch
from tocsin.engine.kinds import KINDS
from tocsin.engine.things import SaveThing
from tocsin.engine.world import Stateful
from tocsin.escalation import messages as escalation_messages
from tocsin.incidents import field_messages, help_messages
from tocsin.incidents import messages as incident_messages
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Command, Effect, Fact
from tocsin.kernel.wording import plain_text
from tocsin.paging import messages as paging_messages
from tocsin.workflows import messages as workflow_messages

T = TypeVar("T")

_ENCODER = msgspec.json.Encoder(enc_hook=plain_text)
_DECODERS: dict[type[Any], msgspec.json.Decoder[Any]] = {}


def _kinds_of(base: type[Any], *modules: Any) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for module in modules:
        for member in vars(module).values():
            if isinstance(member, type) and issubclass(member, base) and member.__dict__.get("kind"):
                found[member.__dict__["kind"]] = member
    return found


FACTS: Mapping[str, type[Fact]] = _kinds_of(
    Fact,
    alert_messages,
    incident_messages,
    field_messages,
    help_messages,
    escalation_messages,
    paging_messages,
    delivery_messages,
    workflow_messages,
)
"""Every fact by its stored name."""

EFFECTS: Mapping[str, type[Effect]] = _kinds_of(Effect, paging_messages)
"""Every effect by its stored name."""


def dump(value: object) -> str:
    """The JSON of a dataclass or of plain values."""
    return _ENCODER.encode(value).decode()


def prepare(kind: type[T]) -> type[T]:
    """Makes a type known that is read from text or plain values. Only while a module is imported."""
    _DECODERS[kind] = msgspec.json.Decoder(kind)
    return kind


def load(kind: type[T], text: str | bytes) -> T:
    """The dataclass of this type from its JSON. Raises msgspec.ValidationError for text that is not one.

    Raises KeyError for a type that was not prepared.
    """
    value: T = _DECODERS[kind].decode(text)
    return value


def load_plain(text: str | bytes) -> Any:
    """Plain values from JSON."""
    return msgspec.json.decode(text)


def build(kind: type[T], values: object) -> T:
    """The dataclass of this type from plain values (dicts, lists, text). Raises msgspec.ValidationError.

    Raises KeyError for a type that was not prepared.
    """
    if kind not in _DECODERS:
        raise KeyError(kind)
    return msgspec.convert(values, kind)


def plain(value: object) -> Any:
    """Plain values from a dataclass."""
    return msgspec.to_builtins(value, enc_hook=plain_text)


def envelope(command: Command) -> dict[str, Any]:
    """`{"kind": ..., "data": ...}` in plain values; those in a batch have envelopes of their own."""
    if isinstance(command, Batch):
        return {"kind": command.kind, "data": {"commands": [envelope(one) for one in command.commands]}}
    return {"kind": command.kind, "data": plain(command)}


def dump_command(command: Command) -> str:
    """The envelope as text."""
    return dump(envelope(command))


def load_command(text: str | bytes) -> Command:
    """A command from `dump_command`'s text. Raises KeyError for a kind that is not known."""
    return command_from(load_plain(text))


def command_from(given: Mapping[str, Any]) -> Command:
    """A command from its plain envelope. A SaveThing's thing is read as the type that its kind names."""
    command_type = COMMANDS[given["kind"]]
    data = dict(given["data"])
    if command_type is Batch:
        return Batch(commands=tuple(command_from(one) for one in data["commands"]))
    if command_type is SaveThing:
        data["thing"] = build(KINDS[data["thing_kind"]], data["thing"])
    return build(command_type, data)


def load_fact(kind: str, text: str | bytes) -> Fact:
    """A fact from its kind and JSON."""
    return load(FACTS[kind], text)


def load_effect(kind: str, text: str | bytes) -> Effect:
    """An effect from its kind and JSON."""
    return load(EFFECTS[kind], text)


def load_actor(text: str | bytes) -> Actor:
    """An actor from its JSON."""
    return load(Actor, text)


for _known in (*KINDS.values(), *COMMANDS.values(), *FACTS.values(), *EFFECTS.values(), *get_args(Stateful), Actor):
    prepare(_known)
