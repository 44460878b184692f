"""A second server on the same folder or port ends at once; what a killed one left behind is no obstacle."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tocsin.testing.running import RunningServer


def second(folder: Path, port: int) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--host", "127.0.0.1", "--role", "edge"]
    command += ["--data", str(folder), "--port", str(port)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_the_folder_and_the_port_are_taken_once(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        before = server.pids()
        taken = second(tmp_path / "data", server.port + 1)
        assert taken.returncode
        assert "already runs the edge" in taken.stderr
        joined = second(tmp_path / "other", server.port)
        assert joined.returncode
        assert str(server.port) in joined.stderr
        assert server.pids() == before
        assert server.get("/readyz")[0] == 200
        server.kill("all")
        server.wait_until(lambda: not server.leftovers(), "nothing is left")
        assert (tmp_path / "data" / "control.sock").exists()
        server.start()
        assert server.pids().keys() == before.keys()
    assert not server.leftovers()
