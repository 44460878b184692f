"""The first day on real processes: /readyz, the log and the commands say what is missing; a test page is answered."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tocsin.directory.model import Role
from tocsin.engine.on_paging import ANSWERED
from tocsin.paging.messages import SendTestPage
from tocsin.testing.running import RunningServer

ERIN = "+12025550105"


def ready(server: RunningServer) -> dict[str, object]:
    status, body = server.get("/readyz")
    assert status == 200, "it accepts, whoever can be paged"
    found: dict[str, object] = json.loads(body)
    return found


def tocsin(server: RunningServer, *words: str) -> tuple[int, str]:
    command = [sys.executable, "-m", "tocsin.cli.main", *words, "--data", str(server.folder)]
    done = subprocess.run(command, env=server.environment(), capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


def test_from_nobody_to_an_answered_test_page(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        why = "there is nobody yet: `tocsin setup` makes the first owner"
        assert ready(server)["paging"] == f"nobody can be paged: {why}"
        server.wait_until(lambda: '"nobody_can_be_paged"' in server.read_log(), "the log says so")
        code, text = tocsin(server, "check", "--json")
        found = {one["code"]: one["subject"] for one in json.loads(text)}
        assert code == 1
        assert found["no_owner"] == {"kind": "setting", "id": "owner"}
        erin = server.person("erin", ERIN.removeprefix("+1"), role=Role.OWNER)
        server.wait_until(lambda: ready(server)["paging"] == "yes", "somebody can be paged")
        texts = [one for one in server.config().contacts_of[erin.id] if one.channel == "sms"]
        server.run(SendTestPage(contact_id=texts[0].id))
        text = server.phones.wait_for_text(ERIN, lambda one: "Test page" in one.body).body
        code_of_it = text.split("Reply ")[1].split(" ")[0]
        assert not server.reads.memories([ANSWERED])
        assert "It was a test. It arrived, and so did your answer." in server.phones.reply(ERIN, code_of_it)
        assert server.reads.memories([ANSWERED])


def test_the_commands_ask_a_policy_while_the_server_runs(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        erin = server.person("erin", ERIN.removeprefix("+1"), role=Role.OWNER)
        server.service("Payments", erin)
        code, text = tocsin(server, "simulate", "--policy", "payments", "--hours", "0.1", "--json")
        told = json.loads(text)
        assert (code, told["policy"]["name"], [one["name"] for one in told["paged"]]) == (0, "Payments", ["Erin"])
        assert tocsin(server, "check")[0] in (0, 1)
        assert not server.reads.incidents().items, "nothing was sent, and nothing changed"
        assert not server.phones.all_texts(ERIN)
