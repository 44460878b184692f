"""What people text back, half awake."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors.sms_voice.replies import CARRIER_WORDS, NOT_UNDERSTOOD, Reply, is_for_carrier, parse_reply
from tocsin.paging.model import Answer

ACK, RESOLVE, ESCALATE = Answer.ACKNOWLEDGE, Answer.RESOLVE, Answer.ESCALATE


@pytest.mark.parametrize(
    ("text", "reply"),
    [
        ("47", Reply(ACK, "47")),
        (" 47 \n", Reply(ACK, "47")),
        ("#47", Reply(ACK, "47")),
        ("47.", Reply(ACK, "47")),
        ("４７", Reply(ACK, "47")),
        ("12345678", Reply(ACK, "12345678")),
        ("007", Reply(ACK, "007")),
        ("47 a", Reply(ACK, "47")),
        ("47ack", Reply(ACK, "47")),
        ("ack 47", Reply(ACK, "47")),
        ("Ack #47!", Reply(ACK, "47")),
        ("4 47", Reply(ACK, "47")),
        ("47 4", Reply(ACK, "47")),
        ("4", Reply(ACK)),
        ("a", Reply(ACK)),
        ("A", Reply(ACK)),
        ("ACK", Reply(ACK)),
        ("Ack.", Reply(ACK)),
        ("ok", Reply(ACK)),
        ("Acknowledged", Reply(ACK)),
        ("47r", Reply(RESOLVE, "47")),
        ("47R", Reply(RESOLVE, "47")),
        ("47 r", Reply(RESOLVE, "47")),
        ("r47", Reply(RESOLVE, "47")),
        ("r 47", Reply(RESOLVE, "47")),
        ("resolve #47", Reply(RESOLVE, "47")),
        ("6 47", Reply(RESOLVE, "47")),
        ("6", Reply(RESOLVE)),
        ("r", Reply(RESOLVE)),
        ("Resolved", Reply(RESOLVE)),
        ("c", Reply(RESOLVE)),
        ("close", Reply(RESOLVE)),
        ("e", Reply(ESCALATE)),
        ("Esc", Reply(ESCALATE)),
        ("escalate 47", Reply(ESCALATE, "47")),
        ("47e", Reply(ESCALATE, "47")),
    ],
)
def test_understood(text: str, reply: Reply) -> None:
    assert parse_reply(text) == reply


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "?",
        "5",
        "4 6",
        "47 48",
        "a r",
        "ack ack",
        "ack 47 now",
        "don't ack",
        "not ok",
        "who is this",
        "a problem",
        "123456789",
        "47x",
        "r47r",
        "acknowledge the incident and then some more words",
        "à",
        "ack 😀",
        "é 47",
    ],
)
def test_not_understood(text: str) -> None:
    assert parse_reply(text) is NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "word", sorted(CARRIER_WORDS | {"STOP", "Stop.", "CANCEL", "END", "QUIT", "YES", "UNSUBSCRIBE"})
)
def test_words_that_carriers_act_on_never_mean_anything(word: str) -> None:
    for text in (word, word.upper(), f"{word} 47", f"47 {word}", f"{word}."):
        assert parse_reply(text) is NOT_UNDERSTOOD


@given(st.text(max_size=100))
def test_any_text_is_answered_or_not_understood_but_never_fails(text: str) -> None:
    reply = parse_reply(text)
    assert reply.code == "" or (reply.code.isascii() and reply.code.isdigit() and 2 <= len(reply.code) <= 8)


@given(st.integers(10, 99), st.sampled_from(["", "r", "e", "a", " r", " e", " a"]))
def test_every_code_that_we_give_out_can_be_answered(code: int, suffix: str) -> None:
    expected = {"": ACK, "a": ACK, "r": RESOLVE, "e": ESCALATE}[suffix.strip()]
    assert parse_reply(f"{code}{suffix}") == Reply(expected, str(code))


@pytest.mark.parametrize(
    ("text", "theirs"),
    [("STOP", True), (" Stop. ", True), ("help!", True), ("stop it", False), ("47", False), ("", False)],
)
def test_we_stay_silent_where_the_carrier_answers(text: str, theirs: bool) -> None:
    assert is_for_carrier(text) is theirs
