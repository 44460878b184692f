"""What clients of the REST API wait for: long lists, a schedule written out, who is on call. One client at a time."""

from __future__ import annotations

import gc
import http.client
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.history import History, write_history
from bench.live import median, share
from bench.oncall_bench import moments, rotations, schedule, year
from bench.probes import API_KEY, SECRET
from bench.report import Figure, Report, say
from tocsin.directory.custom_fields import CustomField, DataType
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.time import HOUR, iso
from tocsin.oncall import Layer, Override, Schedule
from tocsin.runtime.clock import SystemClock
from tocsin.storage.database import Database, open_database
from tocsin.testing.load import Place, prepare, store_things
from tocsin.testing.running import RunningServer

WARM = 5
"""The first requests meet cold memories; clients that ask often don't."""

LAYERS, PEOPLE, TURN_SECONDS = 10, 50, 86_400
SCHEDULE_ID = "PSBENCH"


@dataclass
class Client:
    """One client of the REST API, over one connection."""

    server: RunningServer

    def __post_init__(self) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        self._headers = {
            "authorization": f"Token token={SECRET}",
            "accept": "application/vnd.pagerduty+json;version=2",
        }

    def get(self, path: str) -> bytes:
        """The answer's body; raises AssertionError for anything but 200."""
        self._connection.request("GET", f"/pagerduty{path}", headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        assert answer.status == 200, (path, answer.status, body[:500])
        return body

    def taken_ms(self, paths: Sequence[str], times: int) -> list[float]:
        """How long each of `times` requests took, in milliseconds; the paths take turns."""
        for number in range(WARM):
            self.get(paths[number % len(paths)])
        taken = []
        for number in range(times):
            began = time.perf_counter()
            self.get(paths[number % len(paths)])
            taken.append(1000 * (time.perf_counter() - began))
        return taken

    def close(self) -> None:
        """End the connection."""
        self._connection.close()


def measure(folder: Path, report: Report, size: int, times: int) -> None:
    """(h) Lists of 100 out of `size` things of each kind; (i) a schedule, by itself and over HTTP."""
    with _installation(folder, size) as client:
        for name, paths in _lists(size).items():
            _tail(report, "h", f"{name}, p95", client.taken_ms(paths, times), 50)
        now = SystemClock().now()
        span = f"since={iso(now)}&until={iso(now + 365 * 24 * HOUR)}"
        rendered = client.taken_ms([f"/schedules/{SCHEDULE_ID}?{span}"], times)
        asked = client.taken_ms([f"/oncalls?schedule_ids[]={SCHEDULE_ID}&earliest=true"], times)
    _schedule_alone(report)
    _tail(report, "i", "the same over HTTP, with its JSON, p95", rendered, 0)
    _tail(report, "i", "who is on call now over HTTP, p95", asked, 0)


def _lists(size: int) -> dict[str, Sequence[str]]:
    """Names of figures and the paths behind them: the first page and others further back."""
    starts = (0, size // 2, size - 100)

    def pages(path: str, more: str = "") -> list[str]:
        return [f"{path}?limit=100&offset={start}{more}" for start in starts]

    return {
        "100 services": pages("/services"),
        "100 services with total, policies, integrations": pages(
            "/services", "&total=true&include[]=escalation_policies&include[]=integrations"
        ),
        "services by a query": [f"/services?limit=100&query=Service%20{number}" for number in (1, 12, 123)],
        "100 users": pages("/users"),
        "100 users with contact methods and rules": pages(
            "/users", "&include[]=contact_methods&include[]=notification_rules"
        ),
        "100 incidents": pages("/incidents", "&date_range=all"),
        "100 incidents with 15 custom fields": pages("/incidents", "&date_range=all&include[]=custom_fields"),
        "100 incidents that are open, with total": [
            f"/incidents?limit=100&offset={start}&total=true&statuses[]=triggered" for start in (0, size // 4)
        ],
    }


def _schedule_alone(report: Report) -> None:
    """Without HTTP: what is decided and written out."""
    overrides: tuple[Override, ...] = ()
    plan = schedule(LAYERS, PEOPLE, TURN_SECONDS)
    gc.collect()
    gc.freeze()  # what this process did before is not the schedule's garbage
    cold = _taken_ms(year(plan, overrides, forget=True), 15)
    warm = _taken_ms(year(plan, overrides, forget=False), 15)
    note = f"again {median(warm):.0f} ms"
    _tail(report, "i", "a year of 10 layers with 50 people each, first time, p95", cold, 50, note)
    many = 200
    one = [each / many for each in _taken_ms(moments(plan, overrides, many), 15)]
    _tail(report, "i", "who is on call now on it, p95", one, 2)
    shifts = rotations(LAYERS, PEOPLE, "FREQ=DAILY", 24)
    cold = _taken_ms(year(shifts, overrides, forget=True), 15)
    _tail(report, "i", "a year of 10 rotations and 50 people with daily shifts, first time, p95", cold, 50)
    one = [each / many for each in _taken_ms(moments(shifts, overrides, many), 15)]
    _tail(report, "i", "who is on call now on that, p95", one, 2)


def _taken_ms(work: Callable[[], None], times: int) -> list[float]:
    """Milliseconds of the processor: the neighbours of a busy machine don't count."""
    taken = []
    for _ in range(times):
        began = time.process_time()
        work()
        taken.append(1000 * (time.process_time() - began))
    return taken


def _tail(report: Report, part: str, name: str, taken: list[float], target: float, note: str = "") -> None:
    tail = share(taken, 0.95)
    note = note or f"p50 {median(taken):.3g} ms"
    words, met = (f"under {target:g}", tail < target) if target else ("", None)
    report.add(Figure(part, name, tail, "ms", words, met, note))


@contextmanager
def _installation(folder: Path, size: int) -> Iterator[Client]:
    """`size` services, people and incidents (half of them over), and a schedule that a policy calls."""
    began = time.perf_counter()
    places = prepare(folder, size, [API_KEY])
    write_history(folder, places, History(events=10 * size, timers=size // 2))
    database = open_database(folder, None)
    store_things(database, (*_on_call(places), *_fields()), SystemClock().now())
    _fill_in(database)
    database.close()
    with RunningServer(folder) as server:
        client = Client(server)
        say(f"{size:,} of each were written in {time.perf_counter() - began:.0f} s")
        yield client
        client.close()


def _fields() -> list[CustomField]:
    """What every incident is asked: 15 texts."""
    numbers = range(15)
    return [
        CustomField(id=f"PF{number:05d}", name=f"f{number}", display_name=f"Field {number}", data_type=DataType.STRING)
        for number in numbers
    ]


def _fill_in(database: Database) -> None:
    """Every incident has a value of every field."""
    values = json.dumps({one.id: f"the value of {one.display_name}" for one in _fields()})
    with database.transaction() as connection:
        update = "UPDATE incidents SET data = json_set(data, '$.field_values', json(?))"
        connection.exec_driver_sql(update, (values,))


def _on_call(places: Sequence[Place]) -> tuple[Schedule, Policy]:
    now = SystemClock().now()
    start = now - 30 * 24 * HOUR
    layers = tuple(
        Layer(
            f"PLAYER{number}",
            f"Layer {number}",
            start,
            None,
            start + number * HOUR,
            TURN_SECONDS,
            tuple(places[(number * PEOPLE + one) % len(places)].user.id for one in range(PEOPLE)),
            (),
        )
        for number in range(LAYERS)
    )
    target = Target(kind=TargetKind.SCHEDULE, id=SCHEDULE_ID)
    rules = (Rule(id="PLBENCH", delay_minutes=30, targets=(target,)),)
    return Schedule(SCHEDULE_ID, "Everybody", "Europe/Berlin", layers), Policy(
        id="PPBENCH", name="Everybody", rules=rules, created_at=now, updated_at=now
    )
