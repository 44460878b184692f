"""The real Terraform with the real PagerDuty provider and a shift-based schedule: applied, edited, imported, destroyed.

What is compared is what the provider compares: after each apply a plan finds no difference.
"""

from __future__ import annotations

from pathlib import Path

from tests.peers import test_terraform
from tests.peers.test_terraform import Lesson, owners_key
from tocsin.kernel.time import DAY, SECOND, iso
from tocsin.runtime.clock import SystemClock
from tocsin.testing.running import RunningServer

pytestmark = test_terraform.pytestmark

CONFIGURATION = Path(__file__).parent / "shifts.tf"

EDITS = (
    ('name        = "Shifts"', 'name        = "Our shifts"'),
    ('time_zone   = "America/New_York"', 'time_zone   = "Europe/Berlin"'),
    ("Who has the pager", "Who is called"),
    ("shifts_per_member = 5", "shifts_per_member = 1"),  # of an event that is active: the provider replaces it
    ('name            = "Workday evenings"', 'name            = "Evenings"'),
    ('start_time      = "2026-01-05T17:00:00-05:00"', 'start_time      = "2026-01-05T18:00:00-05:00"'),
    ("BYDAY=SA,SU", "BYDAY=SA"),
)
"""One change in most of what there is."""


def test_a_shift_based_schedule_comes_back_as_the_provider_compares_it(tmp_path: Path) -> None:
    now = SystemClock().now() // SECOND * SECOND
    with RunningServer(tmp_path / "data") as server:
        shifts = Lesson(tmp_path, server, owners_key(server))
        text = CONFIGURATION.read_text(encoding="utf-8")
        shifts.text = text.replace("FUTURE", iso(now + DAY)).replace("LATER", iso(now + 30 * DAY))
        shifts.write()
        shifts.run("init")
        shifts.apply()
        for before, after in EDITS:
            shifts.edit(before, after)
        shifts.apply()
        (listed,) = shifts.api("GET", "/v3/schedules")["schedules"]
        shown = shifts.api("GET", f"/v3/schedules/{listed['id']}")["schedule"]
        assert (shown["name"], shown["time_zone"]) == ("Our shifts", "Europe/Berlin")
        assert [[one["name"] for one in each["events"]] for each in shown["rotations"]] == [
            ["Workdays", "Evenings"],
            ["Weekend"],
        ]
        shifts.run("state", "rm", "pagerduty_schedulev2.shifts")
        shifts.run("import", "pagerduty_schedulev2.shifts", listed["id"])
        shifts.run("destroy", "-auto-approve")
        assert shifts.api("GET", "/v3/schedules")["schedules"] == []
