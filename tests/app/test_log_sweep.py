"""The log loses whole segments of what is old, while events come in; a reader and a backup go on."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from tocsin.app.log_sweep import LogSweep
from tocsin.runtime.ingest_queue import IngestQueue
from tocsin.storage.database import OutOfReach
from tocsin.storage.log import NewEntry
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter


def entry(number: int) -> NewEntry:
    return NewEntry(number, "test", "I1", "", b"{}")


def test_segments_before_the_oldest_outcome_go_with_the_next_commit(tmp_path: Path) -> None:
    with closing(SqliteLogWriter(tmp_path, lambda: "epoch", segment_rows=10)) as writer:
        queue = IngestQueue(writer)
        queue.start()
        for number in range(35):
            assert queue.append_wait([entry(number)]) == number + 1
        with closing(SqliteLogReader(tmp_path)) as reader:
            assert reader.first() == 1
            LogSweep(lambda: 25, queue.drop_before).look()
            queue.append_wait([entry(35)])
            assert queue.close()
            assert reader.first() == 21, "the segment that holds event 25 is kept whole"
            found = [*reader.read(20, 100), *reader.read(30, 100)]
            assert [one.seq for one in found] == list(range(21, 37))
            assert reader.get(5) is None


def test_nothing_goes_while_the_database_does_not_say_what_is_old() -> None:
    told: list[int] = []

    def unknown() -> int:
        raise OutOfReach("gone")

    LogSweep(unknown, told.append).look()
    assert told == []
    LogSweep(lambda: 7, told.append).look()
    assert told == [7]
