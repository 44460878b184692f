"""The pages for signing in and out, on https and on a plain local network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.web.place import PASSWORD, Browser, Place


def sign_in_form(place: Place, base: str, **fields: str) -> tuple[Browser, Any]:
    """Open the page, send its form; the browser and the answer."""
    browser = place.client(base=base)
    page = browser.get("/sign-in")
    browser.csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    fields = {"email": "alice@example.com", "password": PASSWORD, "by": "password", "next": "/", **fields}
    return browser, browser.act("/sign-in", **fields)


LINES = {
    "https": ("https://tocsin.example", "__Host-tocsin", True),
    "local network": ("http://192.168.1.20:8080", "tocsin", False),
    "this machine": ("http://localhost:8080", "tocsin", False),
}


@pytest.mark.parametrize("line", LINES)
def test_the_cookie_fits_the_line(place: Place, line: str) -> None:
    base, name, secure = LINES[line]
    browser, answer = sign_in_form(place, base)
    assert answer.status_code == 303
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{name}="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert ("Secure" in cookie) is secure
    assert "Domain" not in cookie
    assert browser.get("/").status_code == 200


def test_a_cookie_of_the_open_line_is_worth_nothing_on_the_safe_one(place: Place) -> None:
    browser = place.client("alice", base="http://192.168.1.20:8080")
    token = browser.cookies["tocsin"]
    safe = place.client()
    safe.cookies.set("tocsin", token)
    assert safe.get("/").status_code == 303


@pytest.mark.parametrize(
    ("base", "told"),
    [("http://192.168.1.20:8080", True), ("http://localhost:8080", False), ("https://tocsin.example", False)],
)
def test_plain_http_says_what_does_not_work(place: Place, base: str, told: bool) -> None:
    for page in (place.client(base=base).get("/sign-in"), place.client("alice", base=base).get("/")):
        assert ("This page came over plain http" in page.text) is told


def test_a_wrong_password_is_said_and_the_address_kept(place: Place) -> None:
    _browser, answer = sign_in_form(place, "https://tocsin.example", password="wrong")
    assert answer.status_code == 401
    assert "The mail address or the password is wrong." in answer.text
    assert 'value="alice@example.com"' in answer.text
    assert "wrong" not in answer.text.split("password")[-1]


@pytest.mark.parametrize("known", [True, False])
def test_asking_for_a_link_says_the_same_to_everybody(place: Place, known: bool) -> None:
    email = "alice@example.com" if known else "nobody@example.com"
    _browser, answer = sign_in_form(place, "https://tocsin.example", by="link", email=email)
    assert answer.status_code == 200
    assert "a link is on its way" in answer.text
    assert len(place.links) == known


def test_the_mailed_link_shows_a_button_and_signs_in_by_it(place: Place) -> None:
    sign_in_form(place, "https://tocsin.example", by="link")
    path = place.links[0][1].removeprefix("https://tocsin.example")
    browser = place.client()
    pages = [browser.get(path) for _ in range(3)]
    assert all("Sign in as" in page.text for page in pages)
    page = pages[-1]
    browser.csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    assert browser.get("/").status_code == 303, "opening the page signed nobody in"
    answer = browser.act(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert browser.get("/").status_code == 200
    again = place.client().get(path)
    assert again.status_code == 410
    assert "used already" in again.text


def test_the_sign_in_form_is_bound_to_its_browser(place: Place) -> None:
    stranger = place.client()
    stranger.get("/sign-in")
    fields = {"email": "alice@example.com", "password": PASSWORD, "by": "password"}
    assert stranger.act("/sign-in", csrf="0" * 40, **fields).status_code == 403
    assert place.client().act("/sign-in", csrf="0" * 40, **fields).status_code == 403


NEXT = {
    "/incidents/7?show=people": "/incidents/7?show=people",
    "https://evil.example/": "/",
    "//evil.example": "/",
    "/\\evil.example": "/",
    "/\t/evil.example": "/",
    "javascript:alert(1)": "/",
    "/sign-out": "/",
    "": "/",
}


@pytest.mark.parametrize("wanted", NEXT)
def test_signing_in_leads_to_our_own_pages_only(place: Place, wanted: str) -> None:
    _browser, answer = sign_in_form(place, "https://tocsin.example", next=wanted)
    assert answer.headers["location"] == NEXT[wanted]


def test_a_page_that_needs_a_person_comes_back_after_signing_in(place: Place) -> None:
    answer = place.client().get("/incidents?view=mine&urgency=high")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fincidents%3Fview%3Dmine%26urgency%3Dhigh"


def test_signing_out_ends_the_session_everywhere(place: Place) -> None:
    browser = place.client("alice")
    token = browser.cookies["__Host-tocsin"]
    answer = browser.act("/sign-out")
    assert answer.headers["location"] == "/sign-in"
    assert place.sessions.find(token) is None
    assert "clear-site-data" in answer.headers


def test_a_token_planted_in_the_browser_is_never_taken_over(place: Place) -> None:
    planted = "f" * 40
    browser = place.client()
    cookie = f"__Host-tocsin={planted}"
    page = browser.get("/sign-in", headers={"cookie": cookie})
    visit = page.headers["set-cookie"].split(";")[0]
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": csrf, "email": "alice@example.com", "password": PASSWORD, "by": "password"}
    browser.cookies.clear()
    answer = browser.post("/sign-in", data=form, headers={"cookie": f"{cookie}; {visit}"})
    new = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("__Host-tocsin="))
    assert answer.status_code == 303
    assert planted not in new
    assert place.sessions.find(planted) is None


def test_too_many_attempts_say_when_to_try_again(place: Place) -> None:
    for _ in range(10):
        _browser, answer = sign_in_form(place, "https://tocsin.example", password="wrong")
    _browser, answer = sign_in_form(place, "https://tocsin.example")
    assert answer.status_code == 429
    assert "Try again in 15 minutes." in answer.text


def test_an_open_page_of_somebody_signed_out_is_told_so(place: Place) -> None:
    answer = place.client().get("/", headers={"tocsin-refresh": "1"})
    assert answer.status_code == 401


def test_behind_a_proxy_that_ends_tls_the_public_address_counts(place: Place) -> None:
    place.site = replace(place.site, public_url="https://pager.example")
    browser = place.client(base="http://pager.example")
    page = browser.get("/sign-in")
    assert "plain http" not in page.text
    visit = page.headers["set-cookie"].split(";")[0]
    csrf = page.text.split('name="csrf" value="')[1].split('"')[0]
    form = {"csrf": csrf, "email": "alice@example.com", "password": PASSWORD, "by": "password"}
    answer = browser.post("/sign-in", data=form, headers={"cookie": visit, "origin": "https://pager.example"})
    assert answer.status_code == 303
    assert any(one.startswith("__Host-tocsin=") and "Secure" in one for one in answer.headers.get_list("set-cookie"))
