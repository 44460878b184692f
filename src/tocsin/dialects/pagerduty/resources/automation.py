"""/automation_actions: actions and runners with their services and teams. Kept for clients; nothing is ever run.

Decides that the key of a runner is not kept at all: nobody reads it back, and nothing here would use it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, nothing
from tocsin.dialects.pagerduty.errors import invalid
from tocsin.dialects.pagerduty.read.kept import (
    NAME,
    OBJECT,
    Paging,
    Sort,
    choice,
    long_text,
    reference,
    references,
    text,
    truth,
    values_in,
)
from tocsin.dialects.pagerduty.resources.keeping import Keeping, may_edit
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant
from tocsin.directory.kept import Kept

URL_CHARS = 2000


def _privileges(call: Call, one: Kept) -> Wire:
    return {"permissions": ["create", "update", "delete"] if may_edit(call, one) else []}


def _more_of_action(call: Call, one: Kept, body: Wire) -> dict[str, Any]:
    """The runner stands as its id, with its type beside it."""
    runner = call.config.kept.get(body["runner"]["id"]) if body["runner"] is not None else None
    return {
        "runner": runner.id if runner is not None else None,
        "runner_type": values_in(runner)["runner_type"] if runner is not None else None,
        "privileges": _privileges(call, one),
    }


def _more_of_runner(call: Call, one: Kept, _body: Wire) -> dict[str, Any]:
    using = [each for each in call.config.kept_of.get("action", ()) if values_in(each).get("runner") == one.id]
    links = call.links
    return {
        "creation_time": instant(one.created_at),
        "last_seen": None,
        "status": "NotConfigured",
        "privileges": _privileges(call, one),
        "associated_actions": {
            "actions": [
                links.keys("action_reference", each.id, each.name, f"automation_actions/actions/{each.id}")
                for each in using
                if call.sees(each.team_ids)
            ],
            "more": False,
        },
    }


ACTIONS = Keeping(
    Sort(
        resource="action",
        wrapper="action",
        plural="actions",
        path="/automation_actions/actions",
        type="action",
        fields={
            "name": NAME,
            "description": long_text(),
            "action_type": choice("script", "process_automation", fixed=True),
            "action_classification": text(),
            "action_data_reference": OBJECT,
            "runner": reference("runner"),
            "services": references("service"),
            "teams": references("team"),
            "only_invocable_on_unresolved_incidents": truth(),
            "allow_invocation_manually": truth(default=True),
            "allow_invocation_from_event_orchestration": truth(default=True),
            "map_to_all_services": truth(),
        },
        required=("name", "action_type", "action_data_reference"),
        paging=Paging.CURSOR,
        filters={
            "name": "name",
            "runner_id": "runner",
            "classification": "action_classification",
            "team_id": "teams",
            "service_id": "services",
            "action_type": "action_type",
        },
        constants={"metadata": {}},
        dates=("creation_time", "modify_time"),
    ),
    more=_more_of_action,
)
RUNNERS = Keeping(
    Sort(
        resource="runner",
        wrapper="runner",
        plural="runners",
        path="/automation_actions/runners",
        type="runner",
        fields={
            "name": NAME,
            "description": long_text(),
            "runner_type": choice("sidecar", "runbook", fixed=True),
            "runbook_base_uri": text(most=URL_CHARS),
            "teams": references("team"),
        },
        required=("name", "runner_type"),
        paging=Paging.CURSOR,
        filters={"name": "name"},
        constants={"metadata": {}},
    ),
    more=_more_of_runner,
)


@dataclass(frozen=True, slots=True)
class Association:
    """What an action or runner is for, one by one: its services, or its teams."""

    keeping: Keeping
    kind: str

    def listed(self, call: Call) -> Response:
        """GET of all."""
        held = values_in(self.keeping.one(call))[f"{self.kind}s"]
        there = call.config.of(self.kind)
        return answer({f"{self.kind}s": [self._reference(call, one) for one in held if one in there]})

    def added(self, call: Call) -> Response:
        """POST."""
        one = self.keeping.one(call)
        thing_id = call.fields(self.kind).id()
        if thing_id not in call.config.of(self.kind):
            raise invalid([f"{self.kind.capitalize()} not found"])
        held = values_in(one)[f"{self.kind}s"]
        self.keeping.set(call, one, **{f"{self.kind}s": list(dict.fromkeys([*held, thing_id]))})
        return answer({self.kind: self._reference(call, str(thing_id))}, 201)

    def shown(self, call: Call) -> Response:
        """GET of one."""
        return answer({self.kind: self._reference(call, self._held(call, self.keeping.one(call)))})

    def removed(self, call: Call) -> Response:
        """DELETE."""
        one = self.keeping.one(call)
        gone = self._held(call, one)
        left = [each for each in values_in(one)[f"{self.kind}s"] if each != gone]
        self.keeping.set(call, one, **{f"{self.kind}s": left})
        return nothing()

    def _held(self, call: Call, one: Kept) -> str:
        thing_id = call.path[f"{self.kind}_id"]
        return call.found(thing_id, seen=thing_id in values_in(one)[f"{self.kind}s"])

    def _reference(self, call: Call, thing_id: str) -> Wire:
        refs = Refs(call.config, call.links)
        return refs.service(thing_id) if self.kind == "service" else refs.team(thing_id)

    def routes(self) -> Routes:
        """The two paths."""
        path = f"{self.keeping.sort.path}/{{id}}/{self.kind}s"
        return (
            (path, {"GET": self.listed, "POST": self.added}),
            (f"{path}/{{{self.kind}_id}}", {"GET": self.shown, "DELETE": self.removed}),
        )


ROUTES: Routes = (
    *ACTIONS.routes(),
    *RUNNERS.routes(),
    *Association(ACTIONS, "service").routes(),
    *Association(ACTIONS, "team").routes(),
    *Association(RUNNERS, "team").routes(),
)
"""Path -> method -> handler."""
