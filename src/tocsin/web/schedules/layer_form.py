"""The form of layers: what a browser sends, as drafts of texts; and what a draft means as a layer.

Decides how a layer is asked for: people in order, every how long they change and when, hours, a beginning and an end.
What is not touched stays exactly as it was stored, to the microsecond. Never saves anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tocsin.kernel.time import SECOND, Moment
from tocsin.oncall import (
    Layer,
    Restriction,
    RestrictionKind,
    at_time_of_day,
    counted_from,
    first,
    last_before,
    local_time,
    on_weekday,
    turn_at,
    weekday_of,
    zone_named,
)
from tocsin.web.language import gettext as _
from tocsin.web.schedules.drafts import (
    Problems,
    Reader,
    RowDraft,
    Sent,
    keys_sent,
    moment_typed,
    moved,
    next_key,
    people_acted,
    pressed,
    text_of,
    with_added,
)
from tocsin.web.schedules.words import DAY_SECONDS, WEEK_SECONDS, clock
from tocsin.web.times import Times
from tocsin.web.typed_times import field_of

UNITS: Final[Mapping[str, int]] = {"weeks": WEEK_SECONDS, "days": DAY_SECONDS, "hours": 3600, "seconds": 1}
_TURNS: Final[Mapping[str, int]] = {"daily": DAY_SECONDS, "weekly": WEEK_SECONDS}
_PLAIN: Final = ("id", "name", "turn", "count", "unit", "at", "day", "first", "start", "end", "add")
_HOURS: Final = ("kind", "from_day", "start", "to_day", "end")


@dataclass(frozen=True, slots=True)
class HoursDraft:
    """Hours of the day or week as typed; days count from Monday = 0."""

    kind: str = "daily"
    from_day: str = "0"
    start: str = ""
    to_day: str = "0"
    end: str = ""


@dataclass(frozen=True, slots=True)
class LayerDraft(RowDraft):
    """One layer as typed."""

    turn: str = "weekly"
    count: str = "1"
    unit: str = "weeks"
    at: str = "09:00"
    day: str = "0"
    first: str = ""
    start: str = ""
    end: str = ""
    hours: tuple[HoursDraft, ...] = ()


def draft_of(layer: Layer, key: str, times: Times, *, kept: bool = False) -> LayerDraft:
    """A stored layer as the form shows it. `times`: the schedule's clock."""
    wall = local_time(times.zone, layer.rotation_virtual_start)
    turn, count, unit = _length_typed(layer.turn_length_seconds)
    return LayerDraft(
        key=key,
        id=layer.id,
        kept=kept,
        name=layer.name,
        people=layer.user_ids,
        turn=turn,
        count=count,
        unit=unit,
        at=clock(wall // SECOND % DAY_SECONDS),
        day=str(weekday_of(wall)),
        start=field_of(times, layer.start) if layer.start > times.now else "",
        end=moment_typed(times, layer.end),
        hours=tuple(map(_hours_typed, layer.restrictions)),
    )


def _length_typed(seconds: int) -> tuple[str, str, str]:
    turn = next((word for word, length in _TURNS.items() if length == seconds), "custom")
    unit = next(word for word, length in UNITS.items() if seconds % length == 0)
    return turn, str(seconds // UNITS[unit]), unit


def _hours_typed(one: Restriction) -> HoursDraft:
    end = one.start_time_of_day + one.duration_seconds
    first_day = (one.start_day_of_week or 1) - 1
    return HoursDraft(
        one.kind.value,
        str(first_day),
        clock(one.start_time_of_day),
        str((first_day + end // DAY_SECONDS) % 7),
        clock(end % DAY_SECONDS),
    )


def drafts_sent(form: Sent) -> list[LayerDraft]:
    """The layers of a sent form, in its order: the one that wins first."""
    return [_sent(form, key) for key in keys_sent(form, "layer")]


def _sent(form: Sent, key: str) -> LayerDraft:
    if text_of(form, f"l{key}-kept"):
        return LayerDraft(key, text_of(form, f"l{key}-id"), kept=True)
    rows = zip(*(form.get(f"l{key}-hours-{name}", ()) for name in _HOURS), strict=False)
    plain: dict[str, Any] = {name: text_of(form, f"l{key}-{name}") for name in _PLAIN}
    people = tuple(form.get(f"l{key}-people", ()))
    return replace(LayerDraft(key, **plain), people=people, hours=tuple(HoursDraft(*row) for row in rows))


def acted(drafts: list[LayerDraft], do: str) -> list[LayerDraft]:
    """The drafts after one of the form's own buttons: people and layers moved, added, taken out."""
    word, key, place = pressed(do)
    if word == "more":
        name = _("Layer %(number)s", number=len(drafts) + 1)
        return [LayerDraft(next_key(one.key for one in drafts), name=name), *drafts]
    at = next((at for at, one in enumerate(drafts) if one.key == key), -1)
    if at < 0:
        return drafts
    if word == "drop":
        return drafts[:at] + drafts[at + 1 :]
    if word in ("raise", "lower"):
        return moved(drafts, at, at - 1 if word == "raise" else at + 1)
    return [*drafts[:at], _row_acted(drafts[at], word, place), *drafts[at + 1 :]]


def _row_acted(one: LayerDraft, word: str, place: int) -> LayerDraft:
    if word == "hours":
        return replace(one, hours=(*one.hours, HoursDraft(start="09:00", end="17:00", to_day="4")))
    if word == "cut":
        return replace(one, hours=one.hours[:place] + one.hours[place + 1 :])
    return people_acted(one, word, place)


def layers_of(
    drafts: Iterable[LayerDraft], stored: Mapping[str, Layer], times: Times, old_times: Times, begins: Moment
) -> tuple[tuple[Layer, ...], Problems]:
    """The layers that the drafts mean, lowest first, and what is wrong with them.

    `stored`: the layers that are there, by id; `times`: the schedule's clock as wanted, `old_times` as it is; `begins`:
    from when on the change holds.
    """
    problems: Problems = {}
    found = []
    for draft in drafts:
        old = stored.get(draft.id)
        if draft.kept and old is not None:
            found.append(old if times.zone == old_times.zone else _in_zone(old, times, old_times))
        elif not draft.kept:
            found.append(_LayerReader(with_added(draft), old, times, old_times, problems).layer(begins))
    return tuple(reversed(found)), problems


def _in_zone(layer: Layer, times: Times, old_times: Times) -> Layer:
    """The layer with its hand-offs at the same times on the other clock."""
    wall = local_time(old_times.zone, layer.rotation_virtual_start)
    return replace(layer, rotation_virtual_start=first(zone_named(times.zone.key), wall))


class _LayerReader(Reader):
    """Reads one draft; what can't be read is noted at its field, and what was there stays in its place."""

    def __init__(
        self, draft: LayerDraft, old: Layer | None, times: Times, old_times: Times, problems: Problems
    ) -> None:
        super().__init__(draft.key, problems)
        self._draft, self._old, self._times = draft, old, times
        self._same_zone = times.zone == old_times.zone
        self._shown = draft_of(old, draft.key, old_times) if old is not None else None
        self._old_zone = old_times.zone

    def layer(self, begins: Moment) -> Layer:
        draft, old = self._draft, self._old
        start = self._typed("start", draft.start, old.start if old is not None else begins) or begins
        begin = max(start, begins)
        length = self._length()
        self.has_people(draft.people)
        return Layer(
            id=old.id if old is not None else "",
            name=draft.name,
            start=start,
            end=self._typed("end", draft.end, old.end if old is not None else None),
            rotation_virtual_start=self._counted_from(begin, length),
            turn_length_seconds=length,
            user_ids=draft.people,
            restrictions=self._restrictions(),
        )

    def _typed(self, name: str, typed: str, stored: Moment | None) -> Moment | None:
        """A moment; what stands there as it was shown is what is stored, as long as the clock is the same."""
        if self._same_zone and self._shown is not None and typed == getattr(self._shown, name):
            return stored
        return self.moment(name, typed, self._times, ("", None))

    def _length(self) -> int:
        draft = self._draft
        if draft.turn in _TURNS:
            return _TURNS[draft.turn]
        return (self.number("count", draft.count) or 1) * UNITS.get(draft.unit, WEEK_SECONDS)

    def _counted_from(self, begin: Moment, length: int) -> Moment:
        """Where turns are counted from: as it was, unless hand-offs, people or lengths are others."""
        draft, old, zone = self._draft, self._old, zone_named(self._times.zone.key)
        weekly = length % WEEK_SECONDS == 0
        at = self.seconds("at", draft.at)
        if at is None or not draft.people or length < 1:
            return old.rotation_virtual_start if old is not None else begin
        if old is None or self._shown is None:
            wall = at_time_of_day(local_time(zone, begin), at)
            wall = on_weekday(wall, _day(draft.day)) if weekly else wall
            wall = last_before(wall, local_time(zone, begin), weekly=weekly)
            return counted_from(wall, length, _place(draft), zone.key, begin)
        wall = local_time(self._old_zone, old.rotation_virtual_start)
        moved = wall if draft.at == self._shown.at else at_time_of_day(wall, at)
        moved = on_weekday(moved, _day(draft.day)) if weekly and draft.day != self._shown.day else moved
        same = (draft.people, length) == (old.user_ids, old.turn_length_seconds)
        if same and not draft.first:
            untouched = moved == wall and self._same_zone
            return old.rotation_virtual_start if untouched else first(zone, moved)
        return counted_from(moved, length, self._on_turn(begin), zone.key, begin)

    def _on_turn(self, begin: Moment) -> int:
        """Who has the turn at the beginning: whoever was chosen, else whoever has it, if they are still in the list."""
        draft, old = self._draft, self._old
        if draft.first or old is None:
            return _place(draft)
        has_it = old.user_ids[turn_at(old, self._old_zone.key, begin)]
        return draft.people.index(has_it) if has_it in draft.people else 0

    def _restrictions(self) -> tuple[Restriction, ...]:
        found = []
        for number, row in enumerate(self._draft.hours):
            if not row.start and not row.end:
                continue
            start = self.seconds(f"hours-{number}", row.start)
            end = self.seconds(f"hours-{number}", row.end)
            if start is None or end is None:
                continue
            if row.kind == "weekly":
                day = _day(row.from_day)
                length = ((_day(row.to_day) - day) * DAY_SECONDS + end - start) % WEEK_SECONDS or WEEK_SECONDS
                found.append(Restriction(RestrictionKind.WEEKLY, start, length, day + 1))
            elif start == end:
                same = _("From and until are the same. Without hours the layer serves all day.")
                self.wrong(f"hours-{number}", same)
            else:
                found.append(Restriction(RestrictionKind.DAILY, start, (end - start) % DAY_SECONDS))
        return tuple(found)


def _day(typed: str) -> int:
    return int(typed) if typed in tuple("0123456") else 0


def _place(draft: LayerDraft) -> int:
    typed = draft.first
    chosen = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 4 else 0
    return min(chosen, max(0, len(draft.people) - 1))
