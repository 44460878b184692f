"""Sets the checkout up: virtual environment, locked dependencies, Tocsin itself.

Does only what is not done yet: what was done is written to .venv/set-up.json, keyed by the content of what it was
done from. Never touches anything outside the checkout. Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
DONE = VENV / "set-up.json"
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "-qq"]
PIP += ["--root-user-action", "ignore"]


@dataclass(frozen=True)
class Step:
    """One thing to do. `key` is the content it is done from: the step is due when the key changed."""

    name: str
    title: str
    key: str
    run: Callable[[], None]


class StepFailedError(Exception):
    """A step did not work; the text says what the program said."""


def content(*paths: str) -> str:
    """A digest of the named files."""
    digest = hashlib.sha256()
    for path in paths:
        digest.update((ROOT / path).read_bytes())
    return digest.hexdigest()[:16]


def package() -> str:
    """A digest of what the installed package is made from; the tools' own tables in pyproject.toml don't count."""
    tables = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    text = json.dumps([tables["project"], tables["build-system"], tables["tool"]["hatch"]])
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def call(*command: str) -> None:
    """Run a program quietly; what it said is shown only when it fails."""
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if result.returncode:
        raise StepFailedError((result.stdout + result.stderr).strip())


def starts(python: Path) -> bool:
    """Whether this Python runs at all: an environment dies with the Python that it was made from."""
    try:
        subprocess.run([python, "-c", ""], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def make_venv() -> None:
    if not starts(PYTHON):
        call(sys.executable, "-m", "venv", "--clear", str(VENV))


def install_lock(lock: str) -> None:
    call(*PIP, "--require-hashes", "--only-binary", ":all:", "-r", f"requirements/{lock}.lock")


def install_tocsin() -> None:
    # Its build tool comes from the lock, so nothing is fetched here.
    call(*PIP, "--no-deps", "--no-build-isolation", "--editable", ".")


def steps(level: str) -> list[Step]:
    """All steps of a level, in order. `run` serves, `check` and `dev` also lint and test."""
    lock = "run" if level == "run" else "dev"
    count = (ROOT / f"requirements/{lock}.lock").read_text().count("==")
    return [
        Step("venv", "virtual environment .venv", "1", make_venv),
        Step(
            lock,
            f"{count} locked dependencies, hashes checked (requirements/{lock}.lock)",
            content(f"requirements/{lock}.lock"),
            lambda: install_lock(lock),
        ),
        Step("tocsin", "tocsin itself, from src/", package(), install_tocsin),
    ]


def read_done() -> dict[str, str]:
    """What has been done, by step; nothing if the environment is gone or its Python does not start (any more)."""
    try:
        done: dict[str, str] = json.loads(DONE.read_text())
    except (OSError, ValueError):
        return {}
    if not starts(PYTHON):
        return {}
    return done


def record(done: dict[str, str], step: Step) -> None:
    """Write a finished step down at once, so that an interrupted set-up goes on where it stopped."""
    done[step.name] = step.key
    if step.name == "dev":  # its lock holds all of run.lock
        done["run"] = content("requirements/run.lock")
    DONE.write_text(json.dumps(done, indent=1) + "\n")


def perform(due: list[Step], done: dict[str, str]) -> int:
    """Run the due steps in order, each with its number and elapsed time. Returns the exit status."""
    started = time.monotonic()
    for number, step in enumerate(due, 1):
        print(f"[{number}/{len(due)}] {step.title} ... ", end="", flush=True)
        try:
            step.run()
        except StepFailedError as error:
            print("FAILED")
            print(f"{error}\n", file=sys.stderr)
            print("Set-up stopped. The same command goes on from here; it needs a package index (PyPI or a mirror).")
            return 1
        record(done, step)
        print(f"{time.monotonic() - started:.1f} s")
    return 0


def main() -> int:
    level = sys.argv[1] if len(sys.argv) > 1 else "run"
    with Path(__file__).open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two `make` at once do not install over each other
        done = read_done()
        return perform([step for step in steps(level) if done.get(step.name) != step.key], done)


if __name__ == "__main__":
    sys.exit(main())
