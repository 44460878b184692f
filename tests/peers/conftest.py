"""One installation for all tests of this folder, and a person with a service for each test."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pytest

from tests.peers import certificate
from tocsin.directory.model import Integration
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, Status
from tocsin.runtime.reads import IncidentFilter, OutcomeFilter
from tocsin.testing.fake_phones import FakeText
from tocsin.testing.running import RunningServer

_numbers = count(1)

PATIENCE_SECONDS = 40.0
"""Prometheus looks for Alertmanagers every five seconds, and the machine may be busy."""


class Watch:
    """A service, the person who is called for it, and what became of its alarms."""

    def __init__(self, server: RunningServer) -> None:
        number = next(_numbers)
        self.server = server
        self.phone = f"+1202555{number:04d}"
        alice = server.person(f"alice{number}", self.phone.removeprefix("+1"))
        self.integration: Integration = server.service(f"Bells {number}", alice)
        server.wait_for_key(self.integration)

    def paged(self, text: str) -> FakeText:
        """The page that says this, as soon as it is on the phone."""
        return self.server.phones.wait_for_text(self.phone, lambda one: text in one.body, PATIENCE_SECONDS)

    def incidents(self) -> list[Incident]:
        """The service's incidents, newest first."""
        wanted = IncidentFilter(service_ids=(self.integration.service_id,))
        return list(self.server.reads.incidents(wanted).items)

    def wait_until_resolved(self) -> Incident:
        """Until its one incident is resolved."""
        self.server.wait_until(
            lambda: self.incidents()[0].status is Status.RESOLVED, "it is resolved", PATIENCE_SECONDS
        )
        (incident,) = self.incidents()
        return incident

    def outcomes(self) -> list[Outcome]:
        """How its events ended, oldest first, without the probe that `wait_for_key` sent."""
        found = self.server.reads.outcomes(OutcomeFilter(integration_ids=(self.integration.id,))).items
        return [one.outcome for one in reversed(found)][1:]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("peers") / "data") as running:
        yield running


@pytest.fixture
def watch(server: RunningServer) -> Watch:
    return Watch(server)


@dataclass(frozen=True)
class Account:
    """An installation behind TLS, as a client knows it: addresses, the certificate to trust, an API key, a person."""

    server: RunningServer
    certificate: Path
    key: str
    email: str = "olive@example.com"

    @property
    def rest_url(self) -> str:
        """Where PagerDuty's REST calls are."""
        return f"{self.server.url}/pagerduty"


@pytest.fixture(scope="session")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    place = tmp_path_factory.mktemp("account")
    files = certificate.make(place)
    with RunningServer(place / "data", tls=files) as running:
        command = [sys.executable, "-m", "tocsin.cli.main", "setup", "--data", str(running.folder), "--json"]
        command += ["--name", "Olive", "--email", Account.email]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        yield Account(running, files[0], json.loads(made.stdout)["api_key"])
