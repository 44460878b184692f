"""The edge's own tables, on both databases: one contract."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.databases import fresh
from tocsin.kernel.time import HOUR
from tocsin.storage.edge import (
    EDGE_FILE,
    ONCE,
    EdgeStore,
    EventFilter,
    EventRow,
    FeedRow,
    ProviderRow,
    SessionRow,
    open_edge_store,
)

NOW = 1_000 * HOUR


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    if request.param == "sqlite":
        yield None
        return
    with fresh(request.getfixturevalue("postgres_server")) as found:
        yield found


@pytest.fixture
def store(url: str | None, tmp_path: Path) -> Iterator[EdgeStore]:
    made = open_edge_store(tmp_path, url)
    yield made
    made.close()


def row(digest: str = "d1", user_id: str = "PALICE", **more: Any) -> SessionRow:
    made = SessionRow(
        digest=digest, id=f"id-{digest}", user_id=user_id, standing="s", opened_at=NOW, seen_at=NOW, ends_at=NOW + HOUR,
        address="192.0.2.1", agent="a", how="link",
    )  # fmt: skip
    return replace(made, **more)


def test_a_session_is_kept_as_it_is(store: EdgeStore) -> None:
    store.add_session(row())
    assert store.session("d1") == row()
    assert store.session("d2") is None
    store.touch_session("d1", NOW + 5)
    assert store.session("d1") == row(seen_at=NOW + 5)


def test_sessions_end_one_by_one_or_all_but_one(store: EdgeStore) -> None:
    for digest in ("d1", "d2", "d3"):
        store.add_session(row(digest))
    store.add_session(row("d4", "PBOB"))
    assert store.end_sessions_of("PBOB", session_id="id-d1") == 0
    assert store.end_sessions_of("PALICE", session_id="id-d1") == 1
    assert store.end_sessions_of("PALICE", keep_digest="d2") == 1
    assert [one.digest for one in store.sessions_of("PALICE")] == ["d2"]
    store.end_session("d2")
    assert store.sessions_of("PALICE") == []
    assert len(store.sessions_of("PBOB")) == 1


def test_a_link_is_used_once_by_whoever_is_first(store: EdgeStore) -> None:
    store.add_link("l1", "PALICE", NOW + HOUR)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.use_link("l1", NOW), range(16))) == 1
    link = store.link("l1")
    assert link is not None
    assert link.used_at == NOW
    assert not store.use_link("unknown", NOW)


def test_a_link_that_is_over_cannot_be_used(store: EdgeStore) -> None:
    store.add_link("l1", "PALICE", NOW)
    assert not store.use_link("l1", NOW)


def test_attempts_count_in_a_sliding_window(store: EdgeStore) -> None:
    for at in (NOW, NOW + 10, NOW + 20):
        store.add_attempts(["a", "b"], at)
    assert store.attempts("a", NOW) == (2, NOW + 10)
    assert store.attempts("a", NOW - 1) == (3, NOW)
    store.forget_attempts("a", NOW + 10)
    assert store.attempts("a", NOW - 1) == (2, NOW)
    store.forget_attempts("a")
    assert store.attempts("a", 0) == (0, 0)
    assert store.attempts("b", 0) == (3, NOW)


def test_sweeping_takes_what_is_over_and_leaves_the_rest(store: EdgeStore) -> None:
    store.add_session(row("old", ends_at=NOW))
    store.add_session(row("idle", seen_at=NOW - HOUR))
    store.add_session(row("good"))
    store.add_link("old", "PALICE", NOW)
    store.add_link("good", "PALICE", NOW + 1)
    store.add_attempts(["a"], NOW - HOUR)
    store.add_attempts(["a"], NOW)
    store.sweep(NOW, idle_since=NOW - HOUR, attempts_since=NOW - HOUR)
    assert [one.digest for one in store.sessions_of("PALICE")] == ["good"]
    assert (store.link("old"), store.link("good") is not None) == (None, True)
    assert store.attempts("a", 0)[0] == 1


def test_what_is_written_is_there_after_a_restart(url: str | None, tmp_path: Path) -> None:
    first = open_edge_store(tmp_path, url)
    first.add_session(row())
    first.close()
    second = open_edge_store(tmp_path, url)
    assert second.session("d1") == row()
    second.close()
    assert (tmp_path / EDGE_FILE).exists() == (url is None)


@pytest.mark.postgres
def test_edges_that_start_at_once_on_an_empty_database(postgres_server: str, tmp_path: Path) -> None:
    with fresh(postgres_server) as url, ThreadPoolExecutor(4) as pool:
        for made in pool.map(lambda _: open_edge_store(tmp_path, url), range(4)):
            made.close()


def test_many_threads_take_turns(store: EdgeStore) -> None:
    def work(number: int) -> None:
        store.add_session(row(f"d{number}"))
        assert store.session(f"d{number}") is not None
        store.touch_session(f"d{number}", NOW + number)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    assert len(store.sessions_of("PALICE")) == 40


def test_who_was_here_when_is_kept_to_the_latest(store: EdgeStore) -> None:
    store.note_uses({"user:PALICE": NOW, "key:PALICE": NOW + 5, "user:PBOB": NOW})
    store.note_uses({"user:PALICE": NOW + 9, "user:PBOB": NOW - 9})
    assert store.uses("user") == {"PALICE": NOW + 9, "PBOB": NOW}
    assert store.uses("key") == {"PALICE": NOW + 5}
    store.sweep(NOW + 10_000 * HOUR, idle_since=NOW, attempts_since=NOW)
    assert store.uses("key") == {"PALICE": NOW + 5}


def test_a_feed_is_remembered_as_it_was_fetched_last(store: EdgeStore) -> None:
    first = FeedRow(id="F1", content="a", changed_at=NOW, fetched_at=NOW, agent="Calendar/1")
    assert store.feed_rows(["F1", "F2"]) == {}
    store.keep_feed(first)
    store.keep_feed(replace(first, id="F2", fetched_at=NOW + HOUR))
    later = replace(first, content="b", changed_at=NOW + HOUR, fetched_at=NOW + HOUR, agent="")
    store.keep_feed(later)
    assert store.feed_rows(["F1"]) == {"F1": later}
    store.keep_feed(first)
    store.forget_feeds(NOW)
    assert set(store.feed_rows(["F1", "F2"])) == {"F2"}


def test_what_was_begun_is_for_its_purpose_and_ends_once(store: EdgeStore) -> None:
    store.begin("b1", "code", "data", NOW + HOUR)
    assert store.begun("b1", "other", NOW) is None
    assert store.begun("b1", "code", NOW + HOUR) is None
    assert store.begun("b1", "code", NOW) == "data"
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: store.end_begun("b1", "code", NOW), range(16)))
    assert sorted(filter(None, taken)) == ["data"]


def test_tries_are_counted_also_at_once(store: EdgeStore) -> None:
    store.begin("b1", "code", "data", NOW + HOUR)
    with ThreadPoolExecutor(8) as pool:
        tried = list(pool.map(lambda _: store.try_begun("b1", "code", NOW, 5), range(16)))
    assert tried.count("data") == 5
    assert store.begun("b1", "code", NOW) is None, "after too many it is forgotten"


def test_a_mark_only_rises_and_of_two_at_once_one_raises_it(store: EdgeStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: store.raise_mark("m", 7, NOW), range(16))) == 1
    assert not store.raise_mark("m", 7, NOW)
    assert not store.raise_mark("m", 6, NOW)
    assert store.raise_mark("m", 8, NOW + 1)
    assert store.mark("m") == (8, NOW + 1)
    assert store.mark("other") is None
    assert store.raise_mark(f"{ONCE}x", 1, NOW + HOUR)
    store.sweep(NOW + 2 * HOUR, idle_since=0, attempts_since=0)
    assert store.mark(f"{ONCE}x") is None
    assert store.mark("m") == (8, NOW + 1), "counters of passkeys are kept"


def test_browsers_are_known_to_their_people(store: EdgeStore) -> None:
    assert not store.has_browsers("PALICE")
    store.see_browser("b", "PALICE", NOW)
    store.see_browser("b", "PALICE", NOW + 1)
    assert (store.knows_browser("b", "PALICE"), store.knows_browser("b", "PBOB")) == (True, False)
    store.sweep(NOW, idle_since=0, attempts_since=0, traces_since=NOW)
    assert store.has_browsers("PALICE")
    store.forget_browsers("PALICE")
    assert not store.has_browsers("PALICE")


def test_events_are_told_newest_first_and_to_whom_they_happened(store: EdgeStore) -> None:
    for number, whose in enumerate(("PALICE", "PBOB", "PALICE", "")):
        event = EventRow(id=f"e{number}", at=NOW + number, user_id=whose, kind="k", address="a", agent="b")
        store.add_event(event)
    assert [one.id for one in store.events(EventFilter(user_id="PALICE"), 9)] == ["e2", "e0"]
    assert [one.id for one in store.events(EventFilter(), 3)] == ["e3", "e2", "e1"]
    store.sweep(NOW, idle_since=0, attempts_since=0, traces_since=NOW + 1)
    assert [one.id for one in store.events(EventFilter(), 9)] == ["e3", "e2"]


def test_the_provider_ends_what_it_began(store: EdgeStore) -> None:
    for digest, subject, sid in (("d1", "alice", "s1"), ("d2", "alice", "s2"), ("d3", "bob", "s3")):
        store.add_session(row(digest))
        ends = NOW + HOUR
        store.add_provider_session(
            ProviderRow(session_digest=digest, subject=subject, sid=sid, id_token="t", ends_at=ends)
        )
    assert store.end_provider_sessions("bob", "s1") == 0, "the session of somebody else"
    assert store.end_provider_sessions("alice", "s1") == 1
    assert (store.session("d1"), store.provider_session("d1")) == (None, None)
    assert store.end_provider_sessions("alice", "") == 1
    assert store.session("d3") is not None
    assert store.end_provider_sessions("nobody", "") == 0


def test_tables_of_an_older_version_get_the_columns_that_came_later(url: str | None, tmp_path: Path) -> None:
    old = open_edge_store(tmp_path, url)
    old.add_session(row())
    old.add_link("l1", "PALICE", NOW + HOUR)
    with old._writing() as connection:
        connection.exec_driver_sql("ALTER TABLE edge_sessions DROP COLUMN confirmed_at")
        connection.exec_driver_sql("ALTER TABLE edge_links DROP COLUMN printed")
    old.close()
    new = open_edge_store(tmp_path, url)
    assert new.session("d1") == row()
    link = new.link("l1")
    assert link is not None
    assert link.printed == 0
    new.close()
