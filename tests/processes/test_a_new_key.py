"""An integration that was made by REST takes events as soon as its maker knows the key, through the real server."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

from tocsin.directory.model import ApiKey, Integration, Role
from tocsin.kernel.time import HOUR, SECOND
from tocsin.runtime.clock import SystemClock
from tocsin.testing.running import RunningServer

SECRET = "tcs_0123456789abcdef0123456789abcdef01234567"
KEY = ApiKey(id="", name="Terraform", digest=hashlib.sha256(SECRET.encode()).hexdigest(), role=Role.ADMIN)
HEADERS = {"authorization": f"Token token={SECRET}"}


def test_no_event_is_refused_to_whoever_was_just_given_a_key(tmp_path: Path) -> None:
    """Senders do not repeat what was called wrong: a single refusal would be a lost alarm."""
    with RunningServer(tmp_path / "data") as server:
        service = server.service("Payments", server.person("alice", "2025550101")).service_id
        server.save(KEY)
        path = f"/pagerduty/services/{service}/integrations"
        answers = []
        for number in range(30):
            body = {"integration": {"type": "events_api_v2_inbound_integration", "name": f"monitor {number}"}}
            status, made = server.post(path, body, HEADERS)
            assert status == 201, made
            key = json.loads(made)["integration"]["integration_key"]
            integration = Integration(id="", service_id=service, name="", key=key)
            answers.append(server.event(integration, "disk")[0])
        assert answers == [202] * 30


def test_a_key_that_is_replaced_opens_as_long_as_it_was_said_to(tmp_path: Path) -> None:
    names = ("key", "old_key", "old_key_until")
    with RunningServer(tmp_path / "data") as server:
        first = server.service("Payments", server.person("alice", "2025550101"))
        until = SystemClock().now() + HOUR
        second = server.save(replace(first, key="", old_key=first.key, old_key_until=until), *names)
        assert second.key != first.key
        assert [server.event(one, "disk")[0] for one in (second, first)] == [202, 202], "no monitor falls silent"
        until = SystemClock().now() + 2 * SECOND
        server.save(replace(second, old_key_until=until), "old_key_until")
        server.wait_until(lambda: server.event(first, "disk")[0] == 400, "the old key ends by itself")
        assert SystemClock().now() >= until
        assert server.event(second, "disk")[0] == 202
