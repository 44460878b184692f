"""Requests of every shape that the vendor's description allows, and that it does not, on a real server: it answers all.

Schemathesis makes them: examples, boundaries of each field, one thing wrong at a time. Never 5xx, never later than two
seconds, every refusal in the vendor's envelope, and nothing in the log that nobody expected.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.pagerduty.api import secret
from tests.dialects.pagerduty.live import LiveHouse, described
from tests.dialects.pagerduty.test_openapi import DESCRIPTION
from tocsin.testing.running import RunningServer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(
        not DESCRIPTION.exists(), reason="NOT TESTED: the vendor's OpenAPI description is not beside this checkout"
    ),
]

HANGS_SECONDS = 2
SETTINGS = "[phases.coverage]\nunexpected-methods = []\n"
"""Methods that a path does not have are not tried on it: another may, and DELETE would end the run early."""


@dataclass(frozen=True)
class Round:
    """Which methods, how their requests are made, and how many random ones for each operation.

    It fails if fewer than `least` requests were sent, or if fewer than `taken` of the operations ever succeeded.
    """

    methods: frozenset[str]
    phases: str
    examples: int
    least: int
    taken: float


ROUNDS = (
    Round(frozenset({"POST", "PUT"}), "examples,coverage", 5, 15_000, 0.9),
    Round(frozenset({"GET"}), "coverage,fuzzing", 5, 3_000, 0.95),
    Round(frozenset({"DELETE"}), "coverage,fuzzing", 5, 100, 0.5),
)


@dataclass(frozen=True)
class Sent:
    """One request and what it was answered."""

    operation: str
    status: int
    body: bytes


@pytest.fixture
def house(tmp_path: Path) -> Iterator[LiveHouse]:
    with RunningServer(tmp_path / "data") as server:
        yield LiveHouse(server)


def requests_of(folder: Path, house: LiveHouse, round_: Round, description: Any) -> list[Sent]:
    """Have schemathesis send them; always the same. Fails with its words if it found something."""
    (folder / "description.json").write_text(json.dumps(description), encoding="utf-8")
    (folder / "schemathesis.toml").write_text(SETTINGS, encoding="utf-8")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", "schemathesis.toml"]
    command += ["run", "description.json", "--url", f"{house.server.url}/pagerduty", "--phases", round_.phases]
    command += ["--header", f"Authorization: Token token={secret('olive')}", "--max-examples", str(round_.examples)]
    command += ["--checks", "not_a_server_error", "--max-response-time", str(HANGS_SECONDS), "--request-timeout", "10"]
    command += ["--generation-deterministic", "--continue-on-failure"]
    command += ["--no-color", "--warnings", "off", "--report", "ndjson", "--report-ndjson-path", "report.ndjson"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout[-8000:] + ran.stderr
    return list(answers(folder / "report.ndjson"))


def answers(report: Path) -> Iterator[Sent]:
    for line in report.read_text(encoding="utf-8").splitlines():
        recorded: dict[str, Any] = json.loads(line).get("ScenarioFinished", {}).get("recorder", {})
        for exchange in recorded.get("interactions", {}).values():
            answer = exchange["response"]
            content = (answer.get("content") or {}).get("$base64", "")
            yield Sent(recorded["label"], answer["status_code"], base64.b64decode(content))


def refused_well(sent: Sent) -> bool:
    """Whether an error is in the envelope that clients read."""
    error = json.loads(sent.body)["error"]
    return (
        type(error["code"]) is int
        and type(error["message"]) is str
        and all(type(one) is str for one in error["errors"])
        and (sent.status != 400 or bool(error["errors"]))
    )


def test_every_request_is_answered_and_nothing_breaks(house: LiveHouse, tmp_path: Path) -> None:
    descriptions = [described(house, one.methods) for one in ROUNDS]
    for round_, description in zip(ROUNDS, descriptions, strict=True):
        every = requests_of(tmp_path, house, round_, description)
        statuses: dict[str, set[int]] = defaultdict(set)
        for sent in every:
            statuses[sent.operation].add(sent.status)
            assert sent.status < 400 or refused_well(sent), sent
        assert len(every) >= round_.least, "the description was not understood"
        taken = [operation for operation, found in statuses.items() if found & {200, 201, 202, 204}]
        assert len(taken) >= round_.taken * len(statuses), set(statuses) - set(taken)
    assert "Traceback" not in house.server.read_log()
    assert house.server.get("/healthz")[0] == 200
