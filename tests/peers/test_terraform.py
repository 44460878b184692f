"""The real Terraform with the real PagerDuty provider runs the lesson: apply, edit, import, pages, destroy.

Both are found, not brought: Terraform on PATH, the provider where Terraform looks for it by itself. Where one is
missing the tests say so.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tocsin.kernel.time import HOUR, iso
from tocsin.runtime.reads import AlertFilter
from tocsin.testing.running import RunningServer

LESSON = Path(__file__).parents[3] / "shared/lesson/main.tf"
PLUGINS = Path.home() / ".terraform.d/plugins"

pytestmark = [
    pytest.mark.peers,
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("terraform") is None, reason="NOT TESTED: there is no terraform on PATH"),
    pytest.mark.skipif(
        not list(PLUGINS.glob(f"*/*/pagerduty/*/{platform.system().lower()}_*/terraform-provider-pagerduty*")),
        reason="NOT TESTED: Terraform's PagerDuty provider is not among the user's plugins",
    ),
    pytest.mark.skipif(not LESSON.exists(), reason="NOT TESTED: the lesson is not beside this checkout"),
]

NO_DIFFERENCE, DIFFERENCE = 0, 2
PATIENCE_SECONDS = 240


class Lesson:
    """The lesson's configuration in a folder of its own, pointed at a running server."""

    def __init__(self, folder: Path, server: RunningServer, key: str, url: str = "") -> None:
        """`url`: where the provider is sent, if not to the server itself; then with one request at a time."""
        self.folder = folder
        self.server = server
        self.key = key
        self.text = LESSON.read_text(encoding="utf-8")
        self._environment = {
            **os.environ,
            "TF_VAR_tocsin_url": url or server.url,
            "TF_VAR_token": key,
            "TF_CLI_ARGS": "-no-color",
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        self._environment.pop("TF_CLI_CONFIG_FILE", None)
        if url:
            self._environment |= {f"TF_CLI_ARGS_{one}": "-parallelism=1" for one in ("apply", "plan", "destroy")}

    def run(self, *arguments: str, codes: tuple[int, ...] = (0,)) -> subprocess.CompletedProcess[str]:
        ended = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert ended.returncode in codes, ended.stdout[-4000:] + ended.stderr[-4000:]
        return ended

    def write(self) -> None:
        (self.folder / "main.tf").write_text(self.text, encoding="utf-8")

    def apply(self) -> None:
        """Apply what is written, and plan again: no difference."""
        self.write()
        self.run("apply", "-auto-approve")
        self.settled()

    def settled(self) -> None:
        plan = self.run("plan", "-detailed-exitcode", codes=(NO_DIFFERENCE, DIFFERENCE))
        assert plan.returncode == NO_DIFFERENCE, plan.stdout

    def changes(self) -> dict[str, set[str]]:
        """What a plan would change: attributes by resource."""
        self.run("plan", "-out=plan", "-detailed-exitcode", codes=(NO_DIFFERENCE, DIFFERENCE))
        planned = json.loads(self.run("show", "-json", "plan").stdout)["resource_changes"]
        found = {}
        for one in planned:
            before, after = one["change"]["before"] or {}, one["change"]["after"] or {}
            if one["change"]["actions"] != ["no-op"]:
                found[one["address"]] = {name for name in before | after if before.get(name) != after.get(name)}
        return found

    def edit(self, before: str, after: str) -> None:
        assert self.text.count(before) == 1, (before, self.text.count(before))
        self.text = self.text.replace(before, after)

    def state(self) -> dict[str, dict[str, Any]]:
        """What Terraform knows of each resource, by address."""
        shown = json.loads(self.run("show", "-json").stdout)
        resources = shown.get("values", {}).get("root_module", {}).get("resources", [])
        return {one["address"]: one["values"] for one in resources if one["mode"] == "managed"}

    def output(self, name: str) -> str:
        return self.run("output", "-raw", name).stdout

    def api(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"authorization": f"Token token={self.key}"}
        answer = httpx2.request(method, f"{self.server.url}/pagerduty{path}", json=body, headers=headers, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def event(self, **payload: Any) -> None:
        body = {
            "routing_key": self.output("orchestration_key"),
            "event_action": "trigger",
            "payload": {"severity": "critical", "source": "db-1.live", **payload},
        }
        assert self.server.post("/v2/enqueue", body)[0] == 202


def owners_key(server: RunningServer) -> str:
    """The API key of the first owner, Olive."""
    command = [sys.executable, "-m", "tocsin.cli.main", "setup", "--data", str(server.folder), "--json"]
    command += ["--name", "Olive", "--email", "olive@example.com"]
    made = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    key: str = json.loads(made.stdout)["api_key"]
    return key


@pytest.fixture(scope="module")
def lesson(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lesson]:
    place = tmp_path_factory.mktemp("terraform")
    with RunningServer(place / "data") as server:
        lesson = Lesson(place, server, owners_key(server))
        lesson.write()
        lesson.run("init")
        lesson.apply()
        yield lesson


BY_CONTENT = """type = "content_based"
    config {
      fields      = ["summary"]
      aggregate   = "all"
      time_window = 300
"""
BY_TIME = """type = "time"
    config {
      timeout = 10
"""
PAYMENTS_RULE = """rule {
      label = "Payments"
"""
SEARCH_RULE = """rule {
      label = "Search first"
      condition {
        expression = "event.summary matches part 'SearchService'"
      }
      actions {
        route_to = pagerduty_service.search.id
      }
    }
    """

EDITS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("three passes", (("num_loops = 3", "num_loops = 2"),)),
    (
        "another user in the rotation",
        (
            ('users = [for name in ["alice", "bob", "carol", "dave"]', 'users = [for name in ["alice", "bob", "erin"]'),
            ('dave = "2025550104" }', 'dave = "2025550104", erin = "2025550105" }'),
        ),
    ),
    ("grouped by content", (('type = "intelligent"\n', BY_CONTENT + "    }\n"),)),
    ("grouped by time", ((BY_CONTENT, BY_TIME),)),
    (
        "the window moved",
        (("2030-06-01T02:00:00+00:00", "2030-06-02T02:00:00+00:00"), ("2030-06-01T04", "2030-06-02T05")),
    ),
    ("a router rule in front", ((PAYMENTS_RULE, SEARCH_RULE + PAYMENTS_RULE),)),
)
"""What changes in the lesson's text, one edit after the other."""


def test_the_lesson_is_applied_edited_imported_and_pages(lesson: Lesson) -> None:
    """One after the other, on one installation, as a team would."""
    for what, changes in EDITS:
        for before, after in changes:
            lesson.edit(before, after)
        try:
            lesson.apply()
        except AssertionError as error:
            raise AssertionError(what) from error
    _rules_turned_round(lesson)
    _support_hours_removed(lesson)
    _dependency_removed(lesson)
    _everything_imported(lesson)
    _a_change_behind_its_back_survives(lesson)
    _pages(lesson)
    lesson.run("destroy", "-auto-approve")
    left = lesson.api("GET", "/services")["services"] + lesson.api("GET", "/schedules")["schedules"]
    assert left == []
    assert lesson.api("GET", "/event_orchestrations")["orchestrations"] == []


def _block(text: str, head: str) -> str:
    """The text of the block that begins so."""
    begin = text.index(head)
    depth, at = 0, text.index("{", begin)
    while True:
        depth += {"{": 1, "}": -1}.get(text[at], 0)
        at += 1
        if not depth:
            return text[begin:at]


def _rules_turned_round(lesson: Lesson) -> None:
    """The levels of the policy in the opposite order."""
    policy = _block(lesson.text, 'resource "pagerduty_escalation_policy"')
    levels = []
    rest = policy
    while "rule {" in rest:
        levels.append(_block(rest, "rule {"))
        rest = rest.replace(levels[-1], "", 1)
    turned = policy
    for number, level in enumerate(levels):
        turned = turned.replace(level, f"<{number}>", 1)
    for number, level in enumerate(reversed(levels)):
        turned = turned.replace(f"<{number}>", level, 1)
    lesson.edit(policy, turned)
    lesson.apply()


def _support_hours_removed(lesson: Lesson) -> None:
    """The provider keeps the urgency rule that it knows until another is written."""
    search = _block(lesson.text, 'resource "pagerduty_service" "search"')
    constant = 'incident_urgency_rule {\n    type    = "constant"\n    urgency = "high"\n  }'
    plain = search.replace(_block(search, "incident_urgency_rule"), constant)
    for head in ("support_hours {", "scheduled_actions"):
        plain = plain.replace(_block(plain, head), "")
    lesson.edit(search, plain)
    lesson.apply()


def _dependency_removed(lesson: Lesson) -> None:
    lesson.edit(_block(lesson.text, 'resource "pagerduty_service_dependency"'), "")
    lesson.apply()


def _import_id(kind: str, values: dict[str, Any]) -> str:
    """Under which id a resource is imported, where that is not its own."""
    match kind:
        case "pagerduty_user_contact_method" | "pagerduty_user_notification_rule":
            return f"{values['user_id']}:{values['id']}"
        case "pagerduty_team_membership":
            return f"{values['user_id']}:{values['team_id']}"
        case "pagerduty_service_integration":
            return f"{values['service']}.{values['id']}"
        case _:
            return str(values["id"])


def _everything_imported(lesson: Lesson) -> None:
    """The provider never asks for the grouping of a service that it does not have in its state: that one differs."""
    for address, values in lesson.state().items():
        kind = address.split(".", maxsplit=1)[0]
        lesson.run("state", "rm", address)
        lesson.run("import", address, _import_id(kind, values))
    assert lesson.changes() == {"pagerduty_service.payments": {"alert_grouping_parameters"}}
    lesson.apply()


def _a_change_behind_its_back_survives(lesson: Lesson) -> None:
    state = lesson.state()
    schedule = state["pagerduty_schedule.payments_primary"]["id"]
    bob = state['pagerduty_user.person["bob"]']["id"]
    override = {
        "start": "2031-01-01T00:00:00Z",
        "end": "2031-01-02T00:00:00Z",
        "user": {"id": bob, "type": "user_reference"},
    }
    lesson.api("POST", f"/schedules/{schedule}/overrides", {"overrides": [override]})
    lesson.apply()
    found = lesson.api("GET", f"/schedules/{schedule}/overrides?since=2030-12-31&until=2031-01-03")["overrides"]
    assert [one["user"]["id"] for one in found] == [bob]


def _pages(lesson: Lesson) -> None:
    """Whom the API names is paged at once; what comes from staging pages nobody and is on record."""
    on_call = lesson.api("GET", "/oncalls?include[]=users")["oncalls"]
    first = next(one["user"] for one in on_call if one["escalation_level"] == 1)
    methods = lesson.api("GET", f"/users/{first['id']}/contact_methods")["contact_methods"]
    number = next(one["address"] for one in methods if one["type"] == "sms_contact_method")
    lesson.event(summary="PaymentsService is down", custom_details={"cluster": "eu-1"})
    text = lesson.server.phones.wait_for_text(f"+1{number}", lambda one: "PaymentsService" in one.body, 20)
    assert "[eu] PaymentsService is down" in text.body
    lesson.event(summary="PaymentsService is slow", source="db-1.staging")
    lesson.server.wait_until(
        lambda: any(alert.suppressed for alert in lesson.server.reads.alerts(AlertFilter()).items), "it is suppressed"
    )
    (incident,) = lesson.api("GET", "/incidents?statuses[]=triggered")["incidents"]
    assert incident["priority"]["summary"] == "P2"
    _within_a_window(lesson)
    assert len(lesson.server.phones.texts(f"+1{number}")) == 1


def _within_a_window(lesson: Lesson) -> None:
    """What begins in a maintenance window opens no incident."""
    now = lesson.server.clock.now()
    window = {
        "start_time": iso(now),
        "end_time": iso(now + HOUR),
        "services": [{"id": lesson.state()["pagerduty_service.payments"]["id"], "type": "service_reference"}],
    }
    made = lesson.api("POST", "/maintenance_windows", {"maintenance_window": window})["maintenance_window"]
    lesson.event(summary="PaymentsService is being deployed")
    lesson.server.wait_until(
        lambda: any(alert.window_id for alert in lesson.server.reads.alerts(AlertFilter()).items), "the window holds it"
    )
    assert len(lesson.api("GET", "/incidents?statuses[]=triggered")["incidents"]) == 1
    assert made["services"]
