"""What the figures were measured on: processor, disk, versions, and whether others were busy here."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import time
from pathlib import Path
from typing import Any


def facts(folder: Path) -> dict[str, Any]:
    """The machine; `folder` lies on the disk that the servers will write to."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "fsync_ms": fsync_ms(folder),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "kernel": platform.release(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def fsync_ms(folder: Path, times: int = 100) -> float:
    """The median time to append 4 KiB to a file and have them on the disk, in milliseconds."""
    path = folder / "fsync"
    taken = []
    with path.open("wb", buffering=0) as file:
        for _ in range(times):
            file.write(b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - began)
    path.unlink()
    return round(1000 * statistics.median(taken), 2)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()
