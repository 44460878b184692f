"""PagerDuty's JavaScript client, unchanged, against a server that runs behind TLS: a script, and what it saw."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from scripts import npm
from tests.peers.conftest import Account

SCRIPT = Path(__file__).parent / "javascript"
BUILD = npm.ROOT / "build" / "javascript-client"

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def seen(account: Account) -> Any:
    """What the script printed."""
    if not npm.fetched(SCRIPT, BUILD):
        pytest.skip("NOT TESTED: PagerDuty's JavaScript client could not be fetched from the npm registry")
    host = account.server.url.removeprefix("https://")
    environment = os.environ | {
        "NODE_PATH": str(BUILD / "node_modules"),
        "NODE_EXTRA_CA_CERTS": str(account.certificate),
        "TOCSIN_HOST": host,
        "TOCSIN_REST": f"{host}/api.pagerduty.com",
        "TOCSIN_KEY": account.key,
        "TOCSIN_EMAIL": account.email,
    }
    command = [str(npm.NODE / "bin" / "node"), str(SCRIPT / "client.js")]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout)


def test_things_are_made_listed_page_by_page_changed_and_removed(seen: Any) -> None:
    things = seen["things"]
    assert things["made"] == things["listed"] == [f"Script {number}" for number in range(7)]
    assert (things["pages"], things["changed"]) == (3, "changed")
    assert (things["removed"], things["gone"]) == (204, [404, 2100])


def test_an_alarm_is_raised_acknowledged_and_resolved(seen: Any) -> None:
    alarms = seen["alarms"]
    assert alarms["answers"] == [202] * 5
    assert alarms["seen"] == ["triggered", "acknowledged", "resolved"]
    assert {"trigger_log_entry", "acknowledge_log_entry", "resolve_log_entry"} <= set(alarms["entries"])
