"""Addresses that are nobody's: a program is told 404 and never led on, a person gets a page."""

from __future__ import annotations

import pytest

from tests.web.place import Place

HTML = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
UNKNOWN = (
    "/v2/enqueue2",
    "/v2/enqueue/",
    "/alertmanager/key/api/v2/alert",
    "/hook/grafana",
    "/nowhere",
    "/incidents/x",
)


@pytest.mark.parametrize("path", UNKNOWN)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("who", ["", "alice"])
def test_what_is_sent_to_an_unknown_address_is_refused_whoever_sends_it(
    place: Place, method: str, path: str, who: str
) -> None:
    for kind in ("application/json", "application/x-www-form-urlencoded"):
        answer = place.client(who).request(method, path, content=b"{}", headers=HTML | {"content-type": kind})
        assert answer.status_code == 404, kind
        assert answer.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/", "/alerts", "/on-call", "/find"])
def test_what_is_sent_to_a_page_without_a_form_is_refused(place: Place, path: str) -> None:
    assert place.client().post(path, json={}).status_code == 405


@pytest.mark.parametrize("path", ["/incidents", "/incidents/new", "/incidents/1/note", "/zone"])
def test_what_is_no_form_is_not_sent_to_sign_in(place: Place, path: str) -> None:
    assert place.client().post(path, json={"alerts": []}).status_code == 401


@pytest.mark.parametrize(
    "path",
    [
        *("/v1/x", "/v2/enqueue", "/v3", "/api/v1/incidents", "/alertmanager/x", "/integration/x", "/integrations"),
        *("/generic/x", "/hooks/x", "/slack", "/opsgenie/v2", "/victorops", "/statuspage", "/robots.txt"),
        *("/favicon.ico", "/static/none.css"),
    ],
)
def test_programs_that_read_get_a_plain_answer(place: Place, path: str) -> None:
    headers = {"accept": "*/*"} if path.startswith("/static") else HTML
    answer = place.client().get(path, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_who_does_not_ask_for_a_page_gets_none(place: Place, accept: str) -> None:
    for who in ("", "alice"):
        answer = place.client(who).get("/nowhere", headers={"accept": accept})
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["/nowhere", "/v2x", "/apis"])
def test_a_person_signs_in_and_then_reads_that_there_is_nothing(place: Place, path: str) -> None:
    answer = place.client().get(path, headers=HTML)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign-in?next=%2F{path[1:]}")
    page = place.client("alice").get(path, headers=HTML)
    assert page.status_code == 404
    assert "There is no page at this address." in page.text


def test_a_person_who_asks_for_what_only_takes_a_press_gets_a_page(place: Place) -> None:
    answer = place.client("alice").get("/incidents/1/acknowledge", headers=HTML)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")
    assert place.client("alice").get("/incidents/1/acknowledge", headers={"accept": "*/*"}).status_code == 405


@pytest.mark.parametrize(
    ("path", "status"), [("/incidents/{}", 404), ("/services/P1/tests/{}", 404), ("/alerts/events/{}", 405)]
)
@pytest.mark.parametrize("digits", [19, 5_000])
@pytest.mark.parametrize("who", ["", "alice"])
def test_a_number_longer_than_any_of_ours_is_no_address(
    place: Place, path: str, status: int, digits: int, who: str
) -> None:
    assert place.client(who).get(path.format("1" * digits)).status_code == status
