"""The page of a server that can't make pages yet says what it waits for."""

from __future__ import annotations

import re

import pytest

from tocsin.kernel.errors import Unavailable
from tocsin.web.visit import starting


@pytest.mark.parametrize(
    ("error", "head", "said"),
    [
        (
            Unavailable("The server is starting. Try again in a moment.", reason="starting"),
            "Starting",
            "The server is starting.",
        ),
        (Unavailable("The server is starting."), "Starting", "The server is starting."),
        (
            Unavailable("The database is out of reach. Try again in a moment.", reason="database"),
            "The database is out of reach",
            "No page can be shown until it answers.",
        ),
        (
            Unavailable("The schema can't be brought up; see the log.", reason="schema"),
            "Not ready yet",
            "The schema can’t be brought up; see the log.",
        ),
    ],
)
def test_title_heading_and_text_say_what_is_wrong(error: Unavailable, head: str, said: str) -> None:
    answer = starting(error)
    html = bytes(answer.body).decode()
    assert answer.status_code == 503
    assert f"<title>{head} · Tocsin</title>" in html
    assert re.findall(r"<h1>(.*?)</h1>", html) == [head]
    assert f"<p>{said}</p>" in html
    assert "Try again" not in html, "the page does so by itself"
    assert "#i-bell" in html


def test_a_button_that_was_pressed_is_not_pressed_again_by_the_page() -> None:
    """Loaded again it would ask for an address that only takes what is posted, or show the buttons as if unpressed."""
    html = bytes(starting(Unavailable("The server is starting."), posted=True).body).decode()
    assert "http-equiv" not in html
    assert "What you pressed was not done." in html
