"""People and policies asked to help with an incident: paged, counted, answered, taken back."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.model import User
from tocsin.kernel.time import MINUTE


def target(thing: Any, kind: str = "user") -> dict[str, Any]:
    return {"responder_request_target": {"id": thing.id, "type": f"{kind}_reference"}}


def ask(api: Api, house: House, incident_id: str, *targets: dict[str, Any]) -> dict[str, Any]:
    sent = {"requester_id": house.alice.id, "message": "Join the call", "responder_request_targets": list(targets)}
    found: dict[str, Any] = api.post(f"/incidents/{incident_id}/responder_requests", sent)["responder_request"]
    return found


def states(api: Api, incident_id: str) -> dict[str, str]:
    found = api.get(f"/incidents/{incident_id}")["incident"]["incidents_responders"]
    return {one["user"]["summary"]: one["state"] for one in found}


def told(house: House, person: User) -> list[str]:
    return [message.text for message in house.settle() if message.user_id == person.id]


def test_a_person_is_paged_with_the_message_and_joins(api: Api, house: House) -> None:
    incident = house.alarm()
    before = api.get(f"/incidents/{incident.id}")["incident"]["assignments"]
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "acknowledged"}}, key="alice")
    request = ask(api, house, incident.id, target(house.mallory))
    assert (request["message"], request["requester"]["id"]) == ("Join the call", house.alice.id)
    asked = request["responder_request_targets"][0]["responder_request_target"]
    assert [one["state"] for one in asked["incidents_responders"]] == ["pending"]
    assert [text[:34] for text in told(house, house.mallory)] == ["Your help is wanted: Join the call"]
    path = f"/incidents/{incident.id}/responder_requests/reply"
    assert api.request("PUT", path, {"state": "joined"}, key="bob").status == 403
    api.put(path, {"state": "declined"}, key="mallory")
    assert states(api, incident.id) == {"Mallory": "declined"}
    api.put(path, {"state": "joined"}, key="mallory")
    assert states(api, incident.id) == {"Mallory": "joined"}
    found = api.get(f"/incidents/{incident.id}")["incident"]
    assert len(found["assignments"]) == len(before)
    assert (found["status"], len(found["responder_requests"])) == ("acknowledged", 1)
    said = [one["summary"] for one in api.get(f"/incidents/{incident.id}/log_entries?limit=100")["log_entries"]]
    assert "Alice asked Mallory to help: Join the call" in " ".join(said)
    assert any(line.startswith("Mallory helps") for line in said)


def test_a_policy_calls_its_levels_until_somebody_joins(api: Api, house: House) -> None:
    incident = house.alarm()
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "acknowledged"}}, key="olive")
    ask(api, house, incident.id, target(house.policy, "escalation_policy"))
    first = states(api, incident.id)
    assert set(first.values()) == {"pending"}
    assert "Carol" not in first
    house.advance(5 * MINUTE)
    assert states(api, incident.id) == {**first, "Carol": "pending"}
    names = [one["escalation_policy_requests"] for one in _responders(api, incident.id)]
    assert names == [["Payments Policy"], ["Payments Policy"]]
    assert api.get(f"/incidents/{incident.id}")["incident"]["assignments"][0]["assignee"]["summary"] == "Olive"


def test_who_has_joined_ends_the_calling(api: Api, house: House) -> None:
    incident = house.alarm()
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "acknowledged"}}, key="olive")
    ask(api, house, incident.id, target(house.policy, "escalation_policy"))
    (name,) = states(api, incident.id)
    path = f"/incidents/{incident.id}/responder_requests"
    api.put(f"{path}/reply", {"state": "joined"}, key=name.lower())
    house.advance(30 * MINUTE)
    assert states(api, incident.id) == {name: "joined"}


def test_what_nobody_answered_is_taken_back(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/incidents/{incident.id}/responder_requests"
    ask(api, house, incident.id, target(house.mallory), target(house.carol), target(house.policy, "escalation_policy"))
    api.put(f"{path}/reply", {"state": "joined"}, key="carol")
    targets = [
        {"id": one, "type": kind}
        for one, kind in (
            (house.mallory.id, "user_reference"),
            (house.carol.id, "user_reference"),
            (house.policy.id, "escalation_policy_reference"),
            (house.olive.id, "user_reference"),
        )
    ]
    sent = {"requester_id": house.alice.id, "responder_request_targets": targets}
    lines = api.put(f"{path}/cancel", sent)["responder_request_targets"]
    found = {one["id"]: one["result"] for one in lines}
    assert found[house.carol.id] == "joined"
    assert found[house.olive.id] == "not_found"
    assert found[house.policy.id] == "cancelled"
    assert states(api, incident.id)["Mallory"] == "user_cancelled"
    house.advance(30 * MINUTE)
    assert not told(house, house.mallory) or states(api, incident.id)["Mallory"] == "user_cancelled"
    assert api.request("PUT", f"{path}/reply", {"state": "joined"}, key="mallory").status == 404
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "resolved"}}, key="alice")
    late = {"requester_id": house.alice.id, "message": "x", "responder_request_targets": [target(house.bob)]}
    assert api.request("POST", path, late).code == 1001


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"requester_id": "PNOBODY"}, 2011),
        ({"requester_id": None}, 2001),
        ({"requester_id": 5}, 2001),
        ({"message": ""}, 2001),
        ({"message": "x" * 2001}, 2001),
        ({"responder_request_targets": []}, 2001),
        ({"responder_request_targets": 5}, 2001),
        ({"responder_request_targets": [5]}, 2001),
        ({"responder_request_targets": [{"id": "PX", "type": "team_reference"}]}, 2001),
        ({"responder_request_targets": [{"responder_request_target": {"type": "user"}}]}, 2001),
        ({"responder_request_targets": [{"id": "PNOBODY", "type": "user_reference"}]}, 1007),
        ({"responder_request_targets": [{"id": "PX", "type": "escalation_policy_reference"}]}, 1014),
    ],
)
def test_wrong_requests_change_nothing(api: Api, house: House, change: dict[str, Any], code: int) -> None:
    incident = house.alarm()
    path = f"/incidents/{incident.id}/responder_requests"
    sent = {"requester_id": house.alice.id, "message": "x", "responder_request_targets": [target(house.bob)]}
    refused = api.request("POST", path, {**sent, **change})
    assert (refused.status, refused.code) == (400, code)
    assert _responders(api, incident.id) == []
    assert api.request("POST", path, sent, key="bob").code == 2011
    for broken in ({}, {"state": "maybe"}, {"state": 5}):
        assert api.request("PUT", f"{path}/reply", broken, key="bob").status in (400, 403)


def test_the_ability_is_there(api: Api) -> None:
    assert api.request("GET", "/abilities/coordinated_responding").status == 204


def _responders(api: Api, incident_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get(f"/incidents/{incident_id}")["incident"]["incidents_responders"]
    return found
