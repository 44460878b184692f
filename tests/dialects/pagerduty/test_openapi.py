"""Answers have the shape that the vendor publishes. The description lies beside the checkout, never in it."""

from __future__ import annotations

import functools
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import jsonschema_rs
import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.matrix import MATRIX, address
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.kernel.time import HOUR

DESCRIPTION = Path(__file__).parents[4] / "shared/reference/pagerduty-rest-openapi.json"

pytestmark = pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="NOT TESTED: the vendor's OpenAPI description is not beside this checkout"
)

UNDOCUMENTED = {
    ("DELETE", "/services/{id}/integrations/{integration_id}"),
    ("GET", "/incidents/custom_fields/{field_id}/field_options/{field_option_id}"),
    ("PUT", "/incidents/{id}/responder_requests/reply"),
    *((method, "/response_plays") for method in ("GET", "POST")),
    *((method, "/response_plays/{id}") for method in ("GET", "PUT", "DELETE")),
}
"""Clients use it all the same."""

_STATUS_UPDATE_RULE = "/users/{id}/status_update_notification_rules/{status_update_notification_rule_id}"
MISDESCRIBED = {("GET", "/vendors/{id}"), ("GET", _STATUS_UPDATE_RULE), ("PUT", _STATUS_UPDATE_RULE)}
MISDESCRIBED |= {("GET", "/addons"), ("POST", "/addons")}
"""Described as a list, with another name or another type; clients read what every other such path has."""

CLIENTS_WANT: tuple[tuple[str, dict[str, str]], ...] = (
    ("escalation_rule_assignment_strategy", {"type": "object"}),  # documented as a text; the provider decodes an object
    ("aggregate", {}),  # its two values are written as one
    ("value", {}),  # of a custom field: described as an object, shown and read as the value itself
    ("default_value", {}),
    ("total_off_hour_interruptions", {"type": "integer"}),  # once described as a text, beside its siblings
    ("responder_id", {"type": "string"}),  # once described as a number; ids of people are texts
)
"""Where clients and description disagree, the clients are right."""


@functools.cache
def published() -> Any:
    """The document."""
    return json.loads(DESCRIPTION.read_text(encoding="utf-8"))


@functools.cache
def description() -> Any:
    """The document, made fit for a JSON Schema validator."""
    return loosened(published())


def into(node: Any, step: str) -> Any:
    """One step along a pointer. Pointers into the middle of a schema lead nowhere in the loosened document."""
    return node[int(step)] if isinstance(node, list) else node[unquote(step).replace("~1", "/").replace("~0", "~")]


def loosened(node: Any) -> Any:
    """Fields that are not required may be null; one of several shapes is enough, even if two fit."""
    if isinstance(node, list):
        return [loosened(one) for one in node]
    if not isinstance(node, dict):
        return node
    steps = node["$ref"].split("/")[1:] if isinstance(node.get("$ref"), str) else []
    if len(steps) > 3:
        return loosened(functools.reduce(into, steps, published()))
    found = {key: loosened(value) for key, value in node.items() if key not in ("nullable", "discriminator", "format")}
    if "oneOf" in found:
        found["anyOf"] = found.pop("oneOf")
    if isinstance(found.get("properties"), dict):
        required = found.get("required", [])
        for name, known in CLIENTS_WANT:
            if name in found["properties"]:
                found["properties"][name] = dict(known)
        found["properties"] = {
            name: schema if name in required and name in ("id", "type") else {"anyOf": [schema, {"type": "null"}]}
            for name, schema in found["properties"].items()
        }
    if isinstance(found.get("enum"), list) and "acknowledgement_log_entry" in found["enum"]:
        found["enum"] = [*found["enum"], "acknowledge_log_entry"]
    return found


def shape(path: str) -> str:
    """A path with its parameters unnamed: names differ."""
    return re.sub(r"\{[^}]*\}", "{}", path)


@functools.lru_cache(maxsize=4)
def validator(method: str, path: str) -> Any:
    """What validates the successful answers of an operation; None if it answers nothing."""
    documented = {shape(one): operations for one, operations in description()["paths"].items()}
    responses = documented[shape(path)][method.lower()]["responses"]
    found = next((response for code, response in responses.items() if code.startswith("2")), None)
    while found and "$ref" in found:
        section, name = found["$ref"].rsplit("/", 2)[1:]
        found = description()["components"][section][name]
    schema = (found or {}).get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    whole = {"allOf": [schema], "components": description()["components"], "paths": description()["paths"]}
    return jsonschema_rs.Draft7Validator(whole)


@pytest.fixture
def house(crowded: Path, tmp_path: Path) -> Iterator[House]:
    with House(shutil.copytree(crowded, tmp_path, dirs_exist_ok=True), seed=3) as house:
        yield house


@pytest.mark.parametrize(
    ("method", "path"), [operation for operation in MATRIX if operation not in UNDOCUMENTED | MISDESCRIBED]
)
def test_answers_have_the_published_shape(api: Api, house: House, method: str, path: str) -> None:
    incident = house.reads.incidents(limit=1).items[0]
    to = address(path, house, incident)
    if path == "/notifications":
        to += "?since=2026-01-01&until=2026-02-01"
    who = "olive" if path == "/users/me" else "root"
    reply = api.request(method, to, MATRIX[method, path].body(house, incident), key=who)
    if method == "DELETE" and reply.status == 400:
        return
    assert reply.status in (200, 201, 202, 204), reply
    schema = validator(method, path)
    if schema is None:
        assert reply.status in (202, 204)
        return
    problems = [f"{list(one.instance_path)}: {one.message[:200]}" for one in schema.iter_errors(reply.body)]
    assert not problems, "\n".join(problems)


def test_an_incident_keeps_its_shape_all_its_life(api: Api, house: House) -> None:
    newest, oldest = house.reads.incidents(limit=2).items
    path = f"/incidents/{oldest.id}"
    steps: list[tuple[str, str, Any]] = [
        ("POST", f"{path}/notes", {"note": {"content": "Looking"}}),
        ("PUT", path, {"incident": {"status": "acknowledged", "urgency": "low"}}),
        ("PUT", path, {"incident": {"status": "triggered", "urgency": "high", "title": "Other", "priority": "P1"}}),
        ("POST", f"{path}/snooze", {"duration": 600}),
        ("PUT", path, {"incident": {"assignments": [{"assignee": {"id": house.bob.id}}]}}),
        ("PUT", path, {"incident": {"escalation_policy": {"id": house.policy.id}}}),
        ("PUT", f"{path}/merge", {"source_incidents": [{"id": newest.id}]}),
        ("PUT", path, {"incident": {"status": "resolved", "resolution": "Done"}}),
        ("PUT", path, {"incident": {"status": "triggered"}}),
    ]
    for method, to, sent in steps:
        assert api.request(method, to, sent, key="alice").status in (200, 201)
        for include in ("", "?include[]=services&include[]=teams&include[]=priorities&include[]=assignees"):
            validator("GET", "/incidents/{id}").validate(api.get(path + include).body)
    house.advance(HOUR)
    validator("GET", "/incidents").validate(api.get("/incidents?include[]=body").body)
    log = api.get(f"{path}/log_entries?limit=100").body
    told = [one for one in log["log_entries"] if one["type"] != "field_value_change_log_entry"]
    assert {one["type"] for one in told} >= {
        "trigger_log_entry",
        "annotate_log_entry",
        "acknowledge_log_entry",
        "unacknowledge_log_entry",
        "snooze_log_entry",
        "assign_log_entry",
        "delegate_log_entry",
        "escalate_log_entry",
        "exhaust_escalation_path_log_entry",
        "notify_log_entry",
        "resolve_log_entry",
        "urgency_change_log_entry",
    }
    validator("GET", "/incidents/{id}/log_entries").validate({**log, "log_entries": told})


def test_the_validator_bites() -> None:
    """The loosened description still refuses what is wrong."""
    schema = validator("GET", "/services")
    assert list(schema.iter_errors({"services": [{"id": "PX", "type": "service", "name": 5}]}))
    assert list(schema.iter_errors({"services": {}}))
    assert list(validator("GET", "/users/{id}").iter_errors({"user": {"type": "user"}}))


def test_every_route_is_one_of_the_vendors() -> None:
    documented = {shape(path): set(operations) for path, operations in description()["paths"].items()}
    for path, handlers in ROUTES:
        for method in handlers:
            if (method, path) not in UNDOCUMENTED:
                assert method.lower() in documented.get(shape(path), set()), (method, path)
