"""Where a running process spends its time, seen by py-spy from outside (pip install py-spy); without it, nothing."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from pathlib import Path


def available() -> str:
    """The sampler's path, empty if it is not installed."""
    beside = Path(sys.executable).parent / "py-spy"
    return str(beside) if beside.exists() else shutil.which("py-spy") or ""


class Profile(threading.Thread):
    """Samples a process for some seconds; `lines` says what was found."""

    def __init__(self, pid: int, seconds: int, rate: int = 200) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self._seconds = seconds
        self._rate = rate
        self.stacks: Counter[str] = Counter()

    def run(self) -> None:
        """Sample."""
        with tempfile.NamedTemporaryFile(suffix=".raw") as file:
            command = [available(), "record", "--pid", str(self._pid), "--duration", str(self._seconds)]
            command += ["--rate", str(self._rate), "--format", "raw", "--output", file.name, "--nonblocking"]
            subprocess.run(command, capture_output=True, check=False, timeout=self._seconds + 60)
            for line in Path(file.name).read_text(encoding="utf-8", errors="replace").splitlines():
                stack, _, count = line.rpartition(" ")
                if count.isdigit():  # sampled without stopping the process: some stacks are torn
                    self.stacks[stack] += int(count)

    def lines(self, within: str = "", most: int = 25) -> list[str]:
        """Shares of the time by function, its own and with all it calls, of the stacks that pass through `within`."""
        own: Counter[str] = Counter()
        whole: Counter[str] = Counter()
        total = 0
        for stack, count in self.stacks.items():
            frames = [frame.rsplit(":", 1)[0] for frame in stack.split(";")]
            if within and not any(within in frame for frame in frames):
                continue
            total += count
            own[frames[-1]] += count
            whole.update(dict.fromkeys(frames, count))
        if not total:
            return ["nothing was sampled"]
        found = [
            f"{100 * own[name] / total:5.1f} % own  {100 * count / total:5.1f} % in all  {name}"
            for name, count in whole.most_common(most)
        ]
        top = [f"{100 * count / total:5.1f} % own  {name}" for name, count in own.most_common(most)]
        return ["by all that they call:", *found, "by their own:", *top]
