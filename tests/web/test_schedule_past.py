"""Whatever is typed into the form of a schedule: who was on call before the change holds stays as it was."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from tests.stations.oncall.plans import PEOPLE
from tests.stations.oncall.test_edit import edits
from tocsin.kernel.errors import Invalid
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment
from tocsin.oncall import (
    Rotation,
    RotationEvent,
    Schedule,
    apply_edit,
    live_layers,
    planned_layers,
    problems,
    render,
    rotation_problems,
)
from tocsin.web.schedules.layer_form import HoursDraft, LayerDraft, draft_of, layers_of
from tocsin.web.schedules.shift_change import Ground, rotations_of
from tocsin.web.schedules.shift_form import EventDraft, RotationDraft, rotation_drafts
from tocsin.web.schedules.shift_rule import DAYS, RuleDraft
from tocsin.web.times import Times, zone_of
from tocsin.web.typed_times import field_of

ZONES = ("Etc/UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kathmandu")
CLOCKS = ("00:00", "02:30", "09:00", "17:45", "23:59")
FEW = st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=4).map(tuple)


def final(plan: Schedule, since: Moment, until: Moment) -> list[tuple[Moment, Moment, str]]:
    """Who is on call when; of several at once the order says nothing."""
    return sorted((one.start, one.end, one.user_id) for one in render(plan, (), since, until).final.entries)


@st.composite
def typed(draw: st.DrawFn, draft: LayerDraft, times: Times) -> LayerDraft:
    """The draft with some of its fields typed anew."""
    days = st.sampled_from("0123456")
    clocks = st.sampled_from(CLOCKS)
    hours = st.builds(HoursDraft, st.sampled_from(("daily", "weekly")), days, clocks, days, clocks)
    moments = st.integers(-8, 12).map(lambda number: field_of(times, times.now + number * 17 * HOUR))
    changes: dict[str, st.SearchStrategy[Any]] = {
        "people": FEW,
        "turn": st.sampled_from(("daily", "weekly", "custom")),
        "count": st.sampled_from(("1", "3", "12")),
        "unit": st.sampled_from(("hours", "days", "weeks")),
        "at": clocks,
        "day": days,
        "first": st.sampled_from(("", "0", "2")),
        "end": st.one_of(st.just(""), moments),
        "hours": st.lists(hours, max_size=2).map(tuple),
    }
    chosen = draw(st.lists(st.sampled_from(sorted(changes)), max_size=4, unique=True))
    return replace(draft, **{name: draw(changes[name]) for name in chosen})


@settings(deadline=None, max_examples=150)
@given(edits(), st.data())
def test_no_form_of_layers_changes_what_was(change: object, data: st.DataObject) -> None:
    old: Schedule = change.old  # type: ignore[attr-defined]
    now: Moment = change.now  # type: ignore[attr-defined]
    times = Times(now, zone_of(old.time_zone))
    live = live_layers(old, now)
    drafts = [data.draw(typed(draft_of(one, str(at), times), times)) for at, one in enumerate(live)]
    drafts = data.draw(st.permutations(drafts))[: data.draw(st.integers(0, 3))]
    if data.draw(st.booleans()) or not drafts:
        drafts.append(data.draw(typed(LayerDraft("9", people=PEOPLE), times)))
    begins = now + data.draw(st.sampled_from((0, 0, 90 * MINUTE, 3 * DAY)))
    zone = data.draw(st.sampled_from(ZONES)) if begins == now and data.draw(st.booleans()) else old.time_zone
    stored = {one.id: one for one in live}
    layers, wrong = layers_of(drafts, stored, Times(now, zone_of(zone)), times, begins)
    wanted = replace(old, layers=layers, time_zone=zone)
    assume(not wrong and not problems(wanted, PEOPLE))
    if begins > now:
        wanted = replace(wanted, layers=planned_layers(old, wanted, begins))
    after = apply_edit(old, wanted, now, IdSource(Random(1)))
    assert final(after, now - 20 * DAY, begins) == final(old, now - 20 * DAY, begins)


@st.composite
def rotations(draw: st.DrawFn, start: Moment) -> Rotation:
    """A rotation of the common form."""
    rule = draw(
        st.sampled_from(("DAILY", "DAILY;INTERVAL=2", "WEEKLY", "WEEKLY;BYDAY=MO,WE,SU", "MONTHLY;BYMONTHDAY=3"))
    )
    length = draw(st.sampled_from((1, 8, 24, 30))) * HOUR
    begin = start + draw(st.integers(0, 5)) * 7 * HOUR
    until = draw(st.one_of(st.none(), st.integers(1, 40).map(lambda days: begin + days * DAY)))
    event = RotationEvent(
        "", "R", begin, begin + length, "Europe/Berlin", begin, until, (f"RRULE:FREQ={rule}",), draw(FEW),
        draw(st.booleans()), draw(st.sampled_from((1, 2))),
    )  # fmt: skip
    return Rotation("", (event,))


@st.composite
def retyped(draw: st.DrawFn, draft: EventDraft) -> list[EventDraft]:
    """The event as it is, typed anew in part, taken out, or with another one beside it."""
    fate = draw(st.sampled_from(("same", "people", "hours", "drop", "days", "rule", "beside", "zone")))
    if fate == "people":
        return [replace(draft, people=draw(FEW))]
    if fate == "hours":
        return [replace(draft, at=draw(st.sampled_from(CLOCKS[:4])), length="3", unit="hours")]
    if fate == "days":
        some = draw(st.lists(st.sampled_from(DAYS), min_size=1, unique=True).map(tuple))
        return [replace(draft, repeat=RuleDraft(days=some), length="2", unit="hours")]
    if fate == "rule":
        repeat = draw(
            st.sampled_from((RuleDraft("ONCE"), RuleDraft("MONTHLY", month_days="1, -1"), RuleDraft("DAILY", "3")))
        )
        return [replace(draft, repeat=repeat, on=draw(st.sampled_from(("", draft.on))))]
    if fate == "beside":
        beside = EventDraft(f"{int(draft.key) + 50}", name="Beside", people=draw(FEW), length="1", unit="minutes")
        return [draft, beside]
    if fate == "zone":
        return [replace(draft, zone="Asia/Kathmandu")]
    return [] if fate == "drop" else [draft]


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_no_form_of_rotations_changes_what_was(data: st.DataObject) -> None:
    start = 1_774_000_000_000_000  # some days before clocks go forward in Berlin
    first = Schedule("P", "S", "Europe/Berlin", (), shift_based=True)
    made = data.draw(st.lists(rotations(start), min_size=1, max_size=3))
    old = apply_edit(first, replace(first, rotations=tuple(made)), start, IdSource(Random(2)))
    now = start + data.draw(st.integers(0, 20 * 24)) * HOUR + 1
    begins = now + data.draw(st.sampled_from((0, 0, 5 * HOUR, WEEK)))
    drafts = []
    for draft in rotation_drafts(old, now):
        events = [one for each in draft.events for one in data.draw(retyped(each))]
        if data.draw(st.integers(0, 3)):
            drafts.append(replace(draft, events=tuple(events)))
    if data.draw(st.booleans()):
        drafts.append(RotationDraft("9", events=(EventDraft("90", name="New", people=data.draw(FEW)),)))
    ground = Ground("Europe/Berlin", begins, now, PEOPLE)
    wanted, wrong = rotations_of(drafts, old, ground)
    assume(not wrong)
    try:
        after = apply_edit(old, replace(old, rotations=wanted), now, IdSource(Random(3)))
    except Invalid:
        reject()
    known = {one.id: one for one in old.rotations}
    assume(not any(list(rotation_problems(known.get(one.id), one, PEOPLE, now)) for one in after.rotations))
    assert final(after, start, begins) == final(old, start, begins)
