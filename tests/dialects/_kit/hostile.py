"""Bodies that have broken other receivers, and the check that nothing unsafe comes of them: for every dialect."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hypothesis import strategies as st

from tocsin.dialects._kit.decode import Decoder
from tocsin.events.model import Event
from tocsin.runtime.ingest import Entry, Reading

VALUES: dict[str, bytes] = {
    "nul escaped": rb'"a\u0000b"',
    "nul escaped, upper part": rb'"\u00001"',
    "nul raw": b'"a\x00b"',
    "not a nul: escaped backslash": rb'"\\u0000"',
    "lone high surrogate": rb'"cut \ud83d"',
    "lone low surrogate": rb'"\ude00 cut"',
    "surrogates in the wrong order": rb'"\ude00\ud83d"',
    "surrogate then letter": rb'"\ud83d\u0041"',
    "surrogate then broken escape": rb'"\ud83d\u00',
    "surrogate pair": rb'"\ud83d\ude00"',
    "surrogate in raw UTF-8": b'"\xed\xa0\x80"',
    "invalid UTF-8": b'"\xff\xfe"',
    "overlong UTF-8": b'"\xc0\xaf"',
    "Latin-1": b'"Temp\xe9rature"',
    "bidirectional and invisible": '"\u202etxt.exe\u200b\ufeff"'.encode(),
    "emoji": '"🔥👩‍💻"'.encode(),
    "NaN": b"NaN",
    "Infinity": b"Infinity",
    "minus Infinity": b"-Infinity",
    "2^63": b"9223372036854775808",
    "2^64": b"18446744073709551616",
    "below -2^63": b"-9223372036854775809",
    "400 digits": b"9" * 400,
    "5000 digits": b"9" * 5000,
    "huge exponent": b"1e999",
    "absurd exponent": b"1e99999999999999999999",
    "tiny exponent": b"1e-99999999999",
    "leading zero": b"01",
    "minus zero": b"-0",
    "hexadecimal": b"0x10",
    "duplicate keys": b'{"a":1,"a":2}',
    "prototype names": b'{"__proto__":{"x":1},"constructor":{"prototype":1},"__class__":2}',
    "empty key": b'{"":{"":""}}',
    "nul in a key": rb'{"a\u0000b":1}',
    "lone surrogate in a key": rb'{"\ud800":1}',
    "60 levels": b"[" * 60 + b"]" * 60,
    "100000 levels": b"[" * 100_000 + b"]" * 100_000,
    "100000 levels, unclosed": b'{"a":' * 100_000,
    "long list": b"[" + b"0," * 50_000 + b"0]",
    "long text": b'"' + b"x" * 200_000 + b'"',
    "control characters": rb'"\u0001\u001b[31m\u007f\u0085"',
    "newlines": rb'"a\r\nb\u2028c"',
    "markup": b'"<img src=x onerror=alert(1)>"',
    "formula": b'"=cmd|calc!A1"',
    "single quotes": b"'a'",
    "comment": b"1 /* x */",
    "null": b"null",
    "true": b"true",
    "list": b"[]",
    "object": b"{}",
    "number": b"12.5",
    "empty text": b'""',
    "blank text": rb'" \t\n"',
}
"""Raw JSON values, or what pretends to be; to be put wherever a value stands."""

BODIES: dict[str, bytes] = {
    "empty": b"",
    "blank": b"  \n",
    "null": b"null",
    "text": b'"x"',
    "number": b"1",
    "list": b"[]",
    "nested lists": b"[[[]]]",
    "list of null": b"[null]",
    "object": b"{}",
    "form": b"payload=%7B%7D",
    "XML": b"<?xml version='1.0'?><x/>",
    "UTF-16": '{"a":"b"}'.encode("utf-16"),
    "byte order mark only": b"\xef\xbb\xbf",
    "nul bytes": b"\x00" * 64,
    "random bytes": bytes(range(256)),
    "unfinished": b'{"routing_key":"',
    "trailing comma": b'{"a":1,}',
    "two objects": b"{}{}",
    "trailing garbage": b"{} x",
    "gzip": b"\x1f\x8b\x08\x00\x00\x00\x00\x00",
    "brackets": b"[" * 200_000,
    "braces": b'{"a":' * 50_000,
}
"""Whole bodies that are no event of anybody."""

texts = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


def places(document: Any) -> Iterator[tuple[str | int, ...]]:
    """The path of every value in a document, its own (the empty path) included."""
    yield ()
    if isinstance(document, dict):
        items: Iterator[tuple[str | int, Any]] = iter(document.items())
    elif isinstance(document, list):
        items = iter(enumerate(document))
    else:
        return
    for name, value in items:
        for rest in places(value):
            yield (name, *rest)


def planted(document: Any, path: Sequence[str | int], raw: bytes) -> bytes:
    """The document as JSON, with `raw` in place of the value at `path`."""
    mark = "@@hostile@@"
    if not path:
        return raw
    copy = json.loads(json.dumps(document))
    inner = copy
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = mark
    return json.dumps(copy).encode().replace(json.dumps(mark).encode(), raw)


def assert_harmless(reading: Reading, decoders: Mapping[str, Decoder]) -> list[Event]:
    """The answer is valid JSON or empty and no 5xx; what is kept can be stored, decoded, and stored again."""
    assert 200 <= reading.status < 500
    if reading.body:
        json.loads(reading.body.decode())
    events = []
    for seq, new in enumerate(reading.entries, 1):
        new.body.decode()
        assert len(new.dedup_key) <= 255
        event = decoders[new.source](Entry(seq, *new))
        assert event.log_seq == seq
        assert event.dedup_key == new.dedup_key
        assert event.integration_id == new.integration_id
        assert event.received_at == new.received_at
        for text in strings(event):
            assert "\x00" not in text
            text.encode()
        json.loads(json.dumps(event.details, allow_nan=False))
        assert len(event.summary) <= 1024
        events.append(event)
    return events


def strings(event: Event) -> Iterator[str]:
    """Every text in an event, keys included."""
    for name in Event.__slots__:
        yield from _strings(getattr(event, name))


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield key
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
