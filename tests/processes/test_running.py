"""The server that other tests start: it is known to run from the instant when it is launched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tocsin.testing import processes
from tocsin.testing.running import RunningServer


def test_a_server_runs_before_the_kernel_knows_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # For an instant after it was started a process has no command line. Who took it for absent then would start a
    # second server, and forget the first.
    server = RunningServer(tmp_path / "data")
    server.provider.start()
    with monkeypatch.context() as patch:
        patch.setattr(processes, "serving", lambda _folder: {})
        server.launch()
        assert set(server.pids()) == {processes.SUPERVISOR}
        with pytest.raises(AssertionError, match="it runs already"):
            server.launch()
        server.kill(processes.SUPERVISOR)
        assert server.pids() == {}
    server.wait_until(lambda: not server.leftovers(), "its children are gone too")
    server.provider.stop()
