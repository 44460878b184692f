"""A workflow on a real server that is killed in its middle: every step once; its webhooks leave only where they may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from tests.databases import fresh
from tocsin.deliveries.messages import CallEnded
from tocsin.directory.kept import Kept
from tocsin.incidents.messages import NoteAdded
from tocsin.kernel.decision import Fact
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.reads import TimelineFilter
from tocsin.testing.fake_webhook import FakeWebhook
from tocsin.testing.running import RunningServer
from tocsin.workflows.messages import StartWorkflow

NOTES = 60


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RunningServer]:
    base = request.getfixturevalue("postgres_server") if request.param == "postgres" else None
    environment = {"TOCSIN_EGRESS_ALLOW": "127.0.0.0/8"}
    with (
        fresh(base) if base else nullcontext() as url,
        RunningServer(tmp_path / "data", environment=environment, database_url=url) as running,
    ):
        yield running


def step(title: str, action: str, /, **inputs: str) -> dict[str, object]:
    given = [{"name": key, "value": value} for key, value in inputs.items()]
    return {"name": title, "action_configuration": {"action_id": f"x:incident-workflows:{action}:1", "inputs": given}}


def told(server: RunningServer, incident_id: str, kind: type[Fact]) -> list[Fact]:
    found = server.reads.timeline(TimelineFilter(incident_id=incident_id), limit=1000).items
    return [one.fact for one in found if isinstance(one.fact, kind)]


@pytest.mark.slow
def test_a_killed_engine_goes_on_where_it_was(server: RunningServer) -> None:
    with FakeWebhook(SystemClock().now, secret="") as receiver:
        hook = step("hook", "send-webhook", name="In", url=receiver.url, parameters='{"what": "{{incident.title}}"}')
        inside = step("inside", "send-webhook", name="Inside", url="http://169.254.169.254/latest/meta-data")
        notes = [step(f"n{number}", "add-note", note=f"note {number}") for number in range(NOTES)]
        wire = json.dumps({"steps": [*notes, hook, inside]})
        flow: Kept = server.save(Kept(id="", resource="incident_workflow", name="Long", wire=wire))
        integration = server.service("web", server.person("alice", "2025550101"))
        server.wait_for_key(integration)
        assert server.event(integration, "k")[0] == 202
        server.wait_until(lambda: bool(server.reads.incidents(limit=1).items), "there is an incident")
        (incident,) = server.reads.incidents(limit=1).items
        server.run(StartWorkflow(workflow_id=flow.id, incident_id=incident.id))
        server.wait_until(lambda: bool(told(server, incident.id, NoteAdded)), "it has begun")
        server.kill("engine")
        half = len(told(server, incident.id, NoteAdded))
        server.wait_until(lambda: len(told(server, incident.id, CallEnded)) == 2, "it is over", 60)
        (run,) = server.reads.runs_of(incident.id)
        assert not run.is_running
        assert [one.text for one in told(server, incident.id, NoteAdded) if isinstance(one, NoteAdded)] == [
            f"note {number}" for number in range(NOTES)
        ], half
        ended = {one.name: one for one in told(server, incident.id, CallEnded) if isinstance(one, CallEnded)}
        assert (ended["In"].delivered, ended["Inside"].delivered) == (True, False), ended
        taken = receiver.hooks[0].payload
        assert (taken["what"], taken["__pd_metadata"]) == (incident.title, {"incident": {"id": incident.id}})
