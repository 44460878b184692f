"""What single people notice while a load runs: how long an acknowledgement takes, and how soon another service pages.

Both run in threads of the benchmark's process and cost little; each keeps what it measured.
"""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.mix import Bodies, Step, number_in
from tocsin.directory.model import ApiKey, Role
from tocsin.incidents.model import Status
from tocsin.runtime.reads import IncidentFilter, Reads
from tocsin.testing.load import Place
from tocsin.testing.running import RunningServer

SECRET = "tcs_bench0123456789bench0123456789bench01234"
API_KEY = ApiKey(id="PKBENCH", name="Benchmark", digest=hashlib.sha256(SECRET.encode()).hexdigest(), role=Role.ADMIN)
"""The key that acknowledges; to be stored with the installation's other things."""

PROBES_FROM = 5 * 10**11
"""The numbers of the alerts that probes raise."""


class Probe(threading.Thread):
    """Something that is tried again and again."""

    def __init__(self, every_seconds: float) -> None:
        super().__init__(daemon=True)
        self._every = every_seconds
        self._stopping = threading.Event()
        self.taken_ms: list[float] = []
        self.failed: list[str] = []

    def run(self) -> None:
        """Until stopped."""
        while not self._stopping.wait(self._every):
            self.once()

    def once(self) -> None:
        """One try."""
        raise NotImplementedError

    def stop(self) -> None:
        """No further tries."""
        self._stopping.set()
        self.join(30)


@contextmanager
def probing(probe: Probe) -> Iterator[None]:
    """The probe runs for as long as the block does."""
    probe.start()
    try:
        yield
    finally:
        probe.stop()


class Acknowledging(Probe):
    """A person acknowledges an incident by the REST API, in PagerDuty's words."""

    def __init__(self, server: RunningServer, reads: Reads, person: str, every_seconds: float = 0.1) -> None:
        super().__init__(every_seconds)
        self._server = server
        self._reads = reads
        self._incidents: deque[str] = deque()
        self._headers = {
            "authorization": f"Token token={SECRET}",
            "from": person,
            "content-type": "application/json",
            "accept": "application/vnd.pagerduty+json;version=2",
        }
        self._connection: http.client.HTTPConnection | None = None

    def once(self) -> None:
        """Acknowledge one of the newest incidents that nobody has."""
        if not self._incidents:
            found = self._reads.incidents(IncidentFilter(statuses=(Status.TRIGGERED,)), limit=50).items
            self._incidents.extend(incident.id for incident in found)
        if not self._incidents:
            return
        body = json.dumps({"incident": {"type": "incident_reference", "status": "acknowledged"}})
        began = time.perf_counter()
        status, answer = self._put(f"/pagerduty/incidents/{self._incidents.popleft()}", body)
        taken = 1000 * (time.perf_counter() - began)
        if status == 200:
            self.taken_ms.append(taken)
        elif b"resolved" not in answer.lower():  # its monitor resolved it meanwhile: nothing to measure
            self.failed.append(f"{status} {answer[:200]!r}")

    def _put(self, path: str, body: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        try:
            self._connection.request("PUT", path, body, self._headers)
            answer = self._connection.getresponse()
            return answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self._connection = None
            return 0, str(error).encode()


class Paging(Probe):
    """Alarms on other services, each about a person who was not called before."""

    def __init__(self, server: RunningServer, places: Sequence[Place], every_seconds: float = 0.5) -> None:
        super().__init__(every_seconds)
        self._server = server
        self._places = itertools.cycle(places)
        self._numbers = itertools.count(PROBES_FROM)

    def once(self) -> None:
        """Raise an alarm and wait for its page at the provider."""
        place, number = next(self._places), next(self._numbers)
        body = Bodies([place.integration.key]).body(Step(resolve=False, number=number, is_new=True))
        sent = self._server.clock.now()
        if not self._posted(body):
            return
        try:
            text = self._server.phones.wait_for_text(
                place.number, lambda one: number_in(one.body) == number, timeout=30
            )
        except TimeoutError:
            self.failed.append("no page within 30 s")
            return
        self.taken_ms.append((text.received_at - sent) / 1000)

    def _posted(self, body: bytes) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._server.port, timeout=20)
        try:
            connection.request("POST", "/v2/enqueue", body, {"content-type": "application/json"})
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            self.failed.append(str(error))
            return False
        finally:
            connection.close()
        if status != 202:
            self.failed.append(f"refused with {status}")
        return status == 202
