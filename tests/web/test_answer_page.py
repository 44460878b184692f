"""The page that a mail's link opens: programs open links, people press buttons."""

from __future__ import annotations

import re

import pytest

from tests.web.place import Place
from tests.web.test_incident_pages import words
from tocsin.incidents.messages import Resolve
from tocsin.incidents.model import Status
from tocsin.kernel.time import MINUTE


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


@pytest.fixture
def bundled(place: Place) -> Place:
    """Alice was sent 2 to 9 in one message, which is "good"; 1 went out before it."""
    for number in range(1, 10):
        place.alarm("PaymentsService", f"errors-{number}", f"Payments fail {number}")
    place.desk.advance(MINUTE)
    (sent,) = filter(None, (page.message_id for page in place.desk.reads.pages_of(place.incident(9).id)))
    place.messages["good"] = sent
    message = place.desk.reads.message(sent)
    assert message is not None
    assert len(message.incident_ids) == 8
    return place


def test_of_several_the_number_and_the_buttons_come_before_the_list(bundled: Place) -> None:
    html = bundled.client().get("/a/good").text
    assert re.findall(r"<h1[^>]*>(.*?)</h1>", html) == ["8 incidents"]
    assert html.index("Acknowledge</button>") < html.index("Payments fail 2")
    shown, _, folded = html.partition("<summary>Show the other 3</summary>")
    assert [f'href="/incidents/{number}"' in shown for number in range(2, 10)] == [True] * 5 + [False] * 3
    assert [f'href="/incidents/{number}"' in folded for number in range(2, 10)] == [False] * 5 + [True] * 3
    assert '<a class="button quiet" href="/incidents">See all open incidents</a>' in html


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ("acknowledge", "You have all 8. Nobody else will be called about them."),
        ("resolve", "You have resolved all 8. Nobody will be called about them."),
        ("escalate", "The next level is being called about all 8."),
    ],
)
def test_an_answer_to_several_says_to_how_many(bundled: Place, button: str, said: str) -> None:
    answer = bundled.client().act("/a/good", csrf=None, answer=button)
    assert f"8 incidents {said}" in words(answer.text)


def test_what_is_over_already_is_not_counted_as_answered(bundled: Place) -> None:
    bundled.desk.run(bundled.as_("bob"), Resolve(incident_id=bundled.incident(2).id))
    answer = bundled.client().act("/a/good", csrf=None, answer="acknowledge")
    assert "You have 7 of 8. Nobody else will be called about them." in words(answer.text)
