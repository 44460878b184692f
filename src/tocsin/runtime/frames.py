"""Frames on a local socket: a length of four bytes (big endian), then that many bytes of JSON. Decides no content."""

from __future__ import annotations

import socket
import struct
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


def read_frame(connection: socket.socket) -> Any | None:
    """The next frame's content, None at the end of the stream. Raises OSError, ValueError for what is no frame."""
    head = _exactly(connection, _LENGTH.size)
    if head is None:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        raise ValueError(f"a frame of {length} bytes")
    body = _exactly(connection, length)
    return None if body is None else msgspec.json.decode(body)


def _exactly(connection: socket.socket, count: int) -> bytes | None:
    parts = []
    while count:
        part = connection.recv(min(count, 1 << 16))
        if not part:
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
