"""Whoever can't serve a shift asks others; who says yes has it, and nobody else is moved by that."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast
from tests.behaviour.test_handoffs import calls, wants
from tocsin.directory.model import Channel, ContactMethod, Role, User
from tocsin.engine.cover import KEPT
from tocsin.engine.people import on_call
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.limits import COVER_REQUESTS
from tocsin.kernel.time import DAY, HOUR, MINUTE, WEEK, Moment, parse_iso
from tocsin.oncall import CoverRequest, CustomShift, Override, RequestState, Rotation, RotationEvent, Schedule
from tocsin.oncall.messages import AnswerCover
from tocsin.paging.messages import SendMessage
from tocsin.paging.model import Haste, Result
from tocsin.runtime.turn_inputs import Request
from tocsin.testing.world import World, as_user

FIRST = parse_iso("2026-01-06T00:00:00Z")
"""Alice's first week begins; the world itself at nine. Bob's week is the second, Carol's the third."""

FRIDAY = FIRST + 3 * DAY + 20 * HOUR


@pytest.fixture
def rota(world: World, cast: Cast) -> Schedule:
    """Alice, Bob and Carol by weeks."""
    return world.rotation("Payments primary", cast.alice, cast.bob, cast.carol, teams=(cast.team.id,))


def ask(
    world: World,
    rota: Schedule,
    user: User,
    start: Moment = FRIDAY,
    end: Moment = FRIDAY + 12 * HOUR,
    *,
    actor: Actor | None = None,
    **more: Any,
) -> CoverRequest:
    wanted = CoverRequest(id="", schedule_id=rota.id, user_id=user.id, start=start, end=end, **more)
    made: CoverRequest = world.save(wanted, actor=actor or as_user(user))
    return made


def answer(world: World, user: User, request: CoverRequest, *, accept: bool = True, **more: Any) -> None:
    world.run(as_user(user), AnswerCover(request_id=request.id, accept=accept, **more))


def now(world: World, request: CoverRequest) -> CoverRequest:
    return world.config.cover_requests[request.id]


def serving(world: World, cast: Cast, rota: Schedule, at: Moment) -> list[str]:
    return [cast.name_of[one] for one in on_call(world.config, rota.id, at)]


def told(world: World, user: User) -> list[str]:
    """The subjects of what a person was told of requests, all of it news that nobody answers."""
    mine = [one.message for one in world.carrier.received if one.message.user_id == user.id]
    assert {(one.haste, one.channel, one.code) for one in mine} <= {(Haste.LOW, Channel.EMAIL, "")}
    return [one.subject for one in mine]


def test_who_is_asked_takes_it_for_that_time_only(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id, message="My sister  marries.")
    assert told(world, cast.bob) == ["Alice asks you to take a shift on Payments primary"]
    assert told(world, cast.carol) == []
    text = world.carrier.received[0].message.text
    assert text == (
        "Alice asks you to be on call on Payments primary from Fri 9 Jan 2026 20:00 to Sat 10 Jan 2026 08:00 (Etc/UTC)."
        " “My sister marries.” Answer it on the page My shifts, under On call."
    )
    assert serving(world, cast, rota, FRIDAY) == ["alice"], "a question changes nothing"
    answer(world, cast.bob, request)
    assert told(world, cast.alice) == ["Bob takes your shift on Payments primary"]
    at = [FRIDAY - 1, FRIDAY, FRIDAY + 12 * HOUR - 1, FRIDAY + 12 * HOUR]
    assert [serving(world, cast, rota, one)[0] for one in at] == ["alice", "bob", "bob", "alice"]
    (override,) = world.config.overrides.values()
    assert (override.created_by, override.user_id) == (cast.bob.id, cast.bob.id)
    closed = now(world, request)
    assert (closed.state, closed.taken_by, closed.closed_at) == (
        RequestState.ACCEPTED,
        cast.bob.id,
        world.clock.now(),
    )


def test_a_page_goes_to_who_took_the_shift(world: World, cast: Cast, rota: Schedule) -> None:
    policy = world.policy("Weeks", (5, rota), teams=(cast.team.id,))
    _, monitor = world.service("Refunds", policy)
    answer(world, cast.bob, ask(world, rota, cast.alice, to_id=cast.bob.id))
    world.advance(seconds=(FRIDAY + HOUR - world.clock.now()) / 1e6)
    world.event(monitor)
    pages = [one for one in world.carrier.received if one.message.incident_ids]
    assert [cast.name_of[one.message.user_id] for one in pages] == ["bob"]


def test_everybody_is_asked_and_the_first_has_it(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice)
    assert told(world, cast.bob) == told(world, cast.carol) == ["Alice asks who can take a shift on Payments primary"]
    assert told(world, cast.alice) == told(world, cast.mallory) == told(world, cast.olga) == []
    answer(world, cast.carol, request)
    with pytest.raises(Conflict, match="Carol has taken it already"):
        answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["carol"]
    assert len(world.config.overrides) == 1


def test_two_who_accept_in_one_turn(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice)
    replies: list[str] = []
    for user in (cast.bob, cast.carol):
        world.loop.ask(Request("", as_user(user), AnswerCover(request_id=request.id, accept=True), replies.append))
    world.settle()
    assert ["error" in one for one in replies] == [False, True]
    assert len(world.config.overrides) == 1
    assert now(world, request).taken_by == cast.bob.id


def test_saying_it_again_changes_nothing(world: World, cast: Cast, rota: Schedule) -> None:
    """With and without a key: a browser that got no answer sends its form once more."""
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    yes = AnswerCover(request_id=request.id, accept=True)
    for _ in range(2):
        world.run(as_user(cast.bob), yes, key="browser")
    answer(world, cast.bob, request)
    assert len(world.config.overrides) == 1
    assert told(world, cast.alice) == ["Bob takes your shift on Payments primary"]
    other = ask(world, rota, cast.alice, FRIDAY + DAY, FRIDAY + 2 * DAY, to_id=cast.bob.id)
    for _ in range(2):
        answer(world, cast.bob, other, accept=False)
    assert now(world, other).declined_by == (cast.bob.id,)
    with pytest.raises(Conflict, match="has said no"):
        answer(world, cast.bob, other)


def test_asking_twice_with_one_key_asks_once(world: World, cast: Cast, rota: Schedule) -> None:
    wanted = CoverRequest(
        id="", schedule_id=rota.id, user_id=cast.alice.id, start=FRIDAY, end=FRIDAY + DAY, to_id=cast.bob.id
    )
    command = SaveThing(thing_kind="cover_request", thing=wanted)
    first = world.run(as_user(cast.alice), command, key="once")
    assert world.run(as_user(cast.alice), command, key="once") == first
    assert len(world.config.cover_requests) == 1
    with pytest.raises(Invalid, match="asked about already"):
        world.run(as_user(cast.alice), command)
    assert told(world, cast.bob) == ["Alice asks you to take a shift on Payments primary"]


def test_a_no_is_told(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    answer(world, cast.bob, request, accept=False)
    assert now(world, request).state is RequestState.DECLINED
    assert world.pages_to(cast.alice)[-1].message.text == (
        "Bob can't take your shift on Payments primary from Fri 9 Jan 2026 20:00 to Sat 10 Jan 2026 08:00 (Etc/UTC). "
        "You still have it."
    )
    assert serving(world, cast, rota, FRIDAY) == ["alice"]


def test_of_everybody_the_last_no_is_told(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice)
    answer(world, cast.bob, request, accept=False)
    assert now(world, request).is_open
    assert told(world, cast.alice) == []
    answer(world, cast.carol, request, accept=False)
    assert now(world, request).state is RequestState.DECLINED
    assert told(world, cast.alice) == ["Your shift on Payments primary: nobody can take it"]


def test_who_said_no_may_think_again_while_others_are_asked(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice)
    answer(world, cast.bob, request, accept=False)
    answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]


def test_one_withdrawn_can_t_be_taken(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    world.delete(request, actor=as_user(cast.alice))
    assert now(world, request).state is RequestState.WITHDRAWN
    assert told(world, cast.bob)[1:] == ["Alice no longer asks you to take a shift on Payments primary"]
    with pytest.raises(Conflict, match="withdrawn"):
        answer(world, cast.bob, request)
    with pytest.raises(Conflict, match="answered already"):
        world.delete(request, actor=as_user(cast.alice))
    again = ask(world, rota, cast.alice, to_id=cast.bob.id)
    answer(world, cast.bob, again)


def test_when_the_shift_begins_it_is_too_late(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    world.advance(seconds=(FRIDAY - world.clock.now()) / 1e6 - 1)
    assert now(world, request).is_open
    world.advance(seconds=1)
    assert now(world, request).state is RequestState.EXPIRED
    assert told(world, cast.alice) == ["Your shift on Payments primary: nobody took it"]
    with pytest.raises(Conflict, match="too late"):
        answer(world, cast.bob, request)


def test_too_late_also_while_the_engine_has_not_come_to_say_so(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    replies: list[str] = []
    world.loop.ask(Request("", as_user(cast.bob), AnswerCover(request_id=request.id, accept=True), replies.append))
    world.sleep(FRIDAY - world.clock.now())
    world.settle()
    assert "too late" in replies[0]
    assert now(world, request).state is RequestState.EXPIRED
    assert not world.config.overrides


def test_the_rest_of_a_shift_that_runs_may_be_taken_until_its_end(world: World, cast: Cast, rota: Schedule) -> None:
    end = FIRST + WEEK
    request = ask(world, rota, cast.alice, FIRST, end, to_id=cast.bob.id)
    assert request.start == world.clock.now(), "what has been is not asked about"
    world.advance(minutes=3 * 60)
    answer(world, cast.bob, request)
    taken = world.clock.now()
    assert serving(world, cast, rota, taken - 1) == ["alice"]
    assert serving(world, cast, rota, taken) == serving(world, cast, rota, end) == ["bob"]


def test_a_swap_is_both_at_once(world: World, cast: Cast, rota: Schedule) -> None:
    monday = FIRST + WEEK + 6 * DAY
    request = ask(
        world,
        rota,
        cast.alice,
        to_id=cast.bob.id,
        return_start=monday,
        return_end=monday + 12 * HOUR,
    )
    text = world.carrier.received[0].message.text
    assert "you take from Fri 9 Jan 2026 20:00 to Sat 10 Jan 2026 08:00, Alice takes from Mon 19 Jan" in text
    answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]
    assert serving(world, cast, rota, monday) == ["alice"]
    assert serving(world, cast, rota, monday + 12 * HOUR) == ["bob"]
    assert len(world.config.overrides) == 2
    assert "you take from Mon 19 Jan 2026 00:00" in world.pages_to(cast.alice)[-1].message.text


def test_a_swap_counts_whole_or_not_at_all(world: World, cast: Cast, rota: Schedule) -> None:
    """Bob gave away the day that Alice was to have in return."""
    monday = FIRST + WEEK + 6 * DAY
    request = ask(world, rota, cast.alice, to_id=cast.bob.id, return_start=monday, return_end=monday + DAY)
    world.save(Override("", rota.id, cast.carol.id, monday + HOUR, monday + 2 * HOUR, 0))
    with pytest.raises(Conflict, match="Bob is no longer on call for all of the time in return"):
        answer(world, cast.bob, request)
    assert len(world.config.overrides) == 1
    assert serving(world, cast, rota, FRIDAY) == ["alice"]
    assert now(world, request).is_open


def test_what_has_changed_since_is_not_handed_over(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    mended = world.save(Override("", rota.id, cast.carol.id, FRIDAY + HOUR, FRIDAY + 2 * HOUR, 0))
    with pytest.raises(Conflict, match="Alice is no longer on call for all of that time"):
        answer(world, cast.bob, request)
    world.delete(mended)
    answer(world, cast.bob, request)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]


def test_a_rotation_that_turned_meanwhile(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.carol.id)
    layer = replace(rota.layers[0], user_ids=(cast.bob.id, cast.carol.id))
    world.save(replace(rota, layers=(layer,)), "layers")
    with pytest.raises(Conflict, match="The schedule has changed since"):
        answer(world, cast.carol, request)


@pytest.mark.parametrize(
    ("start", "hours", "more", "problem"),
    [
        (FRIDAY, 0, {}, "end after its start"),
        (FRIDAY, 0.2, {}, "quarter of an hour"),
        (FIRST - DAY, 1, {}, "lie ahead"),
        (FIRST + WEEK, 24, {}, "not on call"),
        (FIRST + 6 * DAY, 48, {}, "not on call"),
        (FRIDAY, 40 * 24, {}, "longer than 31 days"),
        (FRIDAY, 1, {"to": "alice"}, "somebody else"),
        (FRIDAY, 1, {"to": "mallory"}, "must be on the schedule"),
        (FRIDAY, 1, {"message": "x" * 5000}, "message is longer"),
        (FRIDAY, 1, {"to": "bob", "return_start": FRIDAY, "return_end": FRIDAY + HOUR}, "must not overlap"),
        (FRIDAY, 1, {"to": "bob", "return_start": FRIDAY + DAY, "return_end": FRIDAY + 2 * DAY}, "no longer on call"),
        (FRIDAY, 1, {"return_start": FIRST + WEEK, "return_end": FIRST + WEEK + DAY}, "offered to one person"),
    ],
)
def test_what_can_t_be_asked(
    world: World, cast: Cast, rota: Schedule, start: Moment, hours: float, more: dict[str, Any], problem: str
) -> None:
    values = {name: value for name, value in more.items() if name != "to"}
    if "to" in more:
        values["to_id"] = getattr(cast, more["to"]).id
    with pytest.raises(Invalid, match=problem):
        ask(world, rota, cast.alice, start, start + round(hours * HOUR), **values)
    assert not world.config.cover_requests
    assert not world.carrier.received


def test_who_is_alone_has_nobody_to_ask(world: World, cast: Cast) -> None:
    alone = world.rotation("Alone", cast.alice)
    with pytest.raises(Invalid, match="nobody else"):
        ask(world, alone, cast.alice)
    request = ask(world, alone, cast.alice, to_id=cast.olga.id)
    answer(world, cast.olga, request)
    assert serving(world, cast, alone, FRIDAY) == ["olga"], "an owner could have overridden it anyhow"


def test_nobody_answers_or_asks_for_others_but_managers(world: World, cast: Cast, rota: Schedule) -> None:
    for user in (cast.bob, cast.mallory):
        with pytest.raises(NotAllowed):
            ask(world, rota, cast.alice, actor=as_user(user))
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    for user in (cast.alice, cast.carol, cast.mallory):
        with pytest.raises(NotAllowed):
            answer(world, user, request)
        if user is not cast.carol:
            with pytest.raises(NotAllowed):
                answer(world, user, request, for_id=cast.bob.id)
    with pytest.raises(NotAllowed):
        world.delete(request, actor=as_user(cast.bob))
    with pytest.raises(Invalid, match="Say who takes it"):
        answer(world, cast.carol, request, for_id=cast.olga.id)
    answer(world, cast.carol, request, for_id=cast.bob.id)
    assert serving(world, cast, rota, FRIDAY) == ["bob"]
    assert told(world, cast.bob)[1:] == ["You take a shift of Alice on Payments primary"]
    assert world.pages_to(cast.bob)[-1].message.text.endswith("Carol accepted it for you.")
    by_manager = ask(world, rota, cast.bob, FIRST + WEEK, FIRST + WEEK + DAY, actor=as_user(cast.carol))
    assert (by_manager.user_id, by_manager.created_by) == (cast.bob.id, cast.carol.id)
    world.delete(by_manager, actor=as_user(cast.carol))


def test_an_outsider_learns_nothing_and_a_program_needs_the_right(world: World, cast: Cast, rota: Schedule) -> None:
    with pytest.raises(NotFound):
        answer(world, cast.mallory, CoverRequest(id="PNONE", schedule_id="", user_id="", start=0, end=1))
    request = ask(world, rota, cast.alice)
    with pytest.raises(NotAllowed):
        world.run(Actor(ActorKind.KEY, "PKEY", Via.API), AnswerCover(request_id=request.id, accept=True))


def test_what_came_of_it_is_not_written_by_hand(world: World, cast: Cast, rota: Schedule) -> None:
    forged = ask(world, rota, cast.alice, state=RequestState.ACCEPTED, taken_by=cast.bob.id, closed_at=1)
    assert (forged.state, forged.taken_by, forged.closed_at) == (RequestState.OPEN, "", None)
    with pytest.raises(Conflict, match="not changed"):
        world.save(replace(forged, end=FRIDAY + DAY), "end", actor=as_user(cast.alice))


def test_a_person_who_goes_takes_their_requests_along(world: World, cast: Cast, rota: Schedule) -> None:
    dave = world.person("dave")
    world.save(Override("", rota.id, dave.id, FRIDAY + DAY, FRIDAY + 2 * DAY, 0))
    his = ask(world, rota, dave, FRIDAY + DAY, FRIDAY + DAY + HOUR)
    of_him = ask(world, rota, cast.alice, to_id=dave.id)
    world.delete(dave)
    assert his.id not in world.config.cover_requests
    assert now(world, of_him).state is RequestState.EXPIRED
    assert told(world, cast.alice)[-1] == "Your shift on Payments primary: nobody took it"


def test_who_is_no_longer_there_can_t_take_it(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    world.save(replace(cast.bob, active=False), "active")
    with pytest.raises(TocsinError):
        answer(world, cast.bob, request)
    with pytest.raises(Invalid):
        answer(world, cast.carol, request, for_id=cast.bob.id)
    assert not world.config.overrides


def test_a_schedule_that_goes_takes_its_requests_along(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice)
    world.delete(rota)
    assert request.id not in world.config.cover_requests
    world.advance(minutes=60 * 24 * 5)


def test_what_is_long_over_is_forgotten(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    answer(world, cast.bob, request)
    world.advance(minutes=KEPT / MINUTE - 1)
    assert request.id in world.config.cover_requests
    world.advance(minutes=2)
    assert request.id not in world.config.cover_requests
    assert len(world.config.overrides) == 1


def test_it_outlives_a_crash(world: World, cast: Cast, rota: Schedule) -> None:
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    world.crash()
    answer(world, cast.bob, request)
    other = ask(world, rota, cast.alice, FRIDAY + DAY, FRIDAY + 2 * DAY)
    world.crash()
    world.advance(seconds=(FRIDAY + DAY - world.clock.now()) / 1e6)
    assert now(world, other).state is RequestState.EXPIRED


def test_so_many_wait_and_no_more(world: World, cast: Cast, rota: Schedule) -> None:
    for number in range(COVER_REQUESTS):
        start = FRIDAY + number * HOUR
        ask(world, rota, cast.alice, start, start + HOUR, to_id=cast.bob.id)
    with pytest.raises(Invalid, match="wait for an answer already"):
        ask(world, rota, cast.alice, FIRST + 6 * DAY, FIRST + 6 * DAY + HOUR, to_id=cast.bob.id)


def test_who_has_no_mail_is_told_by_text_and_never_rung_up(world: World, cast: Cast, rota: Schedule) -> None:
    for user in (cast.alice, cast.bob):
        mail = next(one for one in world.config.contacts_of[user.id] if one.channel is Channel.EMAIL)
        world.delete(mail)
    request = ask(world, rota, cast.alice, to_id=cast.bob.id)
    assert world.pages_to(cast.bob) == [], "he has nothing but a phone that rings"
    answer(world, cast.bob, request)
    assert [one.message.channel for one in world.pages_to(cast.alice)] == [Channel.SMS]


def by_mail(result: Result) -> Callable[[SendMessage], Result]:
    """Mail ends so, everything else goes out."""
    return lambda message: result if message.channel is Channel.EMAIL else Result.SENT


def told_by(world: World, user: User) -> list[Channel]:
    return [one.message.channel for one in world.pages_to(user)]


@pytest.fixture
def of_bob(world: World, rota: Schedule) -> Callable[[Cast], CoverRequest]:
    """An hour of Bob's week, asked of Alice."""
    return lambda cast: ask(world, rota, cast.bob, FIRST + WEEK, FIRST + WEEK + HOUR, to_id=cast.alice.id)


@pytest.mark.parametrize("result", [Result.REFUSED, Result.RETRY])
def test_who_can_t_be_told_by_mail_is_told_by_text(
    world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest], result: Result
) -> None:
    """Mail may not be set up here, though everybody has an address."""
    world.carrier.judge = by_mail(result)
    request = of_bob(cast)
    (text,) = world.pages_to(cast.alice)
    assert (text.message.channel, text.message.haste) == (Channel.SMS, Haste.LOW)
    assert text.message.subject == "Bob asks you to take a shift on Payments primary"
    assert text.message.text.startswith("Bob asks you to be on call on Payments primary from ")
    answer(world, cast.alice, request)
    assert world.pages_to(cast.bob) == [], "he has nothing else but a phone that rings"


def test_every_quiet_way_is_tried_once(world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest]) -> None:
    number = ContactMethod(id="", user_id=cast.alice.id, channel=Channel.SMS, address="2025550177", country_code=1)
    second = world.save(number)
    tried: list[str] = []
    world.carrier.watch = lambda message, _result: tried.append(message.address)
    world.carrier.judge = lambda _message: Result.REFUSED
    of_bob(cast)
    assert tried[0] == "alice@example.com"
    assert second.dial in tried[1:]
    assert len(tried) == len(set(tried)) == 3


@pytest.mark.parametrize("result", [Result.UNKNOWN, Result.LOST, Result.CANCELLED])
def test_what_may_have_gone_out_or_was_stopped_is_not_said_again(
    world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest], result: Result
) -> None:
    world.carrier.judge = by_mail(result)
    of_bob(cast)
    assert Channel.SMS not in told_by(world, cast.alice)


def test_a_report_that_comes_twice_tells_once(world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest]) -> None:
    world.carrier.judge = by_mail(Result.REFUSED)
    world.carrier.slow = True
    of_bob(cast)
    world.carrier.unreported *= 2
    world.carrier.answer()
    world.settle()
    assert told_by(world, cast.alice) == [Channel.SMS]


@pytest.mark.parametrize("how", ["switched off", "removed"])
def test_who_has_given_up_the_address_meanwhile_is_told_too(
    world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest], how: str
) -> None:
    world.carrier.judge = by_mail(Result.REFUSED)
    world.carrier.slow = True
    of_bob(cast)
    mail = next(one for one in world.config.contacts_of[cast.alice.id] if one.channel is Channel.EMAIL)
    if how == "removed":
        world.delete(mail)
    else:
        world.save(replace(mail, enabled=False), "enabled")
    world.carrier.answer()
    world.settle()
    assert told_by(world, cast.alice) == [Channel.SMS]


def test_what_is_over_meanwhile_is_not_asked_any_more(
    world: World, cast: Cast, of_bob: Callable[[Cast], CoverRequest]
) -> None:
    world.carrier.judge = by_mail(Result.REFUSED)
    world.carrier.slow = True
    request = of_bob(cast)
    world.delete(request, actor=as_user(cast.bob))
    assert not now(world, request).is_open
    world.carrier.answer()
    world.settle()
    texts = [one.message.subject for one in world.pages_to(cast.alice)]
    assert "Bob asks you to take a shift on Payments primary" not in texts


def test_hand_offs_follow_what_was_taken(world: World, cast: Cast, rota: Schedule) -> None:
    """Who takes a shift is told that it begins, if they want to hear of that."""
    calls(world, cast, rota)
    wants(world, cast.bob, 60, "oncall")
    world.advance(seconds=1)
    answer(world, cast.bob, ask(world, rota, cast.alice, to_id=cast.bob.id))
    world.advance(seconds=(FRIDAY - world.clock.now()) / 1e6)
    assert told(world, cast.bob)[-1] == "Your shift on Payments primary begins: Fri 9 Jan 2026 20:00"


def test_in_a_shift_based_schedule_one_stands_in_for_one(world: World, cast: Cast) -> None:
    """Two serve each day together, a third by a custom shift: only the asker's place changes hands."""
    start = FIRST + DAY + 9 * HOUR
    days = RotationEvent(
        id="", name="Days", start=start, end=start + 12 * HOUR, time_zone="Etc/UTC", effective_since=0,
        effective_until=None, recurrence=("RRULE:FREQ=DAILY",), members=(cast.alice.id, cast.bob.id), every_member=True,
    )  # fmt: skip
    schedule: Schedule = world.save(
        Schedule(
            "", "Shifts", "Etc/UTC", (), team_ids=(cast.team.id,), rotations=(Rotation("", (days,)),), shift_based=True
        )
    )
    world.save(CustomShift("", schedule.id, cast.alice.id, start + 12 * HOUR, start + 16 * HOUR))
    with pytest.raises(Invalid, match="Bob is on call on Shifts then already"):
        ask(world, schedule, cast.alice, start, start + HOUR, to_id=cast.bob.id)
    request = ask(world, schedule, cast.alice, start + 6 * HOUR, start + 14 * HOUR, to_id=cast.carol.id)
    answer(world, cast.carol, request)

    def at(hours: int) -> set[str]:
        return set(serving(world, cast, schedule, start + hours * HOUR))

    assert [at(5), at(6), at(11), at(12), at(14), at(16)] == [
        {"alice", "bob"}, {"carol", "bob"}, {"carol", "bob"}, {"carol"}, {"alice"}, set(),
    ]  # fmt: skip
    assert len(world.config.overrides) == 2, "one of the rotation, one of the custom shift"
    back = ask(world, schedule, cast.carol, start + 7 * HOUR, start + 8 * HOUR, to_id=cast.alice.id)
    answer(world, cast.alice, back)
    assert [at(6), at(7), at(8)] == [{"carol", "bob"}, {"alice", "bob"}, {"carol", "bob"}]


def test_an_observer_on_the_schedule_may_ask_and_answer(world: World, cast: Cast) -> None:
    """Being on call is enough to hand a shift on: nobody else could make the override for them in the night."""
    rita = world.person("rita", role=Role.RESTRICTED)
    sam = world.person("sam", role=Role.OBSERVER)
    rota = world.rotation("Theirs", rita, sam, teams=(cast.team.id,))
    answer(world, sam, ask(world, rota, rita, to_id=sam.id))
    assert on_call(world.config, rota.id, FRIDAY) == (sam.id,)
