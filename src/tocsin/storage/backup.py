"""The form of a backup: one compressed tar file that restores on either database.

    tocsin-backup.json            what it is; the first thing in the file
    main/<table>/000001.jsonl     rows of a table, JSON arrays in the order of the table's columns
    log/000001.jsonl              entries of the ingest log: number, time, source, integration, key, body (base64)
    manifest.json                 the last thing: columns, counts, and the checksum of everything before it

A file without its manifest is not a backup: it was cut off. Decides the form and checks it; never reads a database.
"""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.storage.codec import dump, load, prepare

FORMAT: Final = 1
HEADER: Final = "tocsin-backup.json"
MANIFEST: Final = "manifest.json"

LARGEST_MEMBER: Final = 64 * 1024 * 1024
"""Bytes; writers stay far below, readers refuse more."""


class BackupDamaged(Invalid):
    """The file is no backup, was cut off, or was changed."""


@dataclass(frozen=True, slots=True)
class Header:
    """What the file is. `schema`: the revision of the tables; `tocsin`: the version that wrote it."""

    format: int
    tocsin: str
    schema: str
    created_at: Moment


@dataclass(frozen=True, slots=True)
class Member:
    """One file in it, its size in bytes and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Rows:
    """A table: its columns in the order of the values, and how many rows."""

    columns: tuple[str, ...]
    rows: int


@dataclass(frozen=True, slots=True)
class Log:
    """The ingest log: the first number kept and the last one given (`first` = `head` + 1: no entries)."""

    first: int
    head: int


@prepare
@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in the file."""

    header: Header
    tables: dict[str, Rows]
    log: Log
    members: tuple[Member, ...]


class BackupWriter:
    """Writes members into an open file. `finish` makes it a backup."""

    def __init__(self, file: io.BufferedWriter, header: Header) -> None:
        self._tar = tarfile.open(fileobj=file, mode="w:gz", compresslevel=1)  # noqa: SIM115 - `finish` closes it
        self._header = header
        self._members: list[Member] = []
        self.add(HEADER, dump(header).encode())

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mtime = self._header.created_at // 1_000_000
        info.mode = 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self._members.append(Member(name, len(content), hashlib.sha256(content).hexdigest()))

    def finish(self, tables: dict[str, Rows], log: Log) -> Manifest:
        """Add the manifest and close."""
        manifest = Manifest(self._header, tables, log, tuple(self._members))
        self.add(MANIFEST, dump(manifest).encode())
        self._tar.close()
        return manifest


def members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Everything in the file, in its order. Raises BackupDamaged."""
    with _damage_named(path), tarfile.open(path, mode="r:gz") as tar:
        for info in tar:
            if not info.isreg() or info.size > LARGEST_MEMBER:
                raise BackupDamaged(f"{path} is not a backup of Tocsin: {info.name}")
            file = tar.extractfile(info)
            assert file is not None
            yield info.name, file.read()


def verify(path: Path) -> Manifest:
    """Read the whole file and compare every checksum. Raises BackupDamaged."""
    seen: list[Member] = []
    last = b""
    for name, content in members(path):
        if not seen and name != HEADER:
            raise BackupDamaged(f"{path} is not a backup of Tocsin: it begins with {name}")
        seen.append(Member(name, len(content), hashlib.sha256(content).hexdigest()))
        last = content if name == MANIFEST else b""
    if not last:
        raise BackupDamaged(f"{path} was cut off: its end is missing")
    manifest = _read(Manifest, last, path)
    if manifest.header.format != FORMAT:
        raise BackupDamaged(f"{path} has format {manifest.header.format}; this version reads {FORMAT}")
    wrong = sorted({one.name for one in set(manifest.members) ^ set(seen[:-1])})
    if wrong or [one.name for one in manifest.members] != [one.name for one in seen[:-1]]:
        raise BackupDamaged(f"{path} was changed: {', '.join(wrong[:3])}", details=tuple(wrong))
    return manifest


def read_rows(content: bytes) -> list[list[Any]]:
    """The rows of one member."""
    return [msgspec.json.decode(line) for line in content.split(b"\n") if line]


def _read(kind: type[Manifest], content: bytes, path: Path) -> Manifest:
    try:
        return load(kind, content)
    except (msgspec.ValidationError, msgspec.DecodeError) as error:
        raise BackupDamaged(f"{path}: its manifest can't be read: {error}") from error


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise BackupDamaged(f"{path} is not there") from error
        raise BackupDamaged(f"{path} is damaged or no backup of Tocsin: {error}") from error
