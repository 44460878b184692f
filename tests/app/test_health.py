"""What /healthz counts: the age of what waits, however seldom anybody looks."""

from __future__ import annotations

from typing import Any, cast

from starlette.applications import Starlette
from starlette.testclient import TestClient

from tocsin.app.health import UNDECIDED_SECONDS, Pulse, Signs
from tocsin.kernel.time import SECOND, Moment
from tocsin.storage.turns import Cursor
from tocsin.testing.world import ManualClock


class Place:
    """A log, how far it was decided, and the clock."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.accepting = True
        self.refused = False
        self.events: dict[int, Moment] = {}
        self.decided = 0
        self.waiting = 0
        self.head = 0
        self.knows_keys = True
        self.why_nobody = ""
        signs = Signs(
            why_nobody=lambda: self.why_nobody, knows_keys=lambda: self.knows_keys, received_at=self.events.get
        )
        self.pulse = Pulse(cast("Any", self), cast("Any", self), self.clock, signs)

    def oldest_due(self) -> tuple[None, None]:
        return None, None

    def waiting_deliveries(self) -> int:
        return self.waiting

    def cursor(self) -> Cursor:
        return Cursor("log", self.decided)

    def event(self) -> None:
        self.head += 1
        self.events[self.head] = self.clock.now()

    def undecided(self, after: float) -> float:
        """What a look says so many seconds later."""
        self.clock.moment += round(after * SECOND)
        return self.pulse.health().undecided_seconds


def test_an_event_in_flight_is_as_old_as_it_is_and_not_as_the_last_look() -> None:
    place = Place()
    assert place.undecided(60) == 0
    place.clock.moment += 60 * SECOND
    place.event()
    assert place.undecided(2) == 2
    assert not place.pulse.health().problems
    assert place.undecided(UNDECIDED_SECONDS) > UNDECIDED_SECONDS
    assert "an event has been waiting to be decided for 17 s" in place.pulse.health().problems
    place.decided = 1
    assert place.undecided(2) == 0


def test_what_waits_for_webhook_receivers_is_measured() -> None:
    place = Place()
    place.waiting = 7
    assert place.pulse.health().waiting_deliveries == 7
    answer = TestClient(Starlette(routes=place.pulse.routes())).get("/metrics")
    assert "tocsin_waiting_deliveries 7.0" in answer.text


def test_deciding_one_event_makes_the_next_one_no_younger() -> None:
    place = Place()
    place.event()
    place.clock.moment += 10 * SECOND
    place.event()
    assert place.undecided(2) == 12
    place.decided = 1
    assert place.undecided(2) == 4


def test_a_cursor_that_is_not_this_logs_is_noticed() -> None:
    place = Place()
    place.decided, place.head = 500, 1000
    assert place.undecided(60) == 0
    assert place.undecided(20) == 20
    place.decided = 2000
    assert place.undecided(60) == 0, "beyond the log nothing waits"


def test_before_the_keys_are_known_nothing_is_accepted() -> None:
    place = Place()
    place.knows_keys = False
    assert not place.pulse.health().accepting
    place.knows_keys = True
    place.clock.moment += 2 * SECOND
    assert place.pulse.health().accepting


def test_a_log_that_takes_nothing_is_a_problem_until_it_takes_an_event() -> None:
    place = Place()
    place.refused, place.accepting = True, False
    assert place.pulse.health().problems == ("events are refused: the log does not take them",)
    assert not place.pulse.health().accepting
    place.refused, place.accepting = False, True
    place.clock.moment += 2 * SECOND
    assert not place.pulse.health().problems


def test_ready_says_in_words_that_nobody_can_be_paged() -> None:
    place = Place()
    app = Starlette(routes=list(place.pulse.routes()))
    client = TestClient(app)
    assert client.get("/readyz").json() == {"accepting": True, "paging": "yes"}
    place.why_nobody = "no way to send is set up"
    place.clock.moment += 2 * SECOND
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["paging"]) == (
        200,
        "nobody can be paged: no way to send is set up",
    ), "it accepts, so it is ready"
