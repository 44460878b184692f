"""A schedule written out over a window: every layer, the overrides, the final schedule and its gaps.

Decides what a reader of a calendar sees, as numbers and ids; `final` decides who wins. Never picks a window or a zone
to show it in: that is for whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable

from tocsin.kernel.time import Moment
from tocsin.oncall.final import (
    check_window,
    final_entries,
    horizon_of,
    override_entries,
    overrides_in,
    reach_back,
    reach_forward,
    settle,
)
from tocsin.oncall.model import Entry, Exceptions, Gap, Rendered, Schedule, Track
from tocsin.oncall.rotation import Interval, layer_entries
from tocsin.oncall.shift_based import assignments, merged


def render(
    schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment, *, overflow: bool = False
) -> Rendered:
    """The schedule over [since, until). `exceptions` are those of this schedule, in any order.

    Layer entries stand one to a turn; in the final row neighbours of the same person are one entry. Entries are cut at
    the window; with `overflow` the first and last of each row keep their whole length, as far as `horizon_of` reaches.
    Gaps and coverage always speak of the window alone. Raises Invalid for a window that `check_window` refuses.
    """
    check_window(since, until)
    if since == until:
        overflow = False
    if schedule.shift_based:
        return _shift_based(schedule, exceptions, since, until, overflow=overflow)
    overrides = overrides_in(exceptions)
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


def gaps(schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> tuple[Gap, ...]:
    """Where nobody is on call within [since, until). Raises Invalid as `render` does."""
    check_window(since, until)
    _, free = final_entries(schedule, exceptions, since, until)
    return tuple(Gap(start, end) for start, end in free)


def shifts_of(
    schedule: Schedule, exceptions: Exceptions, user_id: str, since: Moment, until: Moment
) -> tuple[Entry, ...]:
    """One person's time on call that touches [since, until), at its whole length. Raises Invalid as `render` does."""
    check_window(since, until)
    entries, _ = final_entries(schedule, exceptions, since, until)
    whole = _overflowing(schedule, exceptions, entries, since, until)
    return tuple(entry for entry in whole if entry.user_id == user_id)


def users_between(schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment) -> tuple[str, ...]:
    """Everybody who is on call in [since, until), in order of appearance. Raises Invalid as `render` does."""
    check_window(since, until)
    entries, _ = final_entries(schedule, exceptions, since, until)
    return tuple(dict.fromkeys(entry.user_id for entry in entries))


def _shift_based(
    schedule: Schedule, exceptions: Exceptions, since: Moment, until: Moment, *, overflow: bool
) -> Rendered:
    found = assignments(schedule, exceptions, since, until)
    entries, free = merged(found, since, until)
    if overflow:
        entries = _overflowing(schedule, exceptions, entries, since, until)
        found = assignments(schedule, exceptions, since, until, overflow=True)
    covers = [
        Entry(one.start, one.end, one.user_id, override_id=one.override_id)
        for one in found
        if one.override_id and one.user_id
    ]
    return Rendered(
        since,
        until,
        (),
        Track("", "Overrides", tuple(covers), _coverage(covers, since, until)),
        Track("", "Final", tuple(entries), _uncovered(free, since, until)),
        tuple(Gap(start, end) for start, end in free),
    )


def _overflowing(
    schedule: Schedule, exceptions: Exceptions, entries: Iterable[Entry], since: Moment, until: Moment
) -> list[Entry]:
    """The final entries, those that are cut by the window at their whole length."""
    whole = list(entries)
    for place, entry in enumerate(whole):
        start: Moment | None = entry.start
        end: Moment | None = entry.end
        if entry.start == since:
            start = reach_back(schedule, exceptions, entry.user_id, since)
        if entry.end == until:
            end = reach_forward(schedule, exceptions, entry.user_id, until)
        horizon = horizon_of(schedule) if start is None or end is None else 0
        whole[place] = _resized(
            entry, since - horizon if start is None else start, until + horizon if end is None else end
        )
    return whole


def _resized(entry: Entry, start: Moment, end: Moment) -> Entry:
    return Entry(start, end, entry.user_id, entry.layer_id, entry.override_id)


def _track(id: str, name: str, entries: Iterable[Entry], since: Moment, until: Moment) -> Track:
    row = tuple(entries)
    covered = sum(min(entry.end, until) - max(entry.start, since) for entry in row)
    return Track(id, name, row, covered / (until - since) if until > since else 0.0)


def _uncovered(free: Iterable[Interval], since: Moment, until: Moment) -> float:
    """The fraction of the window that is not free."""
    return 1 - sum(end - start for start, end in free) / (until - since) if until > since else 0.0


def _coverage(entries: Iterable[Entry], since: Moment, until: Moment) -> float:
    """The fraction of the window in which any of the entries lies; they are in order and may overlap."""
    covered, reached = 0, since
    for entry in entries:
        end = min(entry.end, until)
        covered += max(0, end - max(entry.start, reached))
        reached = max(reached, end)
    return covered / (until - since) if until > since else 0.0
