"""A list walked from place to place holds every row once, in its order, on both databases and in both directions."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.storage.rows import SERVICES, Written, write
from tests.storage.test_queries import some_filter, wanted
from tocsin.alerts.model import Alert
from tocsin.directory.model import Urgency
from tocsin.events.model import Outcome
from tocsin.incidents.model import Incident, Status
from tocsin.runtime.reads import (
    AlertAt,
    AlertFilter,
    At,
    Count,
    IncidentFilter,
    Order,
    OutcomeFilter,
    Reads,
    Slice,
    rank_of,
)
from tocsin.storage.database import Database, open_database
from tocsin.storage.queries import slices

COUNT = 60
RANKS = {"PRIO1": -1, "PRIO2": -2}


@pytest.fixture
def written(database: Database) -> Written:
    return write(database, COUNT)


@pytest.fixture
def reads(written: Written, url: str | None, tmp_path: Path) -> Iterator[Reads]:
    database = open_database(tmp_path, url, read_only=True)
    yield Reads(database)
    database.close()


KEYS: dict[Order, Callable[[Incident], Any]] = {
    Order.NEWEST: lambda one: (-one.created_at, -one.number),
    Order.OLDEST: lambda one: (one.created_at, one.number),
    Order.URGENT: lambda one: (one.urgency is Urgency.LOW, -one.created_at, -one.number),
    Order.PRIORITY: lambda one: (-RANKS.get(one.priority_id or "", -1), -one.created_at, -one.number),
}


def place(incident: Incident, order: Order) -> At:
    return At(incident.created_at, incident.number, rank_of(incident, order, RANKS))


def walked(reads: Reads, question: IncidentFilter, order: Order, step: int) -> tuple[list[Incident], list[Incident]]:
    """All pages from the beginning on, and all pages back from the end."""
    there: list[Incident] = []
    at = None
    while True:
        part = reads.incidents_near(question, order, at, ranks=RANKS, limit=step)
        there += part.items
        if not part.after:
            break
        at = place(part.items[-1], order)
    back: list[Incident] = there[-1:]
    while back:
        part = reads.incidents_near(question, order, place(back[0], order), ranks=RANKS, limit=step, backwards=True)
        back = [*part.items, *back]
        if not part.before:
            break
    return there, back


def test_every_incident_stands_on_one_page(reads: Reads, written: Written) -> None:
    chance = random.Random(5)
    for _ in range(40):
        question, order = some_filter(chance), chance.choice(list(Order))
        every = sorted((one for one in written.incidents if wanted(one, question)), key=KEYS[order])
        there, back = walked(reads, question, order, chance.randrange(1, 20))
        assert there == every, (question, order)
        assert back == every, (question, order)
        assert reads.count_incidents(question) == Count(len(every))
        assert reads.count_incidents(question, 2) == Count(min(len(every), 2), len(every) > 2)


def test_what_came_later_is_not_among_all(reads: Reads, written: Written) -> None:
    found = reads.incident_ids(IncidentFilter(statuses=(Status.TRIGGERED,), upto=30), 100)
    expected = {one.id for one in written.incidents if one.status is Status.TRIGGERED and one.number <= 30}
    assert set(found) == expected
    assert len(reads.incident_ids(IncidentFilter(), 7)) == 7


def test_words_and_numbers_are_found(reads: Reads, written: Written) -> None:
    def numbers(text: str) -> set[int]:
        return {one.number for one in reads.incidents_near(IncidentFilter(words=text), Order.NEWEST, limit=COUNT).items}

    assert numbers("INCIDENT 7") == {7, 17, 27, 37, 47, 57}
    assert numbers("7 incident") == {7, 17, 27, 37, 47, 57}
    assert numbers("#42") == {42}
    assert numbers("42") == {42}
    assert numbers("100%") == numbers("in_ident") == numbers("\\") == set()


def test_a_search_says_how_far_it_went(reads: Reads, written: Written, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "LOOKED_THROUGH", 10)
    times = sorted((one.created_at for one in written.incidents), reverse=True)
    question = IncidentFilter(words="nowhere to be found")
    part: Slice[Incident] = reads.incidents_near(question, Order.NEWEST)
    assert (part.items, part.after, part.looked_to) == ((), True, times[10])
    seen, steps = list[Incident](), 0
    question = IncidentFilter(urgencies=(Urgency.LOW,))
    at = None
    while True:
        part = reads.incidents_near(question, Order.NEWEST, at, limit=50)
        seen += [one for one in part.items if one not in seen]
        steps += 1
        if part.looked_to is None:
            break
        at = At(part.looked_to, 2**62)
    assert seen == sorted((one for one in written.incidents if one.urgency is Urgency.LOW), key=KEYS[Order.NEWEST])
    assert steps > 3
    # What has an index is looked through to its end.
    for whole in (IncidentFilter(), IncidentFilter(statuses=(Status.TRIGGERED,), words="nowhere")):
        assert reads.incidents_near(whole, Order.NEWEST).looked_to is None


def test_alerts_are_walked_in_both_directions(reads: Reads, written: Written) -> None:
    for question in (
        AlertFilter(),
        AlertFilter(is_open=True),
        AlertFilter(service_ids=SERVICES[:1]),
        AlertFilter(words="KEY1"),
    ):
        every = [
            one
            for one in sorted(written.alerts, key=lambda one: (one.created_at, one.id), reverse=True)
            if (question.is_open is None or one.is_open)
            and (not question.service_ids or one.service_id in question.service_ids)
            and (not question.words or "key1" in one.dedup_key)
        ]
        found: list[Alert] = []
        at = None
        while True:
            part = reads.alerts_near(question, at, limit=7)
            found += part.items
            if not part.after:
                break
            at = AlertAt(part.items[-1].created_at, part.items[-1].id)
        assert found == every
        back = reads.alerts_near(question, AlertAt(every[-1].created_at, every[-1].id), limit=100, backwards=True)
        assert list(back.items) == every[:-1]


def test_events_far_back_are_found_by_their_time(reads: Reads, written: Written) -> None:
    """A filter looks among the events before the end of the window, not before the newest of all."""
    sources = ("PINT000", "PINT001", "PINT002")
    assert reads.outcomes(OutcomeFilter(integration_ids=sources, within=5)).items[-1].seq > COUNT - 5
    found, stopped = reads.outcomes_near(OutcomeFilter(integration_ids=sources, before_seq=20, within=5))
    assert [one.seq for one in found.items] == [19, 18, 17, 16, 15]
    assert stopped == 15
    _, stopped = reads.outcomes_near(OutcomeFilter(integration_ids=sources, before_seq=20, within=100))
    assert stopped == 0
    kept_back = (Outcome.SUPPRESSED, Outcome.DROPPED, Outcome.QUARANTINED)
    found, stopped = reads.outcomes_near(OutcomeFilter(outcomes=kept_back, within=1), limit=100)
    assert [one.seq for one in found.items] == [
        seq for seq, outcome, _ in written.outcomes[::-1] if outcome in kept_back
    ]
    assert stopped == 0
