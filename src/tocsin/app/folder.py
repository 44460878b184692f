"""The data folder: made private, and held by one process per role. Decides who may run, never what is in it."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from tocsin.kernel.errors import Conflict

ROLE_TAKEN = "role_taken"
"""The reason of the Conflict that `held` raises."""

_PR_SET_PDEATHSIG = 1

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Linux: another text after every start of the machine."""


def prepare(folder: Path) -> None:
    """Make the folder, and all that this process will make, readable by this user only; also one that was there."""
    os.umask(0o077)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    if folder.stat().st_mode & 0o077 and folder.stat().st_uid == os.geteuid():
        folder.chmod(0o700)


def refused_by_system(error: OSError, doing: str) -> str:
    """What the system did not allow, as a sentence. `doing`: what we were at; our own words need none."""
    if error.errno is None or error.filename is None:
        return error.strerror or str(error)
    return f"{doing} {error.filename}: {error.strerror}."


@contextlib.contextmanager
def held(folder: Path, role: str, address: str = "") -> Iterator[None]:
    """Hold the role's lock on the folder. Raises Conflict when another process runs this role here.

    The file says who holds it, and `address`: where people reach it.
    """
    descriptor = os.open(folder / f"{role}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"another process already runs the {role} of {folder}", reason=ROLE_TAKEN) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n{address}\n".encode())
        yield
    finally:
        os.close(descriptor)


def address_of_running(folder: Path) -> str:
    """Where people reach the edge that runs in this folder, "" if none does."""
    try:
        holder, address = (folder / "edge.lock").read_text().splitlines()[:2]
        os.kill(int(holder), 0)
    except (OSError, ValueError):
        return ""
    return address


def only_place(folder: Path, role: str) -> str:
    """A name for this folder on this machine since it started, "" if there is none.

    Who holds the role's lock knows by it that an earlier holder of the same name has ended: two never live at once.
    """
    try:
        boot = _BOOT_ID.read_text().strip()
    except OSError:
        return ""
    lock = (folder / f"{role}.lock").stat()
    return f"{boot}:{lock.st_dev}:{lock.st_ino}"


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent dies, however it dies. `parent`: who started us (0 = none)."""
    if not parent or sys.platform != "linux":
        return
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the request reached the kernel
        sys.exit(1)
