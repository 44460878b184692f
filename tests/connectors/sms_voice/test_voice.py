"""What a call says, and what the keys mean."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors.sms_voice.settings import phone_settings
from tocsin.connectors.sms_voice.voice import (
    SPOKEN_CHARS,
    TURNS,
    after_key,
    call_turn,
    goodbye,
    one_way,
    read_digits,
    read_turn,
    speakable,
    text_reply,
)
from tocsin.paging.model import Answer

SETTINGS = phone_settings("ACfake", "token", "+15005550006", public_url="https://tocsin.example")
TOKEN = "tok/en"


def parsed(xml: str) -> ET.Element:
    return ET.fromstring(xml)  # noqa: S314 - our own


def verbs(xml: str) -> list[str]:
    return [verb.tag for verb in parsed(xml)]


def said(xml: str) -> str:
    return " ".join(say.text or "" for say in parsed(xml).iter("Say"))


def test_the_first_round_says_it_waits_for_a_key_and_goes_on() -> None:
    xml = call_turn(SETTINGS, TOKEN, "Incident 42 on Payments.")
    assert verbs(xml) == ["Gather", "Redirect"]
    gather, redirect = parsed(xml)
    assert gather.attrib == {
        "input": "dtmf",
        "numDigits": "1",
        "timeout": "8",
        "finishOnKey": "",
        "action": "https://tocsin.example/twilio/voice/tok%2Fen/digits",
        "method": "POST",
    }
    assert redirect.text == "https://tocsin.example/twilio/voice/tok%2Fen?n=2"
    assert said(xml) == (
        "Tocsin alert. Incident 4 2 on Payments. Press 1 to acknowledge, 6 to resolve, star to repeat."
    )


def test_after_the_last_round_it_hangs_up() -> None:
    turns = [verbs(call_turn(SETTINGS, TOKEN, "x", turn)) for turn in range(1, TURNS + 1)]
    assert turns == [["Gather", "Redirect"], ["Gather", "Redirect"], ["Gather", "Say", "Hangup"]]


@pytest.mark.parametrize(
    ("digits", "answer"),
    [
        ("1", Answer.ACKNOWLEDGE),
        ("4", Answer.ACKNOWLEDGE),
        ("6", Answer.RESOLVE),
        ("*", None),
        ("2", None),
        ("", None),
        ("44", None),
        ("#", None),
    ],
)
def test_keys(digits: str, answer: Answer | None) -> None:
    assert read_digits(digits) is answer


def test_star_repeats_the_round_and_any_other_key_costs_one() -> None:
    assert "/digits?n=2" in after_key(SETTINGS, TOKEN, "x", 2, "*")
    other = after_key(SETTINGS, TOKEN, "x", 1, "9")
    assert "/digits?n=2" in other
    assert "means nothing" in said(other)
    assert verbs(after_key(SETTINGS, TOKEN, "x", TURNS, "9"))[-1] == "Hangup"


@pytest.mark.parametrize(
    ("text", "turn"),
    [("1", 1), ("2", 2), ("3", 3), ("4", 3), ("999", 3), ("0", 1), ("", 1), ("-1", 1), ("x", 1), ("9" * 9999, 1)],
)
def test_the_round_in_a_callback_is_never_out_of_range(text: str, turn: int) -> None:
    assert read_turn(text) == turn


@pytest.mark.parametrize(
    ("text", "spoken"),
    [
        ("Incident 1234.", "Incident 1 2 3 4."),
        ("db1 is down", "db1 is down."),
        ("<b>Disk</b> `full` *now*", "b Disk /b full now."),
        ("a\nb\tc\x00d", "a b c d."),
        ("Really?", "Really?"),
        ("", ""),
    ],
)
def test_text_is_made_fit_for_a_voice(text: str, spoken: str) -> None:
    assert speakable(text) == spoken


def test_long_texts_are_cut_between_words() -> None:
    spoken = speakable("word " * 200)
    assert len(spoken) <= SPOKEN_CHARS + 1
    assert spoken.endswith("word.")


@given(st.text(alphabet=st.characters(), max_size=400))
def test_nothing_from_outside_adds_a_verb(text: str) -> None:
    assert verbs(call_turn(SETTINGS, TOKEN, text)) == ["Gather", "Redirect"]
    assert verbs(goodbye(SETTINGS, text)) == ["Say", "Hangup"]
    assert verbs(one_way(SETTINGS, text)) == ["Say", "Hangup"]
    assert verbs(text_reply(text)) == (["Message"] if text else [])
    assert [child.tag for child in parsed(call_turn(SETTINGS, TOKEN, text))[0]] == ["Say"]


@given(st.text(alphabet=st.characters(), max_size=2000))
def test_a_call_without_callbacks_fits_the_providers_limit(text: str) -> None:
    assert len(one_way(SETTINGS, text)) <= 4000


def test_no_answer_to_a_text_is_an_empty_response() -> None:
    assert verbs(text_reply()) == []
    assert (
        said(goodbye(SETTINGS, "You have it. Nobody else will be called."))
        == "You have it. Nobody else will be called."
    )
