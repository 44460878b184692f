"""Other people's programs, started for a test and stopped after it."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx2

from tests.dialects._kit.listener import wait_for


@contextmanager
def running(command: Sequence[str], folder: Path) -> Iterator[None]:
    """Somebody else's program for as long as the block runs; its words are in `log` in the folder."""
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
        try:
            yield
        finally:
            process.terminate()
            process.wait(10)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def alertmanager() -> str:
    return shutil.which("prometheus-alertmanager") or shutil.which("alertmanager") or ""


def configured(folder: Path, url: str, credentials: str = "") -> list[str]:
    """An Alertmanager that notifies at once; JSON is YAML."""
    hook: dict[str, object] = {"url": url}
    if credentials:
        hook["http_config"] = {"authorization": {"credentials": credentials}}
    config = {
        "route": {"receiver": "to.csin", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "to.csin", "webhook_configs": [hook]}],
    }
    (folder / "am.yml").write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    (folder / "port").write_text(str(port), encoding="ascii")
    return [
        alertmanager(),
        f"--config.file={folder / 'am.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]


def tell(folder: Path, alerts: list[dict[str, object]]) -> None:
    address = f"http://127.0.0.1:{(folder / 'port').read_text(encoding='ascii')}/api/v2/alerts"

    def told() -> bool:
        try:
            return httpx2.post(address, json=alerts).status_code == 200
        except httpx2.TransportError:
            return False

    wait_for(told)
