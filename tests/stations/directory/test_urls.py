"""A URL that nothing can ever be sent to is known by how it is written; where a name leads is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.directory.urls import URL_CHARS, url_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example",
        "HTTPS://Hooks.Example./a?b=c",
        "http://hooks.example:8080/x",
        "https://münchen.example/",
        "https://[2001:db8::1]:8443/",
        "https://hooks.example/" + "a" * (URL_CHARS - 22),
        # Inside: what may be reached there is a setting of the process that sends.
        "http://10.1.2.3/hook",
        "http://127.0.0.1:9000/",
        "http://[::1]/",
        "http://localhost/",
    ],
)
def test_what_may_be_reached_passes(url: str) -> None:
    assert url_problem(url) == ""


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("", "empty"),
        ("https://hooks.example/" + "a" * URL_CHARS, "too long"),
        ("https://hooks.example/a b", "blanks"),
        ("https://hooks.example\\@evil.example/", "control characters"),
        ("hooks.example", "begin with https://"),
        ("ftp://hooks.example/", "begin with https://"),
        ("javascript:alert(1)", "begin with https://"),
        ("https://", "not a valid name"),
        ("https:///path", "not a valid name"),
        ("https://?x", "not a valid name"),
        ("https://hooks..example/", "not a valid name"),
        ("https://" + "a." * 127 + "example/", "not a valid name"),
        ("https://user:secret@hooks.example/", "user name or password"),
        ("https://@hooks.example/", "user name or password"),
        ("https://hooks.example/#part", "fragment"),
        ("https://hooks.example:0/", "port 0"),
        ("https://hooks.example:65536/", "port can't be read"),
        ("https://[::1/", "port can't be read"),
        ("https://[fe80::1%25eth0]/", "zone"),
        ("https://[v1.x]/", "brackets"),
        ("http://2130706433/", "four decimal numbers"),
        ("http://127.1/", "four decimal numbers"),
        ("http://0x7f.1/", "four decimal numbers"),
        ("http://256.1.1.1/", "four decimal numbers"),
    ],
)
def test_what_can_never_be_reached_is_refused_with_the_reason(url: str, problem: str) -> None:
    assert problem in url_problem(url)


@given(st.text(max_size=80), st.sampled_from(["", "http://", "https://", "https://["]))
def test_any_text_gets_an_answer(text: str, before: str) -> None:
    assert isinstance(url_problem(before + text), str)
