"""Frames on a local socket: a length of four bytes (big endian), then that many bytes of JSON. Decides no content."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import Any

import msgspec

SOCKET_NAME = "control.sock"
"""The engine's door in the data folder."""

LARGEST = 8 * 1024 * 1024
"""Bytes in one frame; a longer one closes the connection."""

_LENGTH = struct.Struct(">I")


def send_frame(connection: socket.socket, content: object) -> None:
    """Write one frame. The caller holds whatever lock keeps frames apart. Raises OSError."""
    body = msgspec.json.encode(content)
    connection.sendall(_LENGTH.pack(len(body)) + body)


def read_frames(connection: socket.socket) -> Iterator[Any]:
    """The content of each frame until the end of the stream. Raises OSError, ValueError for what is no frame.

    Takes what has arrived at once, often several frames: each call of the kernel gives the interpreter away to whoever
    is busy, and to get it back takes time.
    """
    arrived = bytearray()
    while True:
        while (end := _end_of_first(arrived)) and len(arrived) >= end:
            yield msgspec.json.decode(bytes(arrived[_LENGTH.size : end]))
            del arrived[:end]
        part = connection.recv(1 << 16)
        if not part:
            return
        arrived += part


def _end_of_first(arrived: bytearray) -> int:
    """Where the first frame ends, 0 while that is not known."""
    if len(arrived) < _LENGTH.size:
        return 0
    (length,) = _LENGTH.unpack_from(arrived)
    if length > LARGEST:
        raise ValueError(f"a frame of {length} bytes")
    return _LENGTH.size + int(length)
