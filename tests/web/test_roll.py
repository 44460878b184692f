"""The sessions of open pages are asked for together, and each page hears of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping

import pytest

from tests.web.place import Place
from tests.web.serving import session_of
from tocsin.runtime.sessions import Session
from tocsin.web.roll import MOST, Roll


def test_who_asks_together_is_asked_for_at_once(place: Place) -> None:
    tokens = [session_of(place, who) for who in ("alice", "bob")]
    asked: list[int] = []

    def peek_all(wanted: Collection[str]) -> Mapping[str, Session]:
        asked.append(len(wanted))
        return place.sessions.peek_all(wanted)

    async def scene() -> list[Session | None]:
        roll = Roll(peek_all)
        every = [*tokens, tokens[0], "0" * 40, ""]
        found = await asyncio.gather(*(roll.session(one) for one in every))
        place.sessions.sign_out(tokens[0])
        return [*found, await roll.session(tokens[0])]

    found = asyncio.run(scene())
    names = [place.desk.config().users[one.user_id].name if one else "" for one in found]
    assert names == ["Alice", "Bob", "Alice", "", "", ""]
    assert asked == [4, 1]


def test_a_question_has_its_bound_and_everybody_gets_an_answer() -> None:
    asked: list[int] = []

    def peek_all(wanted: Collection[str]) -> Mapping[str, Session]:
        asked.append(len(wanted))
        return {}

    async def scene() -> None:
        roll = Roll(peek_all)
        assert not any(await asyncio.gather(*(roll.session(str(one)) for one in range(2 * MOST + 3))))

    asyncio.run(scene())
    assert max(asked) == MOST
    assert sum(asked) == 2 * MOST + 3


def test_who_leaves_takes_no_answer_from_others_and_what_fails_is_said() -> None:
    def broken(_wanted: Collection[str]) -> Mapping[str, Session]:
        raise OSError("the disk is gone")

    async def scene() -> None:
        roll = Roll(broken)
        first, second = asyncio.create_task(roll.session("a")), asyncio.create_task(roll.session("a"))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(OSError, match="disk"):
            await second

    asyncio.run(scene())
