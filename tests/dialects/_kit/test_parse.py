"""Strangers' JSON: what is mended, what is refused."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects._kit.hostile import BODIES, VALUES, json_values
from tocsin.dialects._kit.parse import NotJson, mended, read_json


@pytest.mark.parametrize(
    ("raw", "meant"),
    [
        (rb'"cut \ud83d"', "cut \ufffd"),
        (rb'"\ude00\ud83d"', "\ufffd\ufffd"),
        (rb'"\ud83d\u0041"', "\ufffdA"),
        (rb'"\ud83d\ude00"', "😀"),
        (rb'"a\u0000b"', "a\ufffdb"),
        (rb'"\\u0000"', "\\u0000"),
        (rb'"\\\u0000"', "\\\ufffd"),
        (rb'"\\\\ud800"', "\\\\ud800"),
        (b'\xef\xbb\xbf"x"', "x"),
    ],
)
def test_what_can_be_mended_is(raw: bytes, meant: str) -> None:
    body, value = read_json(raw)
    assert value == meant
    assert json.loads(body) == meant


@pytest.mark.parametrize("name", ["NaN", "Infinity", "invalid UTF-8", "nul raw", "huge exponent", "100000 levels"])
def test_what_is_not_json_is_refused(name: str) -> None:
    with pytest.raises(NotJson):
        read_json(VALUES[name])


@pytest.mark.parametrize("name", [name for name in BODIES if name not in {"null", "text", "number", "list", "object"}])
def test_odd_bodies_never_surprise(name: str) -> None:
    try:
        body, _ = read_json(BODIES[name])
    except NotJson:
        return
    assert body == BODIES[name]


@given(json_values)
def test_json_is_read_as_it_is(value: object) -> None:
    raw = json.dumps(value).encode()
    body, read = read_json(raw)
    assert json.loads(body) == read
    if b"u0000" not in raw:
        assert body == raw
        assert read == value


@given(st.binary(max_size=60))
def test_mending_twice_changes_nothing_more(raw: bytes) -> None:
    once = mended(raw)
    assert mended(once).removeprefix(b"\xef\xbb\xbf") == once.removeprefix(b"\xef\xbb\xbf")
