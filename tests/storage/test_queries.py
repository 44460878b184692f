"""What pages and dialects ask, held against the same question asked of plain lists; on both databases."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from sqlalchemy import delete, insert, select

from tests.storage.rows import BEGIN, SERVICES, TEAMS, USERS, Written, write
from tocsin.alerts.model import AlertStatus
from tocsin.directory.model import Channel, Role, TeamRole, Urgency
from tocsin.directory.permissions import Standing, Verb, may
from tocsin.events.model import Outcome
from tocsin.incidents.messages import NoteAdded
from tocsin.incidents.model import Incident, Status
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import MINUTE
from tocsin.runtime.reads import (
    EVERY,
    AlertFilter,
    IncidentFilter,
    MessageFilter,
    OutcomeFilter,
    Reads,
    Sight,
    SortBy,
    TimelineFilter,
)
from tocsin.runtime.sight import sight_of
from tocsin.storage import tables
from tocsin.storage.database import Database, open_database

T = TypeVar("T")

COUNT = 60


@pytest.fixture
def written(database: Database) -> Written:
    return write(database, COUNT)


@pytest.fixture
def reads(written: Written, url: str | None, tmp_path: Path) -> Iterator[Reads]:
    database = open_database(tmp_path, url, read_only=True)
    yield Reads(database)
    database.close()


def wanted(incident: Incident, found: IncidentFilter) -> bool:
    """The filter, said again in plain words."""
    sight = found.sight
    return all(
        (
            not found.statuses or incident.status in found.statuses,
            not found.urgencies or incident.urgency in found.urgencies,
            not found.service_ids or incident.service_id in found.service_ids,
            not found.team_ids or bool(set(incident.team_ids) & set(found.team_ids)),
            not found.user_ids or bool(set(incident.assignee_ids) & set(found.user_ids)),
            not found.ids or incident.id in found.ids,
            not found.incident_key or incident.incident_key == found.incident_key or incident.id in found.or_ids,
            found.since is None or incident.created_at >= found.since,
            found.until is None or incident.created_at < found.until,
            sight is None
            or bool(set(incident.team_ids) & sight.team_ids)
            or (bool(sight.user_id) and sight.user_id in incident.assignee_ids),
            sight is None or sight.limited_to is None or bool(set(incident.team_ids) & sight.limited_to),
        )
    )


def some(chance: random.Random, values: tuple[T, ...]) -> tuple[T, ...]:
    return tuple(chance.sample(values, chance.randrange(1, len(values) + 1))) if chance.random() < 0.4 else ()


def some_filter(chance: random.Random) -> IncidentFilter:
    edge = [BEGIN + chance.randrange(COUNT) * MINUTE if chance.random() < 0.3 else None for _ in range(2)]
    sights = (
        None,
        Sight(frozenset()),
        Sight(frozenset(TEAMS[:1])),
        Sight(frozenset(TEAMS[1:2]), USERS[0]),
        Sight(frozenset(TEAMS[:2]), "", frozenset(TEAMS[2:])),
    )
    return IncidentFilter(
        statuses=some(chance, tuple(Status)),
        urgencies=some(chance, tuple(Urgency)),
        service_ids=some(chance, SERVICES),
        team_ids=some(chance, TEAMS),
        user_ids=some(chance, USERS),
        incident_key=chance.choice(("", "", "key3")),
        or_ids=("Q0000000000005",),
        since=edge[0],
        until=edge[1],
        sight=chance.choice((None, *sights)),
    )


SORT_KEYS: dict[SortBy, Callable[[Incident], Any]] = {
    SortBy.NUMBER: lambda one: one.number,
    SortBy.CREATED_AT: lambda one: one.created_at,
    SortBy.URGENCY: lambda one: one.urgency is Urgency.HIGH,
}


def test_lists_of_incidents_are_what_a_plain_search_finds(reads: Reads, written: Written) -> None:
    chance = random.Random(7)
    for _ in range(80):
        question = some_filter(chance)
        sort_by, descending = chance.choice(list(SORT_KEYS)), chance.random() < 0.5
        limit, offset = chance.randrange(1, 30), chance.randrange(0, 20)
        every = sorted(
            (one for one in written.incidents if wanted(one, question)),
            key=lambda one: (SORT_KEYS[sort_by](one), one.number),
            reverse=descending,
        )
        found = reads.incidents(question, order=((sort_by, descending),), limit=limit, offset=offset, want_total=True)
        assert list(found.items) == every[offset : offset + limit], question
        assert (found.more, found.total) == (len(every) > offset + limit, len(every))


def test_open_ones_stand_last_by_time_of_resolution(reads: Reads, written: Written) -> None:
    for descending in (False, True):
        found = reads.incidents(order=((SortBy.RESOLVED_AT, descending),), limit=COUNT).items
        times = [one.resolved_at for one in found if one.resolved_at is not None]
        assert times == sorted(times, reverse=descending)
        assert [one.resolved_at for one in found[len(times) :]] == [None] * (COUNT - len(times))


def test_two_orders_at_once(reads: Reads, written: Written) -> None:
    order = ((SortBy.URGENCY, True), (SortBy.NUMBER, False))
    found = reads.incidents(order=order, limit=COUNT).items
    expected = sorted(written.incidents, key=lambda one: (one.urgency is Urgency.LOW, one.number))
    assert list(found) == expected


def test_one_incident_by_id_and_number(reads: Reads, written: Written) -> None:
    incident = written.incidents[4]
    assert reads.incident(incident.id) == reads.incident("5") == incident
    for nobody in ("0", "999999", "9" * 40, "QNOBODY", "", "-1", "5 ", "٥"):
        assert reads.incident(nobody) is None
    some_ids = [incident.id, "QNOBODY", written.incidents[7].id]
    assert set(reads.incidents_by_id(some_ids)) == {incident.id, written.incidents[7].id}
    assert reads.incidents_by_id([]) == {}


def test_ids_that_nothing_has_find_nothing_however_they_are_written(reads: Reads, written: Written) -> None:
    own = {one.id for one in written.incidents}
    hostile = ("", "'", '"', "\\", "{", "{a,b}", "NULL", "%", "%(ids)s", "a\0b", "\0", "\u202e", "x" * 100_000)
    assert set(reads.incidents_by_id((*hostile, *own, *own))) == own
    assert not reads.alerts_by_id(hostile)
    assert not reads.memories(hostile)
    assert set(reads.incidents_by_id([*(f"P{one}" for one in range(100_000)), *own])) == own, "one parameter holds all"


def test_the_newest_number_is_that_of_what_is_seen(reads: Reads, written: Written) -> None:
    for sight in (None, Sight(frozenset()), Sight(frozenset(TEAMS[1:2]), USERS[0]), Sight(frozenset(TEAMS[:1]))):
        numbers = [one.number for one in written.incidents if wanted(one, IncidentFilter(sight=sight))]
        assert reads.newest_number(sight=sight) == max(numbers, default=0)


def test_counts_of_open_incidents(reads: Reads, written: Written) -> None:
    still_open = [one for one in written.incidents if one.is_open]
    assert reads.open_counts().all == len(still_open)
    assert reads.open_counts().high == sum(one.urgency is Urgency.HIGH for one in still_open)
    assert reads.open_counts(team_ids=TEAMS[:1]).all == sum(TEAMS[0] in one.team_ids for one in still_open)
    sight = Sight(frozenset(), USERS[0])
    assert reads.open_counts(sight=sight).all == sum(USERS[0] in one.assignee_ids for one in still_open)
    for seeing in (None, Sight(frozenset(TEAMS[1:2]), USERS[0])):
        seen = [one for one in still_open if wanted(one, IncidentFilter(sight=seeing))]
        assert reads.open_by_person(sight=seeing) == Counter(user for one in seen for user in one.assignee_ids)
    by_service = reads.open_by_service()
    assert reads.open_by_service([SERVICES[0]]) == {SERVICES[0]: by_service[SERVICES[0]]}
    assert reads.open_by_service([]) == {}
    for service in SERVICES:
        assert by_service[service].triggered == sum(
            one.service_id == service and one.status is Status.TRIGGERED for one in written.incidents
        )
        newest = max(one.created_at for one in written.incidents if one.service_id == service)
        assert reads.last_incident_at(service) == newest
    assert reads.last_incident_at("PNOBODY") is None


def test_alerts(reads: Reads, written: Written) -> None:
    newest = sorted(written.alerts, key=lambda one: (one.created_at, one.id), reverse=True)
    assert list(reads.alerts(AlertFilter(), limit=10, offset=5).items) == newest[5:15]
    still_open = [one for one in newest if one.is_open]
    found = reads.alerts(AlertFilter(is_open=True), limit=COUNT, want_total=True)
    assert (list(found.items), found.total, found.more) == (still_open, len(still_open), False)
    quiet = [one for one in still_open if one.suppressed]
    assert list(reads.alerts(AlertFilter(is_open=True, suppressed=True), limit=COUNT).items) == quiet
    one = next(one for one in written.alerts if one.incident_id)
    assert reads.alert(one.id) == one
    assert reads.alert("QNOBODY") is None
    assert reads.alerts_of(one.incident_id).items == (one,)
    other = AlertStatus.RESOLVED if one.is_open else AlertStatus.TRIGGERED
    assert reads.alerts_of(one.incident_id, statuses=(other,)).items == ()
    assert reads.alerts_of(one.incident_id, statuses=tuple(AlertStatus)).items == (one,)
    assert reads.first_alerts([one.incident_id, "QNOBODY"]) == {one.incident_id: one}
    assert reads.alerts(AlertFilter(dedup_key=one.dedup_key, integration_ids=(one.scope,))).items == (one,)


def test_the_timeline_of_an_incident_and_across_all(reads: Reads, written: Written) -> None:
    incident = written.incidents[10]
    own = [seq for seq, _, _, fact in written.facts if fact.incident_id == incident.id]
    found = reads.timeline(TimelineFilter(incident_id=incident.id)).items
    assert [entry.seq for entry in found] == own
    expected = [(seq, at, actor, fact) for seq, at, actor, fact in written.facts if seq in own]
    assert [(entry.seq, entry.at, entry.actor, entry.fact) for entry in found] == expected
    assert reads.timeline_entry(own[0]) == found[0]
    assert reads.timeline_entry(10**9) is None
    assert [entry.seq for entry in reads.timeline_after(incident.id, own[0]).items] == own[1:]
    after = reads.timeline_after("", len(written.facts) - 5, limit=3)
    assert ([entry.seq for entry in after.items], after.more) == (
        [len(written.facts) - 4, len(written.facts) - 3, len(written.facts) - 2],
        True,
    )
    assert reads.first_entries([incident.id]) == {incident.id: own[0]}
    noted = written.facts[own[1] - 1][3]
    assert isinstance(noted, NoteAdded)
    assert [(note.id, note.text) for note in reads.notes(incident.id)] == [(noted.note_id, noted.text)]


def test_the_last_note_of_each_is_what_its_notes_end_with(reads: Reads, written: Written, database: Database) -> None:
    ids, at = [one.id for one in written.incidents], tables.timeline.c
    with database.transaction() as connection:
        row = connection.execute(select(tables.timeline).where(at.incident_id == ids[3], at.kind == NoteAdded.kind))
        noted = row.mappings().one()
        later = {"seq": noted["seq"] + 10_000, "data": noted["data"].replace("QN", "QX").replace("Note on", "Later on")}
        connection.execute(insert(tables.timeline).values(dict(noted) | later))
    assert [one.text[:5] for one in reads.notes(ids[3])] == ["Note ", "Later"]
    assert reads.last_notes([*ids, "QNOBODY"]) == {one: reads.notes(one)[-1] for one in ids}
    assert reads.last_notes([]) == {}


def test_a_window_of_time_is_found_without_an_index(reads: Reads, written: Written) -> None:
    chance = random.Random(3)
    for _ in range(25):
        since, until = sorted(
            BEGIN + chance.randrange(-5, COUNT + 5) * MINUTE + chance.choice((0, 1)) for _ in range(2)
        )
        kinds = chance.choice(((), (NoteAdded.kind,)))
        teams = chance.choice(((), TEAMS[:1]))
        in_team = {one.id for one in written.incidents if not teams or set(one.team_ids) & set(teams)}
        expected = [
            seq
            for seq, at, _, fact in written.facts
            if since <= at < until and (not kinds or fact.kind in kinds) and fact.incident_id in in_team
        ][::-1]
        question = TimelineFilter(since=since, until=until, kinds=kinds, team_ids=teams)
        found = reads.timeline(question, limit=7, offset=2, newest_first=True, want_total=True)
        assert [entry.seq for entry in found.items] == expected[2:9]
        assert (found.more, found.total) == (len(expected) > 9, len(expected))


def test_messages(reads: Reads, written: Written) -> None:
    chance = random.Random(5)
    for _ in range(40):
        since, until = sorted(BEGIN + chance.randrange(COUNT) * MINUTE for _ in range(2))
        channels = chance.choice(((), (Channel.SMS,)))
        people = chance.choice(((), USERS[:1]))
        expected = sorted(
            (
                one
                for one in written.messages
                if since <= one.created_at < until
                and (not channels or one.channel in channels)
                and (not people or one.user_id in people)
            ),
            key=lambda one: (one.created_at, one.id),
        )
        question = MessageFilter(since=since, until=until, channels=channels, user_ids=people)
        found = reads.messages(question, limit=5, newest_first=False, want_total=True)
        assert (list(found.items), found.total) == (expected[:5], len(expected))
    assert reads.message(written.messages[0].id) == written.messages[0]
    assert reads.message("x") is None


def test_outcomes_newest_first(reads: Reads, written: Written) -> None:
    newest = written.outcomes[::-1]

    def seqs(question: OutcomeFilter, limit: int = COUNT) -> list[int]:
        return [one.seq for one in reads.outcomes(question, limit=limit).items]

    assert seqs(OutcomeFilter()) == [seq for seq, _, _ in newest]
    for outcomes in ((Outcome.SUPPRESSED,), (Outcome.OPENED, Outcome.DROPPED)):
        assert seqs(OutcomeFilter(outcomes=outcomes)) == [seq for seq, outcome, _ in newest if outcome in outcomes]
    assert seqs(OutcomeFilter(integration_ids=("PINT001",))) == [seq for seq, _, scope in newest if scope == "PINT001"]
    assert seqs(OutcomeFilter(before_seq=10), 3) == [9, 8, 7]
    assert reads.outcomes(OutcomeFilter(before_seq=10), limit=9).more is False
    one = reads.outcome(5)
    assert one is not None
    assert (one.seq, one.outcome, one.reason) == (5, written.outcomes[4][1], "because")
    assert reads.outcome(10**6) is None


def test_an_empty_database_answers_everything(url: str | None, tmp_path: Path) -> None:
    database = open_database(tmp_path, url, read_only=True)
    reads = Reads(database)
    assert reads.incidents(want_total=True).total == 0
    assert reads.timeline(TimelineFilter(since=BEGIN, until=BEGIN + MINUTE)).items == ()
    assert reads.outcomes(OutcomeFilter(integration_ids=("x",))).items == ()
    assert (reads.oldest_due(), reads.cursor().seq) == ((None, None), 0)
    pulse = reads.pulse()
    assert (pulse.timers, pulse.outbox, pulse.next_timer_due) == (0, 0, None)
    database.close()


@pytest.mark.parametrize("role", list(Role))
def test_sight_is_the_permission_rule(role: Role) -> None:
    """What a limited reader is shown is exactly what the one rule lets them read."""
    sets: list[frozenset[str]] = [
        frozenset(chosen) for size in range(3) for chosen in itertools.combinations(TEAMS, size)
    ]
    for member_of, limit in itertools.product(sets, [None, *sets[1:]]):
        standing = Standing(role=role, teams=dict.fromkeys(member_of, TeamRole.OBSERVER), limited_to=limit)
        sight = sight_of(standing, Actor(ActorKind.USER, "PALICE1", Via.API))
        for owners in sets:
            shown = sight is None or (
                bool(owners & sight.team_ids) and (sight.limited_to is None or bool(owners & sight.limited_to))
            )
            assert shown == may(standing, Verb.READ, owners), (standing, owners)


def test_what_is_asked_at_one_moment_does_not_change_between_two_questions(
    reads: Reads, written: Written, database: Database
) -> None:
    gone = written.incidents[0].id

    def there(source: Reads) -> tuple[bool, int]:
        return source.incident(gone) is not None, source.incidents(EVERY, want_total=True).total or 0

    with reads.at_one_moment() as held:
        before = there(held)
        with database.transaction() as connection:
            connection.execute(delete(tables.incidents).where(tables.incidents.c.id == gone))
        assert there(held) == before == (True, COUNT)
        assert there(reads) == (False, COUNT - 1), "others see what is there now"
    assert there(held) == (False, COUNT - 1), "so does whoever asks on when the moment is over"
