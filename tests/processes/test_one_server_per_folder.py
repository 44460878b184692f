"""A second server on the same folder or port ends at once; what a killed one left behind is no obstacle."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from tocsin.app.settings import inherited_environment
from tocsin.app.supervisor import CONFIGURATION, TAKEN
from tocsin.testing.running import RunningServer, free_port


def second(folder: Path, port: int, role: str = "edge") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--host", "127.0.0.1", "--role", role]
    command += ["--data", str(folder), "--port", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_folder_and_the_port_are_taken_once(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        before = server.pids()
        taken = second(tmp_path / "data", server.port + 1)
        assert taken.returncode == TAKEN
        assert "already runs the edge" in taken.stderr
        joined = second(tmp_path / "other", server.port)
        assert joined.returncode == TAKEN
        assert str(server.port) in joined.stderr
        assert server.pids() == before
        assert server.get("/readyz")[0] == 200
        server.kill("all")
        server.wait_until(lambda: not server.leftovers(), "nothing is left")
        assert (tmp_path / "data" / "control.sock").exists()
        server.start()
        assert server.pids().keys() == before.keys()
    assert not server.leftovers()


def test_a_whole_server_gives_up_a_port_that_stays_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        refused = second(tmp_path / "data", other.getsockname()[1], role="all")
    assert refused.returncode == TAKEN
    assert "another program already listens" in refused.stderr


def test_a_whole_server_says_at_once_that_an_address_is_not_this_machines(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "tocsin.cli.main",
        "serve",
        "--host",
        "192.0.2.1",
        "--data",
        str(tmp_path / "data"),
    ]
    refused = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == CONFIGURATION
    assert "can't listen on 192.0.2.1:8080" in refused.stderr


def test_a_whole_server_says_at_once_that_a_certificate_is_of_no_use(tmp_path: Path) -> None:
    environment = {**inherited_environment(), "TOCSIN_TLS_CERT": "/nope", "TOCSIN_TLS_KEY": "/nope"}
    command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--host", "127.0.0.1", "--port", str(free_port())]
    command += ["--data", str(tmp_path / "data")]
    refused = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == CONFIGURATION
    assert "TOCSIN_TLS_CERT: /nope can't be read" in refused.stderr
    assert "panicked" not in refused.stderr
