"""Classic pagination: every client's loop ends with every object seen once."""

from __future__ import annotations

import pytest

from tests.dialects.pagerduty.api import Api, House


def test_a_client_that_follows_limit_sees_everybody_once(api: Api) -> None:
    for number in range(7):
        api.post("/teams", {"team": {"name": f"Team {number}"}})
    seen, offset = [], 0
    for _ in range(20):
        page = api.get(f"/teams?limit=2&offset={offset}")
        seen += [team["id"] for team in page["teams"]]
        assert (page["limit"], page["offset"], page["total"]) == (2, offset, None)
        if not page["more"]:
            break
        offset += page["limit"]
    assert len(seen) == len(set(seen)) == 9


def test_total_only_when_asked(api: Api) -> None:
    assert api.get("/users")["total"] is None
    assert api.get("/users?total=true")["total"] == 5
    assert api.get("/users?total=true&limit=2")["total"] == 5
    assert api.get("/incidents?total=true")["total"] == 0


def test_a_limit_above_the_largest_is_cut_and_shown_so(api: Api) -> None:
    assert api.get("/users?limit=5000")["limit"] == 100
    assert api.get("/users")["limit"] == 25


@pytest.mark.parametrize("path", ["/users", "/incidents", "/log_entries", "/oncalls"])
def test_a_window_that_is_none_is_refused(api: Api, path: str) -> None:
    for query in (
        "limit=0",
        "limit=-1",
        "limit=x",
        "offset=-1",
        "offset=1.5",
        "limit=100&offset=9901",
        "limit=" + "9" * 30,
    ):
        reply = api.request("GET", f"{path}?{query}")
        assert (reply.status, reply.code) == (400, 2001), query
        assert len(reply.errors) == 1


def test_incidents_page_like_everything_else(api: Api, house: House) -> None:
    for number in range(5):
        house.alarm(f"key{number}")
    numbers = []
    for offset in (0, 2, 4):
        page = api.get(f"/incidents?limit=2&offset={offset}&total=1")
        numbers += [incident["incident_number"] for incident in page["incidents"]]
        assert (page["more"], page["total"]) == (offset < 4, 5)
    assert numbers == [1, 2, 3, 4, 5]


def test_equal_names_come_first(api: Api) -> None:
    for name in ("Pay A", "Big Pay", "Pay", "pay b"):
        api.post("/teams", {"team": {"name": name}})
    assert [team["name"] for team in api.get("/teams?query=pay&limit=10")["teams"]] == [
        "Pay",
        "Big Pay",
        "Pay A",
        "pay b",
        "Payments",
    ]
    assert api.get("/teams?query=pay&limit=1")["teams"][0]["name"] == "Pay"
