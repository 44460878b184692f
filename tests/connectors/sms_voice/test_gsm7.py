"""Texts that fit a phone: plain characters, few segments, and an end that is never cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors.sms_voice.gsm7 import BASIC, EXTENDED, fit, is_gsm, plain, segments

TAIL = "\nReply 47 to acknowledge, 47r to resolve."


def test_the_alphabet_has_its_known_size() -> None:
    assert len(BASIC) == 127  # 128 places, one of which is the escape to the extension
    assert len(EXTENDED) == 10
    assert not BASIC & EXTENDED


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Disk full", "Disk full"),
        ("“Disk” – it’s full…", '"Disk" - it\'s full...'),
        ("CPU ≥ 95 % → page", "CPU >= 95 % -> page"),
        ("Žluťoučký kůň", "Zlutoucky kun"),
        ("Łódź Œuvre", "Lodz OEuvre"),
        ("Ä ö ü ß é ñ stay", "Ä ö ü ß é ñ stay"),
        ("cafe\u0301", "café"),
        ("fire 🔥🔥 now", "fire  now"),
        ("family 👨\u200d👩\u200d👧 ok", "family  ok"),
        ("keycap 1\ufe0f\u20e3", "keycap 1"),
        ("ﬁle № ①", "file No 1"),
        ("a\u00a0b\u2009c\td", "a b c d"),
        ("bell\x07 null\x00", "bell null"),
        ("rtl \u202eevil", "rtl evil"),
        ("Диск полон", "Диск полон"),
        ("磁盘已满", "磁盘已满"),
        ("हिन्दी", "हिन्दी"),
    ],
)
def test_characters_that_cost_are_replaced_and_letters_are_kept(text: str, expected: str) -> None:
    assert plain(text) == expected


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ж" * 70, 1),
        ("ж" * 71, 2),
        ("ж" * 134, 2),
        ("ж" * 135, 3),
        ("𝄞" * 35, 1),
        ("𝄞" * 36, 2),
    ],
)
def test_segments_are_counted_as_the_provider_charges(text: str, count: int) -> None:
    assert segments(text) == count


def test_what_fits_is_not_cut() -> None:
    assert fit("Disk full", TAIL) == "Disk full" + TAIL


def test_the_summary_is_cut_and_the_end_is_not() -> None:
    text = fit("Disk full " * 100, TAIL)
    assert segments(text) == 2
    assert text.endswith("..." + TAIL)
    assert len(text) > 300  # and no more is cut than must be


@given(st.text(max_size=1200))
def test_any_text_fits_with_its_end_whole(text: str) -> None:
    body = fit(text, TAIL)
    assert segments(body) <= 2
    assert body.endswith(TAIL)


@given(st.text(max_size=300))
def test_plain_is_settled_after_one_pass(text: str) -> None:
    assert plain(plain(text)) == plain(text)


def test_every_latin_letter_stays_cheap() -> None:
    assert all(is_gsm(plain(chr(number))) for number in range(0x180))
