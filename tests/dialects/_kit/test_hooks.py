"""One address for many monitors, and the table of keys."""

from __future__ import annotations

import json

from tocsin.dialects._kit.body import BodyTooDeep, BodyTooLarge
from tocsin.dialects._kit.hooks import HookRoute, hook_paths
from tocsin.dialects._kit.keys import IntegrationRef, KeyTable
from tocsin.kernel.errors import TocsinError, TooMany, Unavailable
from tocsin.runtime.ingest import Posted, Reading


class Echo:
    body_limit = 10

    def turn_away(self, posted: Posted) -> Reading | None:
        return Reading(401, b"") if posted.path.endswith("/nobody") else None

    def read(self, posted: Posted) -> Reading:
        return Reading(200, posted.path.encode())

    def refuse(self, error: TocsinError) -> Reading:
        return Reading(413, error.message.encode())


def posted(path: str, body: bytes = b"{}") -> Posted:
    return Posted(path, "", {}, body, 1, "127.0.0.1")


def test_the_second_segment_chooses_the_reader() -> None:
    route = HookRoute({"echo": Echo()})
    assert route.read(posted("/hooks/echo/KEY")).body == b"/hooks/echo/KEY"
    assert route.read(posted("/hooks/echo")).status == 200
    assert route.read(posted("/hooks/other/KEY")).status == 404
    assert route.read(posted("/hooks/")).status == 404


def test_the_source_turns_strangers_away() -> None:
    route = HookRoute({"echo": Echo()})
    answers = [route.turn_away(posted(f"/hooks/{path}", b"")) for path in ("echo/nobody", "other/KEY", "echo/KEY")]
    assert [answer and answer.status for answer in answers] == [401, 404, None]


def test_each_source_keeps_its_own_limit() -> None:
    route = HookRoute({"echo": Echo()})
    assert route.read(posted("/hooks/echo/KEY", b"x" * 11)).status == 413


def test_refusals_at_the_door_are_json_and_never_429() -> None:
    route = HookRoute({"echo": Echo()})
    for error, status in (
        (BodyTooLarge("big"), 413),
        (BodyTooDeep("deep"), 400),
        (TooMany("busy"), 503),
        (Unavailable("down"), 503),
    ):
        reading = route.refuse(error)
        assert reading.status == status
        assert json.loads(reading.body)["message"] == error.message


def test_there_is_one_address_for_all() -> None:
    (path,) = hook_paths({"echo": Echo()})
    assert (path.prefix, path.below, path.suffix) == ("/hooks/", True, "")


def test_a_key_is_never_printed() -> None:
    ref = IntegrationRef("PINT001", "PSVC001", "e93facc04764012d7bfb002500d5d1a6")
    assert ref.key not in repr(ref)
    assert ref.key not in f"{ref} {ref!r} {[ref]}"


def test_keys_are_replaced_as_a_whole() -> None:
    keys = KeyTable([IntegrationRef("P1", "S1", "a")])
    keys.replace([IntegrationRef("P2", "S1", "b")])
    assert keys.integration("a") is None
    assert keys.integration("b") == IntegrationRef("P2", "S1", "b")
