"""The parent of both roles: starts them, starts again what dies, passes on the signal to stop. Kept small on purpose.

Children die with it (the kernel sees to that). A child that keeps dying is started again after growing pauses, never
given up: a pager that stopped trying would be silent. The exceptions are starts that never worked: a wrong setting, and
a port or folder that another program holds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from tocsin.runtime.clock import SystemClock

PAUSES = (0.0, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds before the first, second ... start in a row; the last one stays."""

STEADY_SECONDS = 30.0
"""A child that ran for so long counts as healthy again."""

STOP_SECONDS = 15.0

CONFIGURATION = 78
"""What a role exits with when a setting is wrong (EX_CONFIG of sysexits.h): starting it again can't help."""

TAKEN = 69
"""What a role exits with when another program holds its port or folder (EX_UNAVAILABLE)."""

TAKEN_SECONDS = 5.0
"""How long a start waits for port and folder: who held them may be on its way out."""


class Child:
    """One role, kept alive by a thread."""

    def __init__(
        self, role: str, command: Sequence[str], environment: Mapping[str, str], stopping: threading.Event
    ) -> None:
        self.role = role
        self.refused = 0
        """The exit code with which the role refused to start for good, 0 if it did not."""
        self._command = list(command)
        self._environment = dict(environment)
        self._stopping = stopping
        self._process: subprocess.Popen[bytes] | None = None
        self._ticks: Callable[[], float] = SystemClock().ticks
        self._thread = threading.Thread(target=self._keep_alive, name=f"keep-{role}", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, seconds: float) -> None:
        """Ask the process to stop, and kill it after `seconds`."""
        process = self._process
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(seconds)
            except subprocess.TimeoutExpired:
                process.kill()
        self._thread.join(seconds)

    def _keep_alive(self) -> None:
        deaths, has_worked, since = 0, False, self._ticks()
        while not self._stopping.is_set():
            if self._stopping.wait(PAUSES[min(deaths, len(PAUSES) - 1)]):
                return
            started = self._ticks()
            try:
                self._process = subprocess.Popen(self._command, env=self._environment)
            except OSError as error:  # no memory, no process to spare: that passes
                _note(event="role_not_started", failed=self.role, error=str(error))
                deaths += 1
                continue
            code = self._process.wait()
            if self._stopping.is_set():
                return
            taken_for_long = code == TAKEN and not has_worked and self._ticks() - since > TAKEN_SECONDS
            if code == CONFIGURATION or taken_for_long:
                self.refused = code
                self._stopping.set()
                return
            steady = self._ticks() - started > STEADY_SECONDS
            has_worked = has_worked or steady
            deaths = 1 if steady else deaths + 1
            _note(event="role_died", died=self.role, code=code)


def _note(**said: str | int) -> None:
    """A line of the log. Dropped when it can't be written: what keeps the roles alive must outlive a full disk."""
    with suppress(OSError, ValueError, AttributeError):  # AttributeError: standard error is closed, so None
        sys.stderr.write(json.dumps({"role": "supervisor", **said}) + "\n")
        sys.stderr.flush()


def supervise(roles: Sequence[str], arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run these roles until SIGTERM or SIGINT; then stop them, the edge first so that nothing more is accepted.

    Returns the exit code: 0, or `CONFIGURATION` or `TAKEN` when a role could not start (it has said why).
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    base = [sys.executable, "-m", "tocsin.cli.main", "serve", *arguments, "--parent", str(os.getpid())]
    children = [Child(role, [*base, "--role", role], environment, stopping) for role in roles]
    for child in children:
        child.start()
    while not stopping.wait(1.0):
        pass
    for child in children:
        child.stop(STOP_SECONDS)
    return max(child.refused for child in children)
