"""A swap between two schedules: whoever gets time of one must be fit for it, and both change or neither does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.behaviour.cast import Cast
from tests.behaviour.test_cover import FIRST, FRIDAY, answer, ask, now, serving
from tocsin.directory.model import TeamRole
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed
from tocsin.kernel.time import DAY, HOUR, WEEK
from tocsin.oncall import Override, RequestState, Rotation, RotationEvent, Schedule
from tocsin.testing.world import World, as_user

BACK = FRIDAY + 3 * DAY


@pytest.fixture
def rota(world: World, cast: Cast) -> Schedule:
    """Alice, then Bob, by weeks."""
    return world.rotation("Payments primary", cast.alice, cast.bob, teams=(cast.team.id,))


@pytest.fixture
def second(world: World, cast: Cast) -> Schedule:
    """Bob, then Alice, by weeks: the other way round."""
    return world.rotation("Payments secondary", cast.bob, cast.alice, teams=(cast.team.id,))


def test_both_change_hands_each_on_its_own_schedule(world: World, cast: Cast, rota: Schedule, second: Schedule) -> None:
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + 3 * HOUR,
        return_schedule_id=second.id,
    )  # fmt: skip
    text = world.carrier.received[0].message.text
    assert "you take from Fri 9 Jan 2026 20:00 to Sat 10 Jan 2026 08:00, Alice takes from Mon 12 Jan" in text
    assert " on Payments secondary (" in text
    answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]
    assert serving(world, cast, second, BACK) == ["alice"]
    assert serving(world, cast, second, BACK + 3 * HOUR) == ["bob"]
    assert serving(world, cast, rota, BACK) == ["alice"], "the other schedule is as it was"
    assert "you take from Mon 12 Jan 2026 20:00" in world.pages_to(cast.alice)[-1].message.text


def test_the_two_shifts_may_lie_beside_each_other(world: World, cast: Cast, rota: Schedule, second: Schedule) -> None:
    """Primary for secondary, on the same evening."""
    end = FRIDAY + 12 * HOUR
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=FRIDAY, return_end=end, return_schedule_id=second.id
    )
    answer(world, cast.bob, request)
    for at in (FRIDAY, end - HOUR):
        assert (serving(world, cast, rota, at), serving(world, cast, second, at)) == (["bob"], ["alice"])
    for at in (FRIDAY - HOUR, end):
        assert (serving(world, cast, rota, at), serving(world, cast, second, at)) == (["alice"], ["bob"])


def test_with_a_schedule_whose_shifts_add_up(world: World, cast: Cast, rota: Schedule) -> None:
    event = RotationEvent(
        "",
        "Days",
        FIRST,
        FIRST + DAY,
        "Etc/UTC",
        FIRST,
        None,
        ("RRULE:FREQ=DAILY",),
        (cast.bob.id, cast.carol.id),
        True,
    )
    rotations = (Rotation("", (event,)),)
    adding: Schedule = world.save(
        Schedule("", "Shifts", "Etc/UTC", (), team_ids=(cast.team.id,), rotations=rotations, shift_based=True)
    )
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
        return_schedule_id=adding.id,
    )  # fmt: skip
    answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]
    assert sorted(serving(world, cast, adding, BACK)) == ["alice", "carol"]


def test_who_asks_must_be_fit_for_the_other_schedule(world: World, cast: Cast, rota: Schedule) -> None:
    """And learns nothing of it, not even its name."""
    team = world.team("Warehouse", (cast.bob, TeamRole.RESPONDER))
    foreign = world.rotation("Warehouse secrets", cast.bob, teams=(team.id,))
    for schedule_id in (foreign.id, "PNONE"):
        with pytest.raises(Invalid, match="Who asks must be on the schedule of the time in return") as refused:
            ask(
                world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
                return_schedule_id=schedule_id,
            )  # fmt: skip
        assert "secrets" not in str(refused.value)
    assert not world.config.cover_requests


def test_who_is_asked_must_be_fit_for_the_schedule_of_the_shift(world: World, cast: Cast) -> None:
    team = world.team("Warehouse", (cast.alice, TeamRole.RESPONDER))
    own = world.rotation("Warehouse", cast.alice, teams=(team.id,))
    shared = world.rotation("Shared", cast.mallory, cast.alice)
    with pytest.raises(Invalid, match="must be on the schedule, or may override it"):
        ask(
            world, own, cast.alice, to_id=cast.mallory.id, return_start=FRIDAY, return_end=FRIDAY + HOUR,
            return_schedule_id=shared.id,
        )  # fmt: skip


def test_who_left_the_other_schedule_meanwhile_gets_none_of_it(world: World, cast: Cast, rota: Schedule) -> None:
    """Neither side is handed over."""
    team = world.team("Warehouse", (cast.bob, TeamRole.RESPONDER))
    shared = world.rotation("Shared", cast.bob, cast.alice, teams=(team.id,))
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
        return_schedule_id=shared.id,
    )  # fmt: skip
    alone = replace(shared.layers[0], user_ids=(cast.bob.id,))
    world.save(replace(shared, layers=(alone,)), "layers")
    with pytest.raises(Conflict, match="Alice is not on Shared"):
        answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["alice"]
    assert not world.config.overrides


def test_the_time_in_return_is_looked_at_on_its_own_schedule(
    world: World, cast: Cast, rota: Schedule, second: Schedule
) -> None:
    later = FIRST + WEEK + DAY  # Bob's week on the first schedule, Alice's on the second
    with pytest.raises(Invalid, match="Bob is no longer on call for all of the time in return"):
        ask(
            world, rota, cast.alice, to_id=cast.bob.id, return_start=later, return_end=later + HOUR,
            return_schedule_id=second.id,
        )  # fmt: skip
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
        return_schedule_id=second.id,
    )  # fmt: skip
    world.save(Override("", second.id, cast.carol.id, BACK, BACK + HOUR, 0))
    with pytest.raises(Conflict, match="Bob is no longer on call"):
        answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["alice"]


def test_a_manager_of_one_schedule_does_not_answer_for_the_other(world: World, cast: Cast, rota: Schedule) -> None:
    shared = world.rotation("Shared", cast.bob, cast.alice)
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
        return_schedule_id=shared.id,
    )  # fmt: skip
    with pytest.raises(NotAllowed):
        answer(world, cast.carol, request, for_id=cast.bob.id)
    answer(world, cast.olga, request, for_id=cast.bob.id)
    assert serving(world, cast, shared, BACK) == ["alice"]


def test_either_schedule_that_goes_takes_the_request_along(
    world: World, cast: Cast, rota: Schedule, second: Schedule
) -> None:
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=BACK, return_end=BACK + HOUR,
        return_schedule_id=second.id,
    )  # fmt: skip
    world.delete(second)
    assert request.id not in world.config.cover_requests


def test_one_that_names_its_own_schedule_is_an_ordinary_swap(world: World, cast: Cast, rota: Schedule) -> None:
    later = FIRST + WEEK + DAY
    request = ask(
        world, rota, cast.alice, to_id=cast.bob.id, return_start=later, return_end=later + HOUR,
        return_schedule_id=rota.id,
    )  # fmt: skip
    assert request.return_schedule_id == ""
    with pytest.raises(Invalid, match="Only a swap"):
        ask(world, rota, cast.alice, FRIDAY + DAY, FRIDAY + 2 * DAY, return_schedule_id="PNONE")
    world.crash()
    answer(world, cast.bob, request)
    assert now(world, request).state is RequestState.ACCEPTED
    assert as_user(cast.bob).id == now(world, request).taken_by
