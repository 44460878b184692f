"""Signed tokens: good for one purpose, one message, one day, and for nothing once a character is changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.app.tokens import LIFE, Tokens
from tocsin.kernel.errors import NotAllowed
from tocsin.kernel.time import SECOND, parse_iso

NOW = parse_iso("2026-01-06T09:00:00+00:00")
TOKENS = Tokens("a secret of this installation")


def test_a_token_names_its_subject() -> None:
    assert TOKENS.read("answer", TOKENS.make("answer", "QABC", NOW), NOW) == "QABC"


def test_a_token_is_good_for_one_purpose_only() -> None:
    with pytest.raises(NotAllowed):
        TOKENS.read("sign-in", TOKENS.make("answer", "QABC", NOW), NOW)


def test_a_token_ends() -> None:
    token = TOKENS.make("answer", "QABC", NOW)
    assert TOKENS.read("answer", token, NOW + LIFE) == "QABC"
    with pytest.raises(NotAllowed, match="expired"):
        TOKENS.read("answer", token, NOW + LIFE + SECOND)


def test_another_installation_does_not_know_it() -> None:
    with pytest.raises(NotAllowed):
        Tokens("another secret").read("answer", TOKENS.make("answer", "QABC", NOW), NOW)


@given(st.integers(0, 60), st.characters(codec="utf-8"))
def test_one_changed_character_spoils_it(position: int, character: str) -> None:
    token = TOKENS.make("answer", "QABC", NOW)
    place = position % len(token)
    changed = token[:place] + character + token[place + 1 :]
    if changed != token:
        with pytest.raises(NotAllowed):
            TOKENS.read("answer", changed, NOW)


@given(st.text(max_size=80))
def test_any_text_is_refused_and_never_raises_anything_else(text: str) -> None:
    with pytest.raises(NotAllowed):
        TOKENS.read("answer", text, NOW)
