"""Other people's programs in front of a whole installation: an Alertmanager and a Prometheus, told what to say.

Each runs on loopback in a folder of its own and is stopped by its test. Configuration is JSON, which YAML contains.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.dialects._kit.peers import alertmanager, free_port


@contextmanager
def program(command: Sequence[str], folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program for as long as the block runs, or until the block kills it; its words are in `log`."""
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()


def alertmanager_with(folder: Path, receiver: Mapping[str, Any]) -> tuple[list[str], int]:
    """An Alertmanager that notifies this receiver at once: its command, and the port where it takes alerts."""
    config = {
        "route": {"receiver": "tocsin", "group_by": ["alertname"], "group_wait": "0s", "group_interval": "1s"},
        "receivers": [{"name": "tocsin", **receiver}],
    }
    (folder / "alertmanager.yml").write_text(json.dumps(config), encoding="utf-8")
    port = free_port()
    command = [
        alertmanager(),
        f"--config.file={folder / 'alertmanager.yml'}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    return command, port


class Bell(ThreadingHTTPServer):
    """A scraped target with one metric, `bell`, that the test sets. `port` is where it listens."""

    daemon_threads = True
    value = 1

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Scraped)
        self.port = int(self.server_address[1])


class _Scraped(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert isinstance(self.server, Bell)
        body = f"bell {self.server.value}\n".encode()
        self.send_response(200)
        self.send_header("content-type", "text/plain; version=0.0.4")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """The test has its own words."""


@contextmanager
def ringing() -> Iterator[Bell]:
    """A bell that rings (1) until the test sets it to 0."""
    with Bell() as bell:
        thread = threading.Thread(target=bell.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield bell
        finally:
            bell.shutdown()
            thread.join()


def prometheus_with(folder: Path, bell: Bell, target: str, prefix: str) -> list[str]:
    """A Prometheus that scrapes the bell every second and alerts `target` (host:port) as if it were an Alertmanager.

    Its alerts end four seconds after it last said so: a dead Prometheus is noticed soon.
    """
    rule = {
        "alert": "BellRings",
        "expr": "bell == 1",
        "labels": {"severity": "critical"},
        "annotations": {
            "summary": "The bell on {{ $labels.job }} rings",
            "runbook_url": "https://wiki.example.com/bell",
        },
    }
    (folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "rules": [rule]}]}), encoding="utf-8")
    config = {
        "global": {"evaluation_interval": "1s", "scrape_interval": "1s"},
        "scrape_configs": [{"job_name": "tower", "static_configs": [{"targets": [f"127.0.0.1:{bell.port}"]}]}],
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"path_prefix": prefix, "static_configs": [{"targets": [target]}]}]},
    }
    (folder / "prometheus.yml").write_text(json.dumps(config), encoding="utf-8")
    return [
        "prometheus",
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{free_port()}",
        "--rules.alert.resend-delay=1s",
    ]
