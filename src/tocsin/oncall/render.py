"""A schedule written out over a window: every layer, the overrides, the final schedule and its gaps.

Decides what a reader of a calendar sees, as numbers and ids; `final` decides who wins. Never picks a window or a zone
to show it in: that is for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tocsin.kernel.time import Moment
from tocsin.oncall.final import (
    check_window,
    final_entries,
    horizon_of,
    override_entries,
    reach_back,
    reach_forward,
    settle,
)
from tocsin.oncall.model import Entry, Gap, Override, Rendered, Schedule, Track
from tocsin.oncall.rotation import layer_entries


def render(
    schedule: Schedule, overrides: Sequence[Override], since: Moment, until: Moment, *, overflow: bool = False
) -> Rendered:
    """The schedule over [since, until). `overrides` are those of this schedule, in any order.

    Layer entries stand one to a turn; in the final row neighbours of the same person are one entry. Entries are cut at
    the window; with `overflow` the first and last of each row keep their whole length, as far as `horizon_of` reaches.
    Gaps and coverage always speak of the window alone. Raises Invalid for a window that `check_window` refuses.
    """
    check_window(since, until)
    if since == until:
        overflow = False
    cut_rows = [override_entries(overrides, since, until)]
    cut_rows += [layer_entries(layer, schedule.time_zone, since, until) for layer in reversed(schedule.layers)]
    final, free = settle(cut_rows, since, until)
    rows = cut_rows
    if overflow:
        rows = [override_entries(overrides, since, until, overflow=True)]
        rows += [
            layer_entries(layer, schedule.time_zone, since, until, overflow=True) for layer in reversed(schedule.layers)
        ]
        final = _overflowing(schedule, overrides, final, since, until)
    return Rendered(
        since,
        until,
        tuple(
            _track(layer.id, layer.name, row, since, until)
            for layer, row in zip(schedule.layers, reversed(rows[1:]), strict=True)
        ),
        _track("", "Overrides", rows[0], since, until),
        _track("", "Final", final, since, until),
        tuple(Gap(start, end) for start, end in free),
    )


def gaps(schedule: Schedule, overrides: Sequence[Override], since: Moment, until: Moment) -> tuple[Gap, ...]:
    """Where nobody is on call within [since, until). Raises Invalid as `render` does."""
    check_window(since, until)
    _, free = final_entries(schedule, overrides, since, until)
    return tuple(Gap(start, end) for start, end in free)


def shifts_of(
    schedule: Schedule, overrides: Sequence[Override], user_id: str, since: Moment, until: Moment
) -> tuple[Entry, ...]:
    """One person's time on call that touches [since, until), at its whole length. Raises Invalid as `render` does."""
    check_window(since, until)
    entries, _ = final_entries(schedule, overrides, since, until)
    whole = _overflowing(schedule, overrides, entries, since, until)
    return tuple(entry for entry in whole if entry.user_id == user_id)


def users_between(schedule: Schedule, overrides: Sequence[Override], since: Moment, until: Moment) -> tuple[str, ...]:
    """Everybody who is on call in [since, until), in order of appearance. Raises Invalid as `render` does."""
    check_window(since, until)
    entries, _ = final_entries(schedule, overrides, since, until)
    return tuple(dict.fromkeys(entry.user_id for entry in entries))


def _overflowing(
    schedule: Schedule, overrides: Sequence[Override], entries: Iterable[Entry], since: Moment, until: Moment
) -> list[Entry]:
    """The final entries with the first and the last at their whole length."""
    whole = list(entries)
    if whole and whole[0].start == since:
        head = whole[0]
        start = reach_back(schedule, overrides, head.user_id, since)
        whole[0] = _resized(head, since - horizon_of(schedule) if start is None else start, head.end)
    if whole and whole[-1].end == until:
        tail = whole[-1]
        end = reach_forward(schedule, overrides, tail.user_id, until)
        whole[-1] = _resized(tail, tail.start, until + horizon_of(schedule) if end is None else end)
    return whole


def _resized(entry: Entry, start: Moment, end: Moment) -> Entry:
    return Entry(start, end, entry.user_id, entry.layer_id, entry.override_id)


def _track(id: str, name: str, entries: Iterable[Entry], since: Moment, until: Moment) -> Track:
    row = tuple(entries)
    covered = sum(min(entry.end, until) - max(entry.start, since) for entry in row)
    return Track(id, name, row, covered / (until - since) if until > since else 0.0)
