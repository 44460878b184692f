"""Logging: a line that can't be written is dropped and raises nowhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import logging, structlog
from tocsin.app.logs import configure
configure("engine")
structlog.get_logger("engine").error("command_failed", text="x" * 20_000)
logging.getLogger("tocsin").error("a plain line")
open("/dev/stdout", "w").write("went on")
"""


@pytest.mark.parametrize("target", ["2>/dev/full", "2>&-"])
def test_a_line_that_can_not_be_written_is_dropped(target: str) -> None:
    ran = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {target}', sys.executable, SCRIPT],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.stdout == "went on"
