"""Cache variables of orchestrations and services, and the data that programs write into them. Decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Handler, Routes, answer, nothing
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.read import orchestrations as read
from tocsin.dialects.pagerduty.resources.orchestrations import orchestration_of, service_of
from tocsin.dialects.pagerduty.write import orchestrations as write
from tocsin.dialects.pagerduty.write.refs import Refs
from tocsin.engine.orchestrate import cache_key
from tocsin.events.messages import WriteCache
from tocsin.events.orchestration import CacheKind, CacheVariable
from tocsin.kernel.time import SECOND

Owner = Callable[[Call], str]
"""Whose variables a path is about, by id."""


def _of_orchestration(call: Call) -> str:
    return orchestration_of(call).id


def _of_service(call: Call) -> str:
    return service_of(call).id


def _listed(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        parent_id = owner(call)
        found = sorted(call.config.variables_of.get(parent_id, {}).values(), key=lambda one: (one.created_at, one.id))
        refs = Refs(call.config, call.links)
        body = {"cache_variables": [write.cache_variable(one, refs) for one in found], "total": len(found)}
        return answer(body)

    return handler


def _created(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        parent_id = owner(call)
        fields = call.fields("cache_variable")
        fields.required("name", "configuration")
        changes = read.cache_variable_changes(fields)
        variable = CacheVariable(
            id="",
            parent_id=parent_id,
            of_service=owner is _of_service,
            **{"name": "", "kind": CacheKind.RECENT_VALUE, **changes},
        )
        return _answer(call, call.save("cache_variable", variable))

    return handler


def _shown(owner: Owner) -> Handler:
    return lambda call: _answer(call, _variable(call, owner))


def _changed(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        old = _variable(call, owner)
        changes = read.cache_variable_changes(call.fields("cache_variable"))
        return _answer(call, call.save("cache_variable", replace(old, **changes), changes) if changes else old)

    return handler


def _removed(owner: Owner) -> Handler:
    return lambda call: call.delete("cache_variable", _variable(call, owner).id)


def _data_shown(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        variable = _external(call, owner)
        memory = call.reads.memories([cache_key(variable.id)]).get(cache_key(variable.id))
        holds = memory is not None and memory.at + variable.ttl_seconds * SECOND > call.now
        return _data(memory.value if memory is not None and holds else None)

    return handler


def _data_written(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        variable = _external(call, owner)
        fields = call.fields("")
        value = fields.values.get("cache_variable_data")
        if value is None or isinstance(value, dict | list):
            fields.wrong(f"Cache variable data must be a {variable.data_type}")
        fields.check()
        return _data(call.run(WriteCache(variable_id=variable.id, value=value)))

    return handler


def _data_removed(owner: Owner) -> Handler:
    def handler(call: Call) -> Response:
        call.run(WriteCache(variable_id=_external(call, owner).id, value=None))
        return nothing()

    return handler


def _variable(call: Call, owner: Owner) -> CacheVariable:
    parent_id = owner(call)
    variable = call.config.cache_variables.get(call.path["cache_variable_id"])
    if variable is None or variable.parent_id != parent_id:
        raise not_found()
    return variable


def _external(call: Call, owner: Owner) -> CacheVariable:
    """Only what programs write can be read and written: what rules remember is theirs."""
    variable = _variable(call, owner)
    if variable.kind is not CacheKind.EXTERNAL_DATA:
        raise not_found()
    return variable


def _answer(call: Call, variable: CacheVariable) -> Response:
    return answer({"cache_variable": write.cache_variable(variable, Refs(call.config, call.links))})


def _data(value: object) -> Response:
    return answer({"cache_variable_data": value})


def _routes(base: str, owner: Owner) -> Routes:
    return (
        (f"{base}/cache_variables", {"GET": _listed(owner), "POST": _created(owner)}),
        (
            f"{base}/cache_variables/{{cache_variable_id}}",
            {"GET": _shown(owner), "PUT": _changed(owner), "DELETE": _removed(owner)},
        ),
        (
            f"{base}/cache_variables/{{cache_variable_id}}/data",
            {"GET": _data_shown(owner), "PUT": _data_written(owner), "DELETE": _data_removed(owner)},
        ),
    )


ROUTES: Routes = (
    *_routes("/event_orchestrations/services/{service_id}", _of_service),
    *_routes("/event_orchestrations/{id}", _of_orchestration),
)
"""Path -> method -> handler."""
