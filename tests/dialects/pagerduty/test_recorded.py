"""What the real Terraform provider asked of us when it ran the lesson, asked again: the answers are the same.

Recorded by `python -m tests.peers.recording`; it keeps the contract where Terraform and the provider are not at hand.
Ids, times and keys differ from run to run: an id stands for the same thing each time, a time is a time.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.pagerduty.api import BASE, Api, secret
from tocsin.app.first_things import first_things
from tocsin.directory.model import ApiKey, Role, User
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import parse_iso
from tocsin.testing.desk import DirectDesk

RECORDED = Path(__file__).parent / "recorded/lesson.jsonl"
NOW = parse_iso("2026-12-01T09:00:00+00:00")
SITE = BASE.removesuffix("/pagerduty")

ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[PQ][A-Z0-9]{6,13}|[A-Z0-9]{16}|[0-9a-f]{8}")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})")
PARTS = re.compile(r"([/?=& ])")
VERSION = re.compile(r"\d{16}")


class Replay:
    """Which id of the recording is which now."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {"SITE": SITE}

    def asked(self, text: str) -> str:
        """A recorded request with the ids of now."""
        return re.sub(rf"SITE|{ID.pattern}", lambda found: self._now.get(found[0], found[0]), text)

    def differences(self, recorded: Any, now: Any, at: str = "") -> Iterator[str]:
        """Where two answers say different things."""
        if isinstance(recorded, dict) and isinstance(now, dict):
            if recorded.keys() != now.keys():
                yield f"{at}: {sorted(recorded.keys() ^ now.keys())} is in one of them only"
            for name in recorded.keys() & now.keys():
                yield from self.differences(recorded[name], now[name], f"{at}.{name}")
        elif isinstance(recorded, list) and isinstance(now, list):
            if len(recorded) != len(now):
                yield f"{at}: {len(recorded)} elements were {len(now)}"
            for number, (one, other) in enumerate(zip(recorded, self._in_order(recorded, now), strict=False)):
                yield from self.differences(one, other, f"{at}[{number}]")
        elif isinstance(recorded, str) and isinstance(now, str):
            if not self._same(recorded, now):
                yield f"{at}: {recorded!r} is {now!r}"
        elif recorded != now:
            yield f"{at}: {recorded!r} is {now!r}"

    def _in_order(self, recorded: list[Any], now: list[Any]) -> list[Any]:
        """The elements of now in the order of the recording: some lists are in the order of ids, which are others."""
        left = list(now)
        found = []
        for one in recorded:
            fitting = next((other for other in left if self._fits(one, other)), left[0] if left else None)
            if left:
                left.remove(fitting)
            found.append(fitting)
        return found

    def _fits(self, recorded: Any, now: Any) -> bool:
        known = dict(self._now)
        fits = not list(self.differences(recorded, now))
        self._now = known
        return fits

    def _same(self, recorded: str, now: str) -> bool:
        if recorded in (now, "KEY") or any(
            shape.fullmatch(recorded) and shape.fullmatch(now) for shape in (TIME, VERSION)
        ):
            return True
        if ID.fullmatch(recorded) and ID.fullmatch(now):
            return self._now.setdefault(recorded, now) == now
        parts, others = PARTS.split(recorded), PARTS.split(now.replace(SITE, "SITE"))
        return len(parts) > 1 and len(parts) == len(others) and all(map(self._same, parts, others))


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    """An installation as `tocsin setup` leaves it."""
    with DirectDesk(tmp_path, now=NOW) as desk:
        first_things(desk, SYSTEM)
        olive = desk.save(User(id="", name="Olive", email="olive@example.com", role=Role.OWNER))
        digest = hashlib.sha256(secret("root").encode()).hexdigest()
        desk.save(ApiKey(id="", name="first", digest=digest, role=Role.OWNER, user_id=olive.id))
        api = Api(desk)
        yield api
        api.close()


def test_the_lesson_is_answered_as_it_was(api: Api) -> None:
    replay = Replay()
    pairs = [json.loads(line) for line in RECORDED.read_text(encoding="utf-8").splitlines()]
    assert len(pairs) > 100
    for number, pair in enumerate(pairs, 1):
        where = f"{number}: {pair['method']} {pair['path']}"
        sent = None if pair["sent"] is None else json.loads(replay.asked(json.dumps(pair["sent"])))
        reply = api.request(pair["method"], replay.asked(pair["path"]), sent)
        assert reply.status == pair["status"], (where, reply)
        assert list(replay.differences(pair["answer"], reply.body)) == [], where


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"a": 1, "b": None}),
        ({"id": ["PAAAAAA", "PAAAAAA"]}, {"id": ["PBBBBBB", "PCCCCCC"]}),
        ({"at": "2026-01-06T00:00:00Z"}, {"at": "yesterday"}),
        ([1, 2], [1]),
    ],
)
def test_a_difference_is_found(recorded: Any, now: Any) -> None:
    assert list(Replay().differences(recorded, now))
