"""The page that a mail's link opens: programs open links, people press buttons."""

from __future__ import annotations

import pytest

from tests.web.place import Place
from tests.web.test_incident_pages import words
from tocsin.incidents.messages import Resolve
from tocsin.incidents.model import Status


@pytest.fixture
def mailed(place: Place) -> Place:
    """Alice was sent a message about Payments; the link in it carries the token "good"."""
    place.alarm("PaymentsService", "errors", "Payments fail")
    place.messages["good"] = place.desk.reads.pages_of(place.incident(1).id)[0].message_id
    return place


def test_opening_the_link_does_nothing(mailed: Place) -> None:
    browser = mailed.client()
    for page in [browser.get("/a/good") for _ in range(3)]:
        assert page.status_code == 200
        assert "Payments fail" in page.text
        assert "Opening this page did nothing." in page.text
    assert browser.head("/a/good").status_code == 200
    assert mailed.incident(1).status is Status.TRIGGERED


def test_the_button_answers_for_whoever_was_mailed(mailed: Place) -> None:
    answer = mailed.client().act("/a/good", csrf=None, answer="acknowledge")
    assert answer.status_code == 200
    assert "You have it. Nobody else will be called." in words(answer.text)
    incident = mailed.incident(1)
    assert incident.status is Status.ACKNOWLEDGED
    assert incident.assignee_ids == (mailed.people["alice"].id,)


def test_a_form_from_another_site_does_not_answer(mailed: Place) -> None:
    for origin in ("https://evil.example", "null"):
        assert mailed.client().act("/a/good", origin=origin, csrf=None, answer="acknowledge").status_code == 403
    assert mailed.incident(1).status is Status.TRIGGERED


def test_a_mail_program_that_sends_no_origin_can_answer(mailed: Place) -> None:
    assert mailed.client().act("/a/good", origin=None, csrf=None, answer="resolve").status_code == 200
    assert mailed.incident(1).status is Status.RESOLVED


@pytest.mark.parametrize("token", ["bad", "x" * 500, "%00"])
def test_a_link_that_is_not_ours_shows_nothing(mailed: Place, token: str) -> None:
    browser = mailed.client()
    for answer in (browser.get(f"/a/{token}"), browser.act(f"/a/{token}", csrf=None, answer="acknowledge")):
        assert answer.status_code in (403, 404)
        assert "Payments fail" not in answer.text
    assert mailed.incident(1).status is Status.TRIGGERED


def test_it_is_over_says_so(mailed: Place) -> None:
    mailed.desk.run(mailed.as_("bob"), Resolve(incident_id=mailed.incident(1).id))
    assert "It is over. Nothing needs doing." in words(mailed.client().get("/a/good").text)
    late = mailed.client().act("/a/good", csrf=None, answer="acknowledge")
    assert late.status_code == 409
    assert "It is resolved already." in words(late.text)


def test_an_answer_that_does_not_exist(mailed: Place) -> None:
    assert mailed.client().act("/a/good", csrf=None, answer="explode").status_code == 422
