"""What the kernel says about a server's processes: who they are, what they use. Linux only; changes nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in bytes; `proportional` counts what several processes share by each one's share (PSS)."""

    resident: int
    proportional: int

    def __add__(self, other: Memory) -> Memory:
        """Both together."""
        return Memory(self.resident + other.resident, self.proportional + other.proportional)


def serving(folder: Path) -> dict[int, str]:
    """The processes that serve this data folder, whoever started them: number and role."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue  # it ended while we looked
        if "serve" in words and str(folder) in words:
            found[int(place.name)] = words[words.index("--role") + 1] if "--role" in words else SUPERVISOR
    return found


def memory(pids: Iterable[int]) -> Memory:
    """The resident memory of these processes together."""
    total = Memory(0, 0)
    for pid in pids:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
        sizes = {line.split()[0]: int(line.split()[1]) * 1024 for line in lines[1:]}
        total += Memory(sizes["Rss:"], sizes["Pss:"])
    return total


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used, with its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
