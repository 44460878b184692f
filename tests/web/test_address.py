"""A missing or wrong TOCSIN_PUBLIC_URL is found at the first request of somebody signed in, and owners are told."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from tests.web.place import Place
from tests.web.test_incident_pages import words
from tocsin.kernel.values import replace
from tocsin.web.address import SEEN, Addresses, Seen, normal, origin_of, other_origin

RIGHT = "https://tocsin.example"
OTHER = "https://alarm.example.org"


def told(place: Place, who: str, base: str, path: str = "/", **headers: str) -> str:
    return words(place.client(who, base).get(path, headers=headers).text)


def test_without_a_setting_owners_read_the_value_to_set(place: Place) -> None:
    text = told(place, "erin", OTHER)
    assert "TOCSIN_PUBLIC_URL is not set." in text
    assert f"TOCSIN_PUBLIC_URL={OTHER}" in text
    assert "TOCSIN_PUBLIC_URL" not in told(place, "erin", OTHER, "/incidents"), "on Now and System only"


def test_the_right_setting_says_nothing(place: Place) -> None:
    place.site = replace(place.site, public_url=RIGHT)
    for base in (RIGHT, "https://TOCSIN.example:443"):
        assert "TOCSIN_PUBLIC_URL" not in told(place, "erin", base)


def test_a_wrong_setting_is_told_with_what_it_says(place: Place) -> None:
    place.site = replace(place.site, public_url="https://old.example")
    text = told(place, "erin", OTHER)
    assert "It says https://old.example: links in mail and texts lead there" in text
    assert f"TOCSIN_PUBLIC_URL={OTHER}" in text
    assert "TOCSIN_PUBLIC_URL=" not in told(place, "alice", OTHER), "she can't change it"


def test_this_machines_own_name_says_nothing_about_what_people_use(place: Place) -> None:
    for base in ("http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]:8080"):
        assert "TOCSIN_PUBLIC_URL" not in told(place, "erin", base)


def test_the_first_request_of_anybody_is_noticed_and_told_once(place: Place) -> None:
    noticed: list[Seen] = []
    place.site = replace(place.site, public_url=RIGHT, addresses=Addresses(noticed.append))
    stranger = place.client("", OTHER)
    stranger.get("/sign-in")
    assert noticed == [], "nobody was signed in"
    for _ in range(3):
        told(place, "alice", OTHER, "/incidents")
    assert [(one.origin, one.setting, one.user_id) for one in noticed] == [(OTHER, RIGHT, place.people["alice"].id)]
    text = told(place, "erin", RIGHT)
    assert f"Alice came by {OTHER} at 02:14, which is not TOCSIN_PUBLIC_URL." in text
    assert "TOCSIN_PUBLIC_URL=" not in text, "nobody but an owner's own browser names the value to set"


def test_no_more_than_a_few_are_kept(place: Place) -> None:
    place.site = replace(place.site, public_url=RIGHT)
    for number in range(50):
        place.site.addresses.note(Seen(f"https://{number}.example", RIGHT, place.people["alice"].id, 0))
    assert len(place.site.addresses.others()) == 8


def test_an_owner_may_find_it_right_until_it_is_another_one(place: Place) -> None:
    place.site = replace(place.site, public_url=RIGHT)
    assert place.client("alice", OTHER).act("/address/accept").status_code == 303
    assert place.desk.config().settings.address_accepted == ""
    assert place.client("erin", OTHER).act("/address/accept").status_code == 303
    assert place.desk.config().settings.address_accepted == OTHER
    assert "TOCSIN_PUBLIC_URL" not in told(place, "erin", OTHER)
    assert "TOCSIN_PUBLIC_URL=https://third.example" in told(place, "erin", "https://third.example")


@pytest.mark.parametrize(
    ("headers", "scheme", "seen"),
    [
        ({"host": "a.example"}, "https", "https://a.example"),
        ({"host": "A.example:443"}, "https", "https://a.example"),
        ({"host": "a.example:8080"}, "http", "http://a.example:8080"),
        ({"host": "a.example", "sec-fetch-site": "none"}, "http", "https://a.example"),
        ({"host": "127.0.0.1:8080", "sec-fetch-site": "none"}, "http", "http://127.0.0.1:8080"),
        ({"host": "a.example", "x-forwarded-proto": "https", "x-forwarded-host": "evil"}, "http", "http://a.example"),
        ({"host": "a.example/<script>"}, "https", ""),
        ({"host": "user:pass@a.example"}, "https", ""),
        ({"host": ""}, "https", ""),
        ({}, "https", ""),
    ],
)
def test_what_a_request_says_of_its_address(headers: dict[str, str], scheme: str, seen: str) -> None:
    assert origin_of(request(headers, scheme)) == seen


def request(headers: dict[str, str], scheme: str = "http", told: str = "") -> Request:
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": "/",
            "query_string": b"",
            "headers": raw,
            "scheme": scheme,
            SEEN: told,
        }
    )


def test_what_a_trusted_proxy_says_comes_first() -> None:
    asked = request({"host": "127.0.0.1:8080"}, told="https://Tocsin.example")
    assert origin_of(asked) == RIGHT
    assert other_origin(asked, RIGHT) == ""
    assert other_origin(asked, "https://old.example") == RIGHT
    assert origin_of(request({"host": "a.example"}, told="https://ev<il")) == ""


def test_one_form_for_one_address() -> None:
    assert normal("HTTPS://Tocsin.example:443/somewhere") == RIGHT
    assert normal("http://[::1]:80") == "http://[::1]"
    assert normal("nonsense") == ""


def test_no_link_rests_on_what_a_request_says(place: Place) -> None:
    """The notice names it as text; nothing on the page leads there."""
    html = place.client("erin", "https://evil.example").get("/").text
    assert "TOCSIN_PUBLIC_URL=https://evil.example" in html
    assert 'href="https://evil.example' not in html
    assert 'action="https://evil.example' not in html
