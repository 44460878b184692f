"""The log's files: what a crash, a full disk or a stranger can leave behind, and what is made of it."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.storage.log.conftest import SqliteStore, events
from tocsin.storage.log import LogDamaged, LogFailed, LogGap, LogInUse, LogRefused, UnknownEpoch, segments


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    found = SqliteStore(tmp_path / "log")
    yield found
    found.close()


def segment_files(store: SqliteStore) -> list[int]:
    return segments.first_seqs(store.folder)


def test_only_one_process_writes(store: SqliteStore) -> None:
    writer = store.writer()
    with pytest.raises(LogInUse):
        store.writer()
    writer.close()
    store.writer().close()


def test_every_commit_waits_for_the_disk(store: SqliteStore) -> None:
    writer = store.writer()
    assert writer._connection is not None
    assert writer._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert writer._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_segment_ends_by_bytes_too(store: SqliteStore) -> None:
    writer = store.writer()
    writer._segment_bytes = 200_000
    for _ in range(30):
        writer.append([events(1)[0]._replace(body=b"x" * 20_000)])
    assert len(segment_files(store)) > 2
    assert len(store.reader().read(0, 4)) == 4


def test_a_finished_segment_is_one_file_that_any_tool_opens(store: SqliteStore) -> None:
    writer = store.writer(segment_rows=2)
    writer.append(events(2))
    writer.append(events(1))
    first = segments.path_of(store.folder, 1)
    assert not Path(f"{first}-wal").exists()
    with sqlite3.connect(first) as connection:
        assert connection.execute("SELECT count(*) FROM entry").fetchone() == (2,)
    connection.close()


def test_a_reader_can_not_write(store: SqliteStore) -> None:
    store.writer()
    reader = store.reader()
    with pytest.raises(sqlite3.OperationalError):
        reader._connection(1).execute("DELETE FROM entry")


def test_many_segments_are_read_with_few_open_files(store: SqliteStore) -> None:
    writer = store.writer(segment_rows=1)
    for _ in range(20):
        writer.append(events(1))
    reader = store.reader()
    for seq in [*range(1, 21), *range(20, 0, -1)]:
        found = reader.get(seq)
        assert found is not None
        assert found.seq == seq
    assert len(reader._open) <= 4


def test_what_a_crash_leaves_is_swept_away(store: SqliteStore) -> None:
    writer = store.writer()
    writer.append(events(1))
    writer.close()
    (store.folder / ".draft-segment-00000000000000000002.sqlite").write_bytes(b"half")
    (store.folder / "segment-00000000000000000000.sqlite-wal").write_bytes(b"orphan")
    (store.folder / "notes.txt").write_text("not ours")
    writer = store.writer()
    assert writer.append(events(1)) == 2
    names = {path.name for path in store.folder.iterdir()}
    assert not [name for name in names if name.startswith(".draft") or "-00000000000000000000." in name]
    assert "notes.txt" in names


def test_rubbish_in_place_of_a_segment_is_named(store: SqliteStore) -> None:
    writer = store.writer()
    writer.close()
    path = segments.path_of(store.folder, 1)
    path.write_bytes(b"this is not a database" * 1000)
    for opened in (store.writer, store.reader):
        with pytest.raises(LogDamaged, match=r"segment-0+1\.sqlite"):
            opened()
    path.write_bytes(b"")
    with pytest.raises(LogDamaged):
        store.reader()


def test_a_segment_under_a_wrong_name_is_refused(store: SqliteStore) -> None:
    writer = store.writer()
    writer.append(events(3))
    writer.close()
    segments.path_of(store.folder, 1).rename(segments.path_of(store.folder, 7))
    with pytest.raises(LogDamaged, match="by its name"):
        store.reader()


def test_a_segment_of_an_unknown_format_is_refused(store: SqliteStore) -> None:
    writer = store.writer()
    assert writer._connection is not None
    writer._connection.execute("UPDATE segment SET format = 99")
    with pytest.raises(LogDamaged, match="format 99"):
        store.reader()


def test_a_segment_missing_in_the_middle_is_a_gap(store: SqliteStore) -> None:
    writer = store.writer(segment_rows=2)
    for _ in range(6):
        writer.append(events(2))
    reader = store.reader()
    assert len(reader.read(0, 2)) == 2
    writer.close()
    segments.path_of(store.folder, 3).unlink()
    with pytest.raises(LogGap):
        reader.read(2, 10)
    with pytest.raises(LogGap):
        store.reader().read(2, 10)


def test_a_segment_of_another_log_is_refused(store: SqliteStore, tmp_path: Path) -> None:
    writer = store.writer(segment_rows=2)
    writer.append(events(2))
    writer.append(events(1))
    segments.path_of(store.folder, 3).unlink()
    segments.create(store.folder, segments.Label("another log", 3))
    with pytest.raises(UnknownEpoch):
        store.reader().read(0, 10)


def test_a_copy_made_while_writing_is_a_log_up_to_some_number(store: SqliteStore, tmp_path: Path) -> None:
    writer = store.writer(segment_rows=50)
    writer.append(events(120))
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            writer.append(events(7, writer.head() + 1))

    thread = threading.Thread(target=write)
    thread.start()
    ends = [segments.copy(store.folder, tmp_path / f"copy {number}") for number in range(5)]
    done.set()
    thread.join()
    for number, end in enumerate(ends):
        copied = SqliteStore(tmp_path / f"copy {number}")
        reader, seqs = copied.reader(), [0]
        while found := reader.read(seqs[-1], 1000):
            seqs += [entry.seq for entry in found]
        assert seqs == list(range(end + 1))
        reader.check(writer.epoch, 120)
        assert copied.writer().append(events(1)) == end + 1
        copied.close()


def test_a_full_disk_refuses_and_recovers(store: SqliteStore) -> None:
    writer = store.writer()
    writer.append(events(10))
    assert writer._connection is not None
    (pages,) = writer._connection.execute("PRAGMA page_count").fetchone()
    writer._connection.execute(f"PRAGMA max_page_count = {pages + 3}")
    big = [event._replace(body=b"x" * 30_000) for event in events(80)]
    with pytest.raises(LogRefused):
        writer.append(big)
    assert writer.head() == 10
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    assert writer.append(big) == 11
    assert len(store.reader().read(0, 1000)) == 90


def test_a_failed_write_in_an_unknown_state_ends_the_writer(store: SqliteStore) -> None:
    """The kernel refuses to let the file grow, in the middle of a commit: an I/O error, like a failing disk's."""
    program = f"""
        import resource, signal
        from pathlib import Path
        from tests.storage.log.conftest import SqliteStore, events
        from tocsin.storage.log import LogError
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        writer = SqliteStore(Path({str(store.folder)!r})).writer()
        writer.append(events(10))
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
        big = [event._replace(body=b"x" * 30_000) for event in events(80)]
        for batch in (big, events(1)):
            try:
                writer.append(batch)
            except LogError as error:
                print(type(error).__name__)
    """
    done = run(program)
    assert done.stdout.split() == [LogFailed.__name__] * 2
    assert len(store.reader().read(0, 1000)) == 10
    assert store.writer().append(events(1)) == 11


def run(program: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", textwrap.dedent(program)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)


WRITE_FOR_EVER = """
    import sys
    from pathlib import Path
    from tests.storage.log.conftest import SqliteStore, events
    writer = SqliteStore(Path(sys.argv[1])).writer(segment_rows=40)
    size = 1
    while True:
        size = size % 90 + 7
        first = writer.append(events(size, writer.head() + 1))
        print(first + size - 1, flush=True)
        if first % 5 == 0:
            writer.drop_before(first - 200)
"""


def test_killed_at_any_moment_the_log_keeps_what_it_acknowledged(store: SqliteStore) -> None:
    """Killed (-9) again and again, in the middle of commits, segment changes and drops."""
    acknowledged = 0
    reader, cursor, epochs = None, 0, set()
    for round_ in range(25):
        command = [sys.executable, "-c", textwrap.dedent(WRITE_FOR_EVER), str(store.folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            acknowledged = max(acknowledged, int(process.stdout.readline()))
            time.sleep(0.002 * round_)
            os.kill(process.pid, signal.SIGKILL)
            printed = process.stdout.read().split("\n")[:-1]
        acknowledged = max(acknowledged, *map(int, printed)) if printed else acknowledged
        reader = reader or store.reader()
        epochs.add(store.reader().epoch)
        assert reader.head() >= acknowledged
        cursor = max(cursor, segment_files(store)[0] - 1)
        while found := reader.read(cursor, 1000):
            assert [entry.body for entry in found] == [f"event {entry.seq}".encode() for entry in found]
            cursor = found[-1].seq
        assert cursor == reader.head()
    assert len(epochs) == 1
    assert acknowledged > 25 * 40
