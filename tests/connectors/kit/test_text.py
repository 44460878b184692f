"""What strangers say is cleaned, cut, and loses every secret before it is shown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors._kit.text import DETAIL_CHARS, QUOTE_CHARS, detail, quote, retry_after
from tocsin.kernel.time import parse_iso

NOW = parse_iso("2026-01-06T12:00:00Z")


@given(st.one_of(st.binary(max_size=2000), st.text(max_size=2000)))
def test_a_quotation_is_one_short_printable_line(raw: bytes | str) -> None:
    said = quote(raw)
    assert said.isprintable()
    assert len(said) <= QUOTE_CHARS


@given(st.text(min_size=4, max_size=40), st.text(max_size=400), st.text(max_size=400))
def test_a_secret_is_hidden_wherever_it_stands(secret: str, before: str, after: str) -> None:
    said = detail(before + secret + after, [secret, "", "abc"])
    assert len(said) <= DETAIL_CHARS
    assert secret not in said or set(secret) <= {"*"}


def test_a_secret_inside_another_does_not_show_the_rest() -> None:
    assert detail("token is supersecret!", ["secret", "supersecret"]) == "token is ***!"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("0", 0),
        (" 7 ", 7),
        ("99999999999999999999", 3600),
        ("Tue, 06 Jan 2026 12:00:30 GMT", 30),
        ("Tue, 06 Jan 2026 12:00:30 -0000", 30),
        ("Tue, 06 Jan 2026 11:00:00 GMT", 0),
        ("Wed, 07 Jan 2026 12:00:00 GMT", 3600),
        ("Tue, 99 Jan 2026 12:00:30 GMT", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(value: str | None, seconds: int | None) -> None:
    assert retry_after(value, NOW) == seconds
