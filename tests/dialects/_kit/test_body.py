"""Admission: everything that a hostile or broken sender can put into a body, and that it costs us little."""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.dialects._kit.body import (
    BodyRefused,
    BodyTooDeep,
    BodyTooLarge,
    BodyUndecodable,
    EncodingUnknown,
    admit,
    check_nesting,
)
from tocsin.kernel import limits

LIMIT = limits.BODY_BYTES


def refused(call: Callable[[], bytes | None]) -> type[BodyRefused] | None:
    try:
        call()
    except BodyRefused as error:
        return type(error) if error.message else None
    return None


@pytest.mark.parametrize("encoding", [None, "", "identity", " Identity "])
def test_a_plain_body_passes_unchanged_up_to_the_limit(encoding: str | None) -> None:
    body = b'"' + b"x" * (LIMIT - 2) + b'"'
    assert admit(encoding, body) is body
    assert refused(lambda: admit(encoding, body + b" ")) is BodyTooLarge


def test_statuses_are_those_of_http() -> None:
    assert [kind.status for kind in (BodyTooLarge, BodyTooDeep, BodyUndecodable, EncodingUnknown)] == [
        413,
        400,
        400,
        415,
    ]


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [("gzip", gzip.compress), ("x-gzip", gzip.compress), ("GZIP", gzip.compress), ("deflate", zlib.compress)],
)
def test_compressed_bodies_are_unpacked(encoding: str, pack: Callable[[bytes], bytes]) -> None:
    body = json.dumps([{"labels": {"instance": f"host-{number}"}} for number in range(20)]).encode()
    assert admit(encoding, pack(body)) == body
    assert admit(encoding, pack(b"")) == b""


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "gzip;q=1", "chunked"])
def test_other_encodings_are_named_unknown(encoding: str) -> None:
    assert refused(lambda: admit(encoding, b"{}")) is EncodingUnknown


def test_concatenated_members_are_one_body() -> None:
    parts = [b'{"a":', b"", b"1", b"}"]
    assert admit("gzip", b"".join(map(gzip.compress, parts))) == b'{"a":1}'


def test_the_limit_holds_over_all_members_together() -> None:
    half = gzip.compress(json.dumps(list(range(45_000))).encode())
    assert refused(lambda: admit("gzip", half)) is None
    assert refused(lambda: admit("gzip", half + half)) is BodyTooLarge


def test_bombs_are_defused_cheaply() -> None:
    bombs = {
        "one member": gzip.compress(b" " * 100_000_000, 9, mtime=0),
        "many members": gzip.compress(b" " * 10_000_000, 9, mtime=0) * 20,
        "empty members": gzip.compress(b"", mtime=0) * 20_000,
        "steep": gzip.compress(b" " * (LIMIT - 1)),
    }
    for name, bomb in bombs.items():
        began = time.process_time()
        assert refused(partial(admit, "gzip", bomb)) in (BodyTooLarge, BodyUndecodable), name
        assert time.process_time() - began < 0.25, name


def test_a_batch_of_nearly_equal_alerts_is_no_bomb() -> None:
    alert = {"labels": {"alertname": "HighLatency", "service": "checkout"}, "annotations": {"summary": "x" * 200}}
    body = json.dumps([{**alert, "n": number} for number in range(256)]).encode()
    packed = gzip.compress(body, 9, mtime=0)
    assert len(body) / len(packed) > 60
    assert admit("gzip", packed, limits.BATCH_BYTES) == body


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(b"[1,2,3]", mtime=0)[:-1],
        gzip.compress(b"[1,2,3]", mtime=0)[:12],
        b"",
        gzip.compress(b"[1,2,3]", mtime=0) + b"x",
        gzip.compress(b"[1,2,3]", mtime=0) + gzip.compress(b"[]", mtime=0)[:5],
        b"\x1f\x8b" + b"\xff" * 50,
        b"plain text",
        bytes([*gzip.compress(b"[1,2,3]", mtime=0)[:-6], 0, 0, 0, 0, 7, 0]),
    ],
)
def test_damaged_or_cut_compression_is_refused(packed: bytes) -> None:
    assert refused(lambda: admit("gzip", packed)) is BodyUndecodable


def test_something_after_a_deflated_body_is_refused() -> None:
    assert refused(lambda: admit("deflate", zlib.compress(b"{}") + b"{}")) is BodyUndecodable


@pytest.mark.parametrize("text", [b"\x00", '{"a": 1}'.encode("utf-16"), b'{"a": "\x00"}'])
def test_a_nul_byte_is_not_json(text: bytes) -> None:
    assert refused(lambda: admit(None, text)) is BodyUndecodable


@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'[{"a":[', b'{"\\"[":[', b'{"\\\\":['])
def test_nesting_is_counted_in_brackets_outside_of_strings(opening: bytes) -> None:
    levels = opening.replace(b'"\\"["', b"").count(b"[") + opening.count(b"{")
    closing = {b"[": b"]", b"{": b"}"}
    times = limits.NESTING // levels

    def nested(extra: bytes = b"") -> bytes:
        ends = b"".join(closing[bytes([byte])] for byte in reversed(opening.replace(b'"\\"["', b"")) if byte in b"[{")
        return b"[" * len(extra) + opening * times + b"1" + ends * times + b"]" * len(extra)

    json.loads(nested())
    assert refused(lambda: admit(None, nested())) is None
    assert refused(lambda: admit(None, nested(b"x" * (limits.NESTING - levels * times + 1)))) is BodyTooDeep


def test_brackets_inside_strings_do_not_count() -> None:
    assert refused(lambda: admit(None, json.dumps({"summary": "[" * 5000, 'quote"': '\\"[{' * 500}).encode())) is None


def test_many_shallow_values_are_fine() -> None:
    assert refused(lambda: admit(None, json.dumps([{"a": [{}, []]}] * 5000).encode())) is None


@pytest.mark.parametrize(
    "hostile", [b"[" * LIMIT, b'{"a":' * (LIMIT // 5), b"[]" * (LIMIT // 2), b"[" * 60 + b"]" * 60, b"]["]
)
def test_checking_hostile_brackets_is_cheap(hostile: bytes) -> None:
    body = hostile * (LIMIT // len(hostile))
    began = time.process_time()
    refused(lambda: admit(None, body))
    assert time.process_time() - began < 0.3


def test_an_ordinary_event_is_admitted_in_microseconds() -> None:
    body = json.dumps(
        {"routing_key": "k" * 32, "payload": {"summary": "x" * 800, "custom_details": {"a": [1, 2]}}}
    ).encode()
    best = min(timed(body) for _ in range(20))
    assert best < 10e-6, "less than 10 microseconds for a kilobyte"


def timed(body: bytes) -> float:
    began = time.process_time()
    for _ in range(500):
        admit(None, body)
    return (time.process_time() - began) / 500


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    if isinstance(value, list):
        return 1 + max(map(depth, value), default=0)
    return 0


JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a', max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(alphabet='[]{}"\\a', max_size=4), inner, max_size=4)
    ),
    max_leaves=40,
)


@given(JSON, st.booleans(), st.integers(2, 8))
def test_the_quick_check_agrees_with_a_parser(value: object, indented: bool, most: int) -> None:
    body = json.dumps(value, indent=2 if indented else None).encode()
    assert refused(lambda: check_nesting(body, most)) is (BodyTooDeep if depth(value) > most else None)


@given(st.binary(max_size=200))
def test_any_bytes_are_admitted_or_refused(raw: bytes) -> None:
    for encoding in (None, "gzip", "deflate"):
        refused(partial(admit, encoding, raw, 100))
