"""The log on PostgreSQL under several writers: numbers follow the order of commits, whatever the writers do."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import psycopg
import pytest

from tests.storage.log.conftest import PostgresStore, event, events
from tocsin.storage.log import Entry, LogRefused

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(conninfo: str) -> Iterator[PostgresStore]:
    found = PostgresStore(conninfo)
    yield found
    found.close()


def test_several_writers_share_one_row_of_numbers(store: PostgresStore) -> None:
    """A reader that follows them never meets a gap: no number becomes visible before all smaller ones."""
    writers = [store.writer(segment_rows=100) for _ in range(4)]
    reader = store.reader()

    def write(index: int) -> None:
        for number in range(40):
            writers[index].append([event(f"{index}/{number}/{part}") for part in range(1 + (index + number) % 7)])

    threads = [threading.Thread(target=write, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    seen: list[Entry] = []
    while any(thread.is_alive() for thread in threads) or len(seen) < reader.head():
        seen += reader.read(len(seen), 500)
    assert [entry.seq for entry in seen] == list(range(1, len(seen) + 1))
    bodies = [entry.body.decode() for entry in seen]
    for index in range(4):
        sent = [f"{index}/{number}/{part}" for number in range(40) for part in range(1 + (index + number) % 7)]
        assert [body for body in bodies if body.startswith(f"{index}/")] == sent


def test_two_edges_starting_at_once_begin_one_log(conninfo: str, store: PostgresStore) -> None:
    epochs: list[str] = []
    start = threading.Barrier(4)

    def begin() -> None:
        start.wait()
        epochs.append(store.writer().epoch)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(epochs) == 4
    assert len(set(epochs)) == 1


def test_dropping_while_others_write_neither_blocks_nor_loses(store: PostgresStore) -> None:
    writer, dropper = store.writer(segment_rows=20), store.writer()
    done = threading.Event()

    def drop() -> None:
        while not done.is_set():
            dropper.drop_before(max(0, dropper.append(events(1)) - 50))

    thread = threading.Thread(target=drop)
    thread.start()
    for _ in range(60):
        writer.append(events(5))
    done.set()
    thread.join()
    head = store.reader().head()
    assert [entry.seq for entry in store.reader().read(head - 40, 100)] == list(range(head - 39, head + 1))
    dropper.drop_before(head - 40)
    with psycopg.connect(store.conninfo) as connection:
        (partitions,) = connection.execute("SELECT count(*) FROM pg_inherits").fetchone() or (0,)
    assert partitions <= 7  # of about 20


def test_a_lost_connection_refuses_once_and_is_made_anew(store: PostgresStore) -> None:
    writer, reader = store.writer(), store.reader()
    writer.append(events(1))
    with psycopg.connect(store.conninfo, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")
    for attempt in (lambda: writer.append(events(1)), lambda: reader.read(0, 10)):
        with pytest.raises(LogRefused):
            attempt()
    assert writer.append(events(1)) == 2
    assert len(reader.read(0, 10)) == 2


def test_a_commit_waits_for_the_disk_whatever_the_server_prefers(store: PostgresStore) -> None:
    writer = store.writer()
    assert writer._session.get().execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_an_unreachable_database_is_a_refusal() -> None:
    with pytest.raises(LogRefused):
        PostgresStore("postgresql://127.0.0.1:1/none").writer()
