"""The real Terraform with the real PagerDuty provider, and all that is kept for it: applied, edited, destroyed.

What is compared is what the provider compares: after each apply a plan finds no difference.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.peers import test_terraform
from tocsin.testing.running import RunningServer

pytestmark = test_terraform.pytestmark

CONFIGURATION = Path(__file__).parent / "kept.tf"

EDITS = (
    ("notify_advance_in_minutes = 180", "notify_advance_in_minutes = 0"),
    ('point_of_contact = "me"', 'point_of_contact = "you"'),
    ("config { timeout = 600 }", "config { timeout = 1200 }"),
    ("time_window = 600", "time_window = 900"),
    ('fields      = ["summary"]', 'fields      = ["summary", "component"]'),
    ('restrict = "any"', 'restrict = "pd-users"'),
    ("https://example.com/x", "https://example.com/y"),
    ("jsonencode(5)", "jsonencode(6)"),
    ('value = "7"', 'value = "8"'),
    ('["a", "b"]', '["a", "c", "d"]'),
    ('= "west"', '= "north"'),
    ('jsonencode("east")', 'jsonencode("north")'),
    ('= "hello"', '= "bye"'),
    ("matches 'P1'", "matches 'P2'"),
    ('"cat"', '"dog"'),
    ('process_automation_job_id = "P1"', 'process_automation_job_id = "P2"'),
    ('runnability = "services"', 'runnability = "responders"'),
)
"""One change in most of the resources."""


def test_what_is_kept_comes_back_as_the_provider_compares_it(tmp_path: Path) -> None:
    with RunningServer(tmp_path / "data") as server:
        command = [sys.executable, "-m", "tocsin.cli.main", "setup", "--data", str(server.folder), "--json"]
        command += ["--name", "Olive", "--email", "olive@example.com"]
        made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
        kept = test_terraform.Lesson(tmp_path, server, json.loads(made.stdout)["api_key"])
        kept.text = CONFIGURATION.read_text(encoding="utf-8")
        kept.write()
        kept.run("init")
        kept.apply()
        for before, after in EDITS:
            kept.edit(before, after)
        kept.apply()
        kept.run("destroy", "-auto-approve")
        for path in ("services", "business_services", "extensions", "addons", "tags", "incident_workflows"):
            assert kept.api("GET", f"/{path}")[path] == [], path
