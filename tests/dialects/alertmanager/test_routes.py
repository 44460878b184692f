"""The GET side, in the shapes that Alertmanager's clients parse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from tests.dialects.alertmanager.door import ALERT, KEY, KEYS, NOW
from tocsin.alerts.model import Alert, AlertStatus
from tocsin.dialects._kit.keys import IntegrationRef
from tocsin.dialects.alertmanager.routes import routes
from tocsin.kernel.errors import Unavailable
from tocsin.kernel.time import MINUTE

DOWN = Alert(
    id="QALERT0000001",
    scope="PINT001",
    dedup_key="a1b2c3d4e5f60718",
    service_id="PSVC001",
    status=AlertStatus.TRIGGERED,
    created_at=NOW,
    last_event_at=NOW + MINUTE,
    first_seq=1,
    last_seq=2,
    summary="Instance a:9100 down",
    event_class="InstanceDown",
    details={"labels": ALERT["labels"], "annotations": ALERT["annotations"], "generatorURL": ALERT["generatorURL"]},
    started_at=NOW - MINUTE,
    expires_at=NOW + 4 * MINUTE,
)
MUTED = replace(
    DOWN,
    id="QALERT0000002",
    suppressed="maintenance",
    details={"labels": {"alertname": "DiskFull", "severity": "warning"}},
)
FOREIGN = replace(
    DOWN, id="QALERT0000003", dedup_key="srv01/mysql", details={"free": "1%"}, event_class="", expires_at=None
)
PREFIX = f"/alertmanager/{KEY}"


async def open_alerts(ref: IntegrationRef) -> Sequence[Alert]:
    assert ref.id == "PINT001"
    return (DOWN, MUTED, FOREIGN)


async def no_database(ref: IntegrationRef) -> Sequence[Alert]:
    raise Unavailable("The database is out of reach.")


@pytest.fixture
def client() -> TestClient:
    return TestClient(Starlette(routes=routes(KEYS, open_alerts, NOW)))


def names(client: TestClient, query: str = "") -> list[str]:
    answer = client.get(f"{PREFIX}/api/v2/alerts{query}")
    assert answer.status_code == 200
    return [alert["labels"]["alertname"] for alert in answer.json()]


def test_status_has_all_that_is_required(client: TestClient) -> None:
    answer = client.get(f"{PREFIX}/api/v2/status")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    status = answer.json()
    assert set(status) == {"cluster", "versionInfo", "config", "uptime"}
    assert set(status["versionInfo"]) == {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert status["versionInfo"]["version"] == "0.28.0"
    assert status["cluster"]["status"] in {"ready", "settling", "disabled"}
    assert status["uptime"] == "2026-08-21T10:00:30Z"
    assert "receiver" in status["config"]["original"]


def test_receivers_and_silences(client: TestClient) -> None:
    assert client.get(f"{PREFIX}/api/v2/receivers").json() == [{"name": "tocsin", "labels": {}}]
    assert client.get(f"{PREFIX}/api/v2/silences").json() == []
    assert client.get(f"{PREFIX}/api/v2/silence/x").status_code == 404
    assert client.post(f"{PREFIX}/api/v2/silences", json={}).status_code == 501
    refused = client.post(f"{PREFIX}/api/v2/silences", json={}).json()
    assert refused == "silences are not kept here; silence alerts where they come from"


def test_alerts(client: TestClient) -> None:
    down, muted, foreign = client.get(f"{PREFIX}/api/v2/alerts").json()
    assert down == {
        "labels": ALERT["labels"],
        "annotations": ALERT["annotations"],
        "generatorURL": ALERT["generatorURL"],
        "startsAt": "2026-08-21T09:59:30Z",
        "endsAt": "2026-08-21T10:04:30Z",
        "updatedAt": "2026-08-21T10:01:30Z",
        "fingerprint": "a1b2c3d4e5f60718",
        "receivers": [{"name": "tocsin"}],
        "status": {"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []},
    }
    assert muted["status"]["state"] == "suppressed"
    assert foreign["labels"] == {"alertname": "Instance a:9100 down"}
    assert len(foreign["fingerprint"]) == 16
    assert foreign["endsAt"] == "2026-08-21T10:06:30Z"


def test_groups(client: TestClient) -> None:
    groups = client.get(f"{PREFIX}/api/v2/alerts/groups").json()
    assert [group["labels"]["alertname"] for group in groups] == ["DiskFull", "Instance a:9100 down", "InstanceDown"]
    assert all(set(group) == {"labels", "routeLabels", "receiver", "alerts"} for group in groups)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ["InstanceDown", "DiskFull", "Instance a:9100 down"]),
        ("?active=false", ["DiskFull"]),
        ("?silenced=false", ["InstanceDown", "Instance a:9100 down"]),
        ("?inhibited=0&active=1", ["InstanceDown", "Instance a:9100 down"]),
        ('?filter=severity="critical"', ["InstanceDown"]),
        ("?filter=severity=critical", ["InstanceDown"]),
        ('?filter=severity!="critical"', ["DiskFull", "Instance a:9100 down"]),
        ('?filter=alertname=~"Disk.*|x"', ["DiskFull"]),
        ('?filter=alertname=~"Disk"', []),
        ('?filter={alertname!~"Disk.*",severity=""}', ["Instance a:9100 down"]),
        ('?filter=severity="critical"&filter=job="node"', ["InstanceDown"]),
        ('?filter=severity="critical"&filter=job="other"', []),
        ("?receiver=tocsin", ["InstanceDown", "DiskFull", "Instance a:9100 down"]),
        ("?receiver=toc", []),
        ("?receiver=toc.*%7Cx", ["InstanceDown", "DiskFull", "Instance a:9100 down"]),
    ],
)
def test_filters(client: TestClient, query: str, expected: list[str]) -> None:
    assert names(client, query) == expected


@pytest.mark.parametrize(
    "query",
    ["?filter=severity", '?filter==~"x"', '?filter=a=~"("', "?receiver=(", "?active=maybe", "?filter=" + "a" * 5000],
)
def test_bad_parameters_are_json_strings(client: TestClient, query: str) -> None:
    answer = client.get(f"{PREFIX}/api/v2/alerts{query}")
    assert answer.status_code == 400
    assert isinstance(answer.json(), str)


@pytest.mark.parametrize("path", ["status", "receivers", "silences", "alerts", "alerts/groups"])
def test_who_may_read(client: TestClient, path: str) -> None:
    assert client.get(f"/api/v2/{path}").status_code == 401
    assert client.get(f"/alertmanager/wrong/api/v2/{path}").status_code == 401
    assert isinstance(client.get(f"/api/v2/{path}").json(), str)
    assert client.get(f"/api/v2/{path}", headers={"Authorization": f"Bearer {KEY}"}).status_code == 200
    assert client.get(f"/api/v2/{path}", auth=("any", KEY)).status_code == 200


@pytest.mark.parametrize("path", ["/-/healthy", "/-/ready", f"{PREFIX}/-/healthy", f"{PREFIX}/-/ready"])
def test_health(client: TestClient, path: str) -> None:
    assert client.get(path).text == "OK"
    assert client.head(path).status_code == 200


def test_the_old_api_is_gone(client: TestClient) -> None:
    for answer in (client.get(f"{PREFIX}/api/v1/alerts"), client.post(f"{PREFIX}/api/v1/alerts", json=[])):
        assert answer.status_code == 410
        assert answer.json()["status"] == "deprecated"
    assert client.get("/api/v1/alerts").status_code == 404


def test_without_a_database_503() -> None:
    client = TestClient(Starlette(routes=routes(KEYS, no_database, NOW)))
    answer = client.get(f"{PREFIX}/api/v2/alerts")
    assert (answer.status_code, answer.json()) == (503, "The database is out of reach.")
    assert client.get(f"{PREFIX}/api/v2/status").status_code == 200
