"""Body admission: what a body must pass before anybody parses it. The one place for size, compression, nesting.

Decides whether bytes are fit to be parsed; never parses them and never knows a vendor. Work is bounded by the limits,
not by what the sender claims.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable
from typing import ClassVar, Final

from tocsin.kernel import limits
from tocsin.kernel.errors import Invalid

MEMBERS: Final = 128
"""Gzip members in one body; they may be concatenated, but a thousand empty ones are an attack on our time."""

RATIO: Final = 256
"""Growth by decompression that is still believed (a batch of nearly equal alerts reaches about 60)."""

RATIO_FROM: Final = 64 * 1024
"""Bytes of output below which the ratio does not matter."""

_GZIP: Final = 31
_ZLIB: Final = 15
_WINDOWS: Final = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _ZLIB}
_OTHERS: Final = bytes(set(range(256)) - set(b'[]{}"'))
_SQUARE: Final = bytes.maketrans(b"{}", b"[]")
_INNER: Final = 4
"""Levels that are taken off from within, one after the other: they are nearly all of an ordinary body."""


class BodyRefused(Invalid):
    """The body is not worth parsing. `status` is the HTTP status that says so."""

    status: ClassVar[int] = 400


class BodyTooLarge(BodyRefused):
    """More bytes than the route takes, as sent or after decompression."""

    code = "too_large"
    status = 413


class BodyTooSlow(BodyRefused):
    """The body did not arrive within its deadline."""

    code = "too_slow"
    status = 408


class EncodingUnknown(BodyRefused):
    """A Content-Encoding other than identity, gzip or deflate."""

    code = "encoding_unknown"
    status = 415


class BodyUndecodable(BodyRefused):
    """Compressed data that is damaged, cut short, or followed by something else; or text that is not UTF-8."""

    code = "undecodable"


class BodyTooDeep(BodyRefused):
    """Arrays and objects nested deeper than kernel.limits.NESTING."""

    code = "too_deep"


async def collected(parts: AsyncIterable[bytes], limit: int) -> bytes:
    """The body, read no further than it may be long, in bytes. Raises BodyTooLarge."""
    found: list[bytes] = []
    size = 0
    async for part in parts:
        size += len(part)
        if size > limit:
            raise BodyTooLarge(f"The body is larger than {limit} bytes.", reason="too_large")
        found.append(part)
    return b"".join(found)


def admit(encoding: str | None, raw: bytes, limit: int = limits.BODY_BYTES) -> bytes:
    """The body, decompressed, fit to be parsed as JSON. `encoding` is the Content-Encoding header; `limit` in bytes.

    Raises a BodyRefused. Takes about a microsecond for a plain body of a kilobyte.
    """
    body = raw
    if encoding is not None:
        body = decompress(encoding, raw, limit)
    elif len(raw) > limit:
        raise too_large(limit)
    if 0 in body:
        raise BodyUndecodable("The body contains a NUL byte; JSON is sent as UTF-8.")
    if body.count(b"[") + body.count(b"{") > limits.NESTING:
        check_nesting(body)
    return body


def decompress(encoding: str, raw: bytes, limit: int) -> bytes:
    """`raw` without its Content-Encoding, at most `limit` bytes. Raises a BodyRefused."""
    if len(raw) > limit:
        raise too_large(limit)
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return raw
    window = _WINDOWS.get(name)
    if window is None:
        raise EncodingUnknown("The Content-Encoding is not one of gzip, deflate, identity.")
    most = min(limit, max(RATIO_FROM, RATIO * len(raw)))
    parts: list[bytes] = []
    size = 0
    rest = raw
    for _ in range(MEMBERS):
        part, rest = _member(window, rest, most - size)
        parts.append(part)
        size += len(part)
        if size > most:
            raise too_large(most)
        if not rest:
            return b"".join(parts)
        if window != _GZIP:
            break
    raise BodyUndecodable("Something follows the compressed body.")


def check_nesting(body: bytes, depth: int = limits.NESTING) -> None:
    """Raises BodyTooDeep if brackets outside strings nest deeper than `depth`. Malformed JSON may pass: it fails later.

    A few microseconds per kilobyte of ordinary JSON, about 25 of nothing but brackets.
    """
    # Without the escapes, every quotation mark begins or ends a string, so each second piece is outside of one. Two in
    # a row change nothing about that; most strings hold no brackets and go that way.
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    quoted = plain.translate(_SQUARE, _OTHERS).replace(b'""', b"")
    brackets = b"".join(quoted.split(b'"')[::2])
    inner = min(_INNER, depth)
    for _ in range(inner):
        brackets = brackets.replace(b"[]", b"")
    level = 0
    for run in brackets.split(b"]["):  # what is left goes up and down in long runs: up is all of "[", down all of "]"
        up = run.count(b"[")
        if level + up > depth - inner:
            raise BodyTooDeep(f"The body is nested deeper than {depth} levels.")
        level += 2 * up - len(run)


def too_large(limit: int) -> BodyTooLarge:
    """The refusal of a body of more than `limit` bytes."""
    return BodyTooLarge(f"The body is larger than {limit} bytes.")


def _member(window: int, data: bytes, room: int) -> tuple[bytes, bytes]:
    """One compressed member (at most `room` + 1 bytes of it) and what follows it."""
    reader = zlib.decompressobj(window)
    try:
        part = reader.decompress(data, room + 1)
        if not reader.eof and len(part) <= room:
            part += reader.flush(1)
    except zlib.error as error:
        raise BodyUndecodable(f"The compressed body is damaged: {error}") from None
    if not reader.eof and len(part) <= room:
        raise BodyUndecodable("The compressed body is cut short.")
    return part, reader.unused_data
