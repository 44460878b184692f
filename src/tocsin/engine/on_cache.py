"""Runs what programs write into cache variables. Decides which values a variable takes."""

from __future__ import annotations

from tocsin.engine.orchestrate import cache_key
from tocsin.engine.world import World
from tocsin.events.memory import Memory
from tocsin.events.messages import WriteCache
from tocsin.events.orchestration import CacheKind, CacheVariable
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

TEXT_CHARS = 1024


def write(world: World, _actor: Actor, command: WriteCache, now: Moment) -> Decision:
    """It holds for the variable's time from now on. The value of the decision is what is held."""
    variable = variable_of(world, command.variable_id)
    if variable.kind is not CacheKind.EXTERNAL_DATA:
        raise Invalid("Only variables of the type external_data can be written.", reason="cache_kind")
    if command.value is not None and not _fits(variable, command.value):
        raise Invalid(phrase("The value must be a %(data_type)s.", data_type=variable.data_type), reason="cache_value")
    key = cache_key(variable.id)
    memory = replace(world.state.memory(key) or Memory(id=key), value=command.value, at=now)
    return Decision(state=(memory,), value=command.value)


def variable_of(world: World, variable_id: str) -> CacheVariable:
    """The variable, or NotFound."""
    variable = world.config.cache_variables.get(variable_id)
    if variable is None:
        raise NotFound(phrase("There is no cache variable %(variable_id)s.", variable_id=variable_id))
    return variable


def _fits(variable: CacheVariable, value: object) -> bool:
    if variable.data_type == "boolean":
        return isinstance(value, bool)
    if variable.data_type == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) and len(value) <= TEXT_CHARS
