"""What both databases promise of the ingest log: order, no gaps, no number twice, and loud refusals."""

from __future__ import annotations

import pytest

from tests.storage.log.conftest import Store, event, events
from tocsin.storage.log import Entry, LogDamaged, LogGap, LogRefused, UnknownEpoch


def read_all(store: Store, step: int = 7) -> list[int]:
    reader, seqs = store.reader(), [0]
    while found := reader.read(seqs[-1], step):
        seqs += [entry.seq for entry in found]
    return seqs[1:]


def test_entries_come_back_as_they_went_in(store: Store) -> None:
    writer = store.writer()
    odd = event("Ünïcödé \x00 and bytes", "ключ").__class__(-5, "reply.sms", "", "", bytes(range(256)))
    assert writer.append([event("one", "ключ"), odd]) == 1
    assert writer.append([event("three", "")]) == 3
    reader = store.reader()
    assert reader.read(0, 100) == [Entry(1, *event("one", "ключ")), Entry(2, *odd), Entry(3, *event("three", ""))]
    assert reader.get(2) == Entry(2, *odd)
    assert reader.get(4) is None
    assert reader.get(0) is None


def test_an_empty_log_has_head_zero_and_nothing_to_read(store: Store) -> None:
    writer = store.writer()
    reader = store.reader()
    assert (writer.head(), reader.head(), reader.read(0, 10)) == (0, 0, [])
    assert writer.epoch == reader.epoch != ""


def test_an_empty_batch_is_a_mistake(store: Store) -> None:
    with pytest.raises(ValueError, match="nothing"):
        store.writer().append([])


@pytest.mark.parametrize("rows", [1, 63, 64, 65, 128, 700])
def test_batches_of_any_size_are_numbered_without_gaps(store: Store, rows: int) -> None:
    writer = store.writer()
    firsts = [writer.append(events(rows)) for _ in range(3)]
    assert firsts == [1, rows + 1, 2 * rows + 1]
    assert read_all(store) == list(range(1, 3 * rows + 1))


def test_reading_stops_at_the_limit_and_goes_on_there(store: Store) -> None:
    store.writer().append(events(10))
    reader = store.reader()
    assert [entry.seq for entry in reader.read(0, 4)] == [1, 2, 3, 4]
    assert [entry.seq for entry in reader.read(4, 4)] == [5, 6, 7, 8]
    assert [entry.seq for entry in reader.read(8, 4)] == [9, 10]
    assert reader.read(10, 4) == []


def test_a_reader_sees_what_was_appended_after_it_was_opened(store: Store) -> None:
    writer = store.writer()
    reader = store.reader()
    assert reader.read(0, 10) == []
    writer.append(events(2))
    assert [entry.seq for entry in reader.read(0, 10)] == [1, 2]
    assert reader.head() == 2


def test_numbers_and_epoch_survive_a_restart(store: Store) -> None:
    first = store.writer()
    first.append(events(3))
    first.close()
    second = store.writer()
    assert (second.epoch, second.head()) == (first.epoch, 3)
    assert second.append(events(1)) == 4


def test_reading_follows_from_segment_to_segment(store: Store) -> None:
    writer = store.writer(segment_rows=10)
    for _ in range(9):
        writer.append(events(4))
    assert read_all(store) == list(range(1, 37))
    reader = store.reader()
    assert [reader.get(seq).seq for seq in (1, 36, 18)] == [1, 36, 18]  # type: ignore[union-attr]


def test_an_open_reader_follows_the_writer_over_a_segments_end(store: Store) -> None:
    writer = store.writer(segment_rows=5)
    reader, at = store.reader(), 0
    for _ in range(30):
        writer.append(events(2))
        found = reader.read(at, 100)
        assert [entry.seq for entry in found] == [at + 1, at + 2]
        at += 2
    assert reader.read(at, 100) == []


def test_dropping_removes_whole_segments_below_the_cursor_only(store: Store) -> None:
    writer = store.writer(segment_rows=10)
    for _ in range(7):
        writer.append(events(5))  # 35 entries: 1-10, 11-20, 21-30, 31-35
    assert writer.drop_before(10) == 0
    assert writer.drop_before(25) == 2
    assert writer.drop_before(25) == 0
    reader = store.reader()
    assert reader.get(20) is None
    assert [entry.seq for entry in reader.read(20, 2)] == [21, 22]
    with pytest.raises(LogGap):
        reader.read(5, 10)


def test_numbers_are_never_used_twice_even_when_all_is_dropped(store: Store) -> None:
    writer = store.writer(segment_rows=10)
    writer.append(events(3))
    reader = store.reader()
    assert len(reader.read(0, 10)) == 3
    assert writer.drop_before(4) == 1
    assert (writer.head(), reader.head(), reader.read(3, 10)) == (3, 3, [])
    writer.close()
    writer = store.writer(segment_rows=10)
    assert writer.append(events(2)) == 4
    assert [entry.seq for entry in reader.read(3, 10)] == [4, 5]
    with pytest.raises(LogGap):
        store.reader().read(0, 10)


def test_dropping_everything_twice_changes_nothing(store: Store) -> None:
    writer = store.writer()
    writer.append(events(1))
    assert [writer.drop_before(2), writer.drop_before(2)] == [1, 0]
    assert writer.append(events(1)) == 2


def test_a_lost_entry_is_never_passed_over_in_silence(store: Store) -> None:
    writer = store.writer()
    writer.append(events(5))
    writer.close()
    store.lose(3)
    reader = store.reader()
    with pytest.raises(LogGap):
        reader.read(0, 10)
    with pytest.raises(LogGap):
        reader.read(2, 10)
    assert len(reader.read(3, 10)) == 2


def test_a_cursor_ahead_of_the_log_is_refused(store: Store) -> None:
    writer = store.writer()
    writer.append(events(2))
    reader = store.reader()
    with pytest.raises(LogGap):
        reader.read(3, 10)
    with pytest.raises(LogGap):
        reader.check(writer.epoch, 3)
    reader.check(writer.epoch, 2)
    reader.check(writer.epoch, 0)


def test_a_cursor_of_another_log_is_refused(store: Store) -> None:
    store.writer()
    for epoch in ("other", ""):
        with pytest.raises(UnknownEpoch):
            store.reader().check(epoch, 0)


def test_a_log_that_was_replaced_is_noticed(store: Store) -> None:
    writer = store.writer()
    writer.append(events(2))
    reader = store.reader()
    assert len(reader.read(0, 10)) == 2
    writer.close()
    store.replace()
    with pytest.raises((UnknownEpoch, LogGap)):
        reader.read(2, 10)
    with pytest.raises(UnknownEpoch):
        store.reader().check(writer.epoch, 0)


def test_a_reader_without_a_log_says_so(store: Store) -> None:
    with pytest.raises(LogDamaged):
        store.reader()


def test_a_closed_writer_refuses(store: Store) -> None:
    writer = store.writer()
    writer.close()
    writer.close()
    with pytest.raises(LogRefused):
        writer.append(events(1))
