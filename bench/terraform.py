"""How long a `terraform plan` of 500 objects takes: the real Terraform and provider, people to integrations.

Applied once, then planned again: the provider asks for every object on its own, so the figure is Terraform's start, the
provider's, and as many answers of ours. Where either program is missing, that is said and nothing is measured.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.live import median
from bench.probes import API_KEY, SECRET
from bench.report import Figure, Report, say
from tocsin.testing import processes
from tocsin.testing.load import new_database, store_things
from tocsin.testing.running import RunningServer

PLUGINS = Path.home() / ".terraform.d/plugins"
PATIENCE_SECONDS = 900
NOTHING_TO_DO = "No changes."

HEAD = """
terraform {
  required_providers {
    pagerduty = { source = "PagerDuty/pagerduty" }
  }
}

variable "url" {}
variable "token" { sensitive = true }

provider "pagerduty" {
  token            = var.token
  api_url_override = "${var.url}/pagerduty"
}
"""

KINDS = """
resource "pagerduty_user" "one" {
  count = %(users)d
  name  = "Person ${count.index}"
  email = "person${count.index}@example.com"
}

resource "pagerduty_team" "one" {
  count = %(teams)d
  name  = "Team ${count.index}"
}

resource "pagerduty_schedule" "one" {
  count     = %(schedules)d
  name      = "Schedule ${count.index}"
  time_zone = "Europe/Berlin"
  layer {
    name                         = "Weekly"
    start                        = "2026-01-06T08:00:00+01:00"
    rotation_virtual_start       = "2026-01-06T08:00:00+01:00"
    rotation_turn_length_seconds = 604800
    users                        = [for next in range(4) : pagerduty_user.one[(count.index * 4 + next) %% %(users)d].id]
  }
}

resource "pagerduty_escalation_policy" "one" {
  count     = %(policies)d
  name      = "Policy ${count.index}"
  num_loops = 2
  teams     = [pagerduty_team.one[count.index %% %(teams)d].id]
  rule {
    escalation_delay_in_minutes = 10
    target {
      type = "schedule_reference"
      id   = pagerduty_schedule.one[count.index %% %(schedules)d].id
    }
  }
  rule {
    escalation_delay_in_minutes = 10
    target {
      type = "user_reference"
      id   = pagerduty_user.one[count.index %% %(users)d].id
    }
  }
}

resource "pagerduty_service" "one" {
  count                   = %(services)d
  name                    = "Service ${count.index}"
  escalation_policy       = pagerduty_escalation_policy.one[count.index %% %(policies)d].id
  alert_creation          = "create_alerts_and_incidents"
  auto_resolve_timeout    = 14400
  acknowledgement_timeout = 600
}

resource "pagerduty_service_integration" "one" {
  count   = %(services)d
  name    = "Monitor"
  type    = "events_api_v2_inbound_integration"
  service = pagerduty_service.one[count.index].id
}
"""

MANY = {"users": 80, "teams": 20, "schedules": 60, "policies": 60, "services": 140}
FEW = {"users": 8, "teams": 2, "schedules": 6, "policies": 6, "services": 14}


def missing() -> str:
    """What is not here, in words; empty if nothing."""
    if shutil.which("terraform") is None:
        return "there is no terraform on PATH"
    kind = f"{platform.system().lower()}_*"
    if not list(PLUGINS.glob(f"*/*/pagerduty/*/{kind}/terraform-provider-pagerduty*")):
        return "Terraform's PagerDuty provider is not among the user's plugins"
    return ""


@dataclass
class Terraform:
    """Terraform in a folder of its own, pointed at a server."""

    folder: Path
    url: str

    def seconds(self, *arguments: str) -> tuple[float, str]:
        """Run it; how long it took and what it printed. Raises CalledProcessError and shows what was said."""
        environment = {
            **os.environ,
            "TF_VAR_url": self.url,
            "TF_VAR_token": SECRET,
            "TF_CLI_ARGS": "-no-color",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        environment.pop("TF_CLI_CONFIG_FILE", None)
        command = ["terraform", *arguments]
        began = time.perf_counter()
        ended = subprocess.run(
            command,
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if ended.returncode:
            print(ended.stdout[-3000:])
            ended.check_returncode()
        return time.perf_counter() - began, ended.stdout


def measure(folder: Path, report: Report, sizes: Mapping[str, int], runs: int) -> None:
    """(k) A plan of everything that is there."""
    lacking = missing()
    if lacking:
        say(f"NOT MEASURED: {lacking}")
        return
    database = new_database(folder / "data")
    store_things(database, [API_KEY], 0)
    database.close()
    count = sum(sizes.values()) + sizes["services"]
    with RunningServer(folder / "data") as server:
        (folder / "main.tf").write_text(HEAD + KINDS % sizes, encoding="utf-8")
        terraform = Terraform(folder, server.url)
        terraform.seconds("init", "-input=false")
        first, _ = terraform.seconds("plan", "-input=false")
        applied, _ = terraform.seconds("apply", "-auto-approve", "-input=false")
        before = _used(server)
        again = [terraform.seconds("plan", "-input=false") for _ in range(runs)]
        ours = (_used(server) - before) / runs
    for _, text in again:
        assert NOTHING_TO_DO in text, text[-2000:]
    half = median([taken for taken, _ in again])
    note = f"{ours:.1f} s of the processor in our server; before they were there {first:.1f} s, apply {applied:.0f} s"
    report.add(Figure("k", f"a terraform plan of {count} objects", half, "s", "under 10", half < 10, note))


def _used(server: RunningServer) -> float:
    """Seconds of the processor that the server's processes have used so far."""
    return sum(processes.cpu_seconds(pid) for pid in server.pids().values())
