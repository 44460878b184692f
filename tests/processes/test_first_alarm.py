"""docs/first-alarm.md, run as it stands: its commands lead from an empty installation to a page and its answer."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.cli.test_setup import setup
from tests.house.sources import ROOT
from tocsin.incidents.model import Status
from tocsin.testing.running import RunningServer

DOCUMENT = ROOT / "docs" / "first-alarm.md"
NUMBER = "2025550101"


def commands(**said: str) -> list[str]:
    """The document's blocks, with our own values where it has placeholders."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    for name, value in said.items():
        blocks[0], count = re.subn(rf"\b{name}=\S+", f"{name}={value}", blocks[0])
        assert count == 1, f"the document sets {name} once"
    return blocks


def run(blocks: list[str]) -> str:
    script = "set -euo pipefail\n" + "\n".join(blocks)
    ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_the_first_alarm_is_paged_and_answered(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        key = setup(server.folder)["api_key"]
        server.phones.add_phone(f"+1{NUMBER}", "Olga")
        blocks = commands(URL=server.url, KEY=key, MAIL="olga@example.com", COUNTRY="1", NUMBER=NUMBER)
        said = run(blocks)
        assert '"status":"acknowledged"' in said
        server.phones.wait_for_text(f"+1{NUMBER}", lambda one: "Payments: Disk full on db1" in one.body)
        (incident,) = server.reads.incidents().items
        server.wait_until(lambda: server.reads.incidents().items[0].status is Status.RESOLVED, "it is over")
        assert incident.title == "Disk full on db1"
