"""Business services, what depends on what, tags, who hears of what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House


def business(api: Api, name: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = api.post("/business_services", {"business_service": {"name": name, **more}})[
        "business_service"
    ]
    return made


def needs(dependent: str, supporting: str, kinds: str = "business_service business_service") -> dict[str, Any]:
    first, second = kinds.split()
    ends = {
        "dependent_service": {"id": dependent, "type": first},
        "supporting_service": {"id": supporting, "type": second},
    }
    return {"relationships": [ends]}


def test_no_team_is_null_whichever_way_clients_say_it(api: Api, house: House) -> None:
    sent = {"description": "Managed by Terraform", "point_of_contact": "Olive", "type": "business_service"}
    made: dict[str, Any] = {}
    for number, team in enumerate[Any](({}, None, {"id": None})):
        made = business(api, f"Checkout {number}", team=team, **sent)
        assert made["team"] is None
        assert {name: made[name] for name in sent} == sent
        assert made == api.get(f"/business_services/{made['id']}")["business_service"]
    path = f"/business_services/{made['id']}"
    owned = api.put(path, {"business_service": {"team": {"id": house.payments.id}}})["business_service"]
    assert (owned["team"]["id"], owned["team"]["type"]) == (house.payments.id, "team_reference")
    assert api.put(path, {"business_service": {"name": "Other"}})["business_service"]["team"] == owned["team"]
    assert api.put(path, {"business_service": {"team": {}}})["business_service"]["team"] is None
    api.delete(path)
    assert api.request("GET", path).status == 404


def test_a_renamed_service_is_answered_with_the_summary_that_came_with_it(api: Api) -> None:
    """Terraform sends the old summary with a new name, and takes any other in the answer for a defect."""
    path = f"/business_services/{business(api, 'Checkout')['id']}"
    sent = {"name": "Payments", "summary": "Checkout"}
    answered = api.put(path, {"business_service": sent})["business_service"]
    assert {name: answered[name] for name in sent} == sent
    assert api.get(path)["business_service"]["summary"] == "Payments"


def test_lists_find_by_name(api: Api) -> None:
    for name in ("Checkout", "Checkout EU", "Search"):
        business(api, name)
    found = api.get("/business_services?query=checkout&limit=1").body
    assert ([one["name"] for one in found["business_services"]], found["more"]) == (["Checkout"], True)


def test_a_dependency_is_made_once_and_found_from_both_ends(api: Api, house: House) -> None:
    checkout = business(api, "Checkout")["id"]
    wanted = needs(checkout, house.service.id, "business_service_reference service_reference")
    made = api.post("/service_dependencies/associate", wanted)["relationships"]
    assert api.post("/service_dependencies/associate", wanted)["relationships"] == made
    (one,) = made
    assert (one["type"], len(one["id"])) == ("service_dependency", 16)
    assert one["dependent_service"] == {"id": checkout, "type": "business_service"}
    assert one["supporting_service"] == {"id": house.service.id, "type": "service"}
    assert api.get(f"/service_dependencies/business_services/{checkout}")["relationships"] == made
    assert api.get(f"/service_dependencies/technical_services/{house.service.id}")["relationships"] == made
    assert api.post("/service_dependencies/disassociate", {"relationships": made})["relationships"] == made
    assert api.get(f"/service_dependencies/business_services/{checkout}")["relationships"] == []
    assert api.request("POST", "/service_dependencies/disassociate", {"relationships": made}).status == 404


def test_dependencies_point_at_what_is_there_and_never_in_a_circle(api: Api, house: House) -> None:
    one, two = business(api, "One")["id"], business(api, "Two")["id"]
    api.post("/service_dependencies/associate", needs(one, two))
    wrongs: tuple[Any, ...] = (
        needs(two, one),
        needs(one, one),
        needs(one, two, "business_service team"),
        {"relationships": []},
        {"relationships": [{}]},
        {"relationships": 5},
        {},
    )
    for wrong in wrongs:
        reply = api.request("POST", "/service_dependencies/associate", wrong)
        assert (reply.status, reply.code) == (400, 2001), wrong
        assert reply.errors
    api.delete(f"/business_services/{two}")
    assert api.get(f"/service_dependencies/business_services/{one}")["relationships"] == []


def test_a_dependency_on_what_is_not_there_is_not_found_with_the_ends_that_are_missing(api: Api, house: House) -> None:
    one = business(api, "One")["id"]
    for wrong, missing in (
        (needs(one, "PNOBODY"), ["Supporting service PNOBODY not found"]),
        (needs("PNOBODY", one), ["Dependent service PNOBODY not found"]),
        (
            needs("PNOBODY", "PNOTHING"),
            ["Supporting service PNOTHING not found", "Dependent service PNOBODY not found"],
        ),
        (needs(one, house.service.id), [f"Supporting service {house.service.id} not found"]),
    ):
        reply = api.request("POST", "/service_dependencies/associate", wrong)
        assert (reply.status, reply.code, reply.errors) == (404, 2100, missing), wrong
    assert api.get(f"/service_dependencies/business_services/{one}")["relationships"] == []


def test_open_incidents_reach_what_needs_their_service(api: Api, house: House) -> None:
    shop, checkout, other = (business(api, name)["id"] for name in ("Shop", "Checkout", "Other"))
    api.post("/service_dependencies/associate", needs(shop, checkout))
    api.post("/service_dependencies/associate", needs(checkout, house.service.id, "business_service service"))

    def states(path: str) -> dict[str, str]:
        return {one["id"]: one["status"] for one in api.get(path)["services"]}

    assert states("/business_services/impacts") == {shop: "not_impacted", other: "not_impacted"}
    incident = house.alarm()
    assert states("/business_services/impacts") == {shop: "impacted", other: "not_impacted"}
    assert states(f"/business_services/{shop}/supporting_services/impacts") == {checkout: "impacted"}
    assert api.get("/business_services/impactors")["impactors"] == [{"id": incident.id, "type": "incident"}]
    assert api.get(f"/business_services/impactors?ids[]={other}")["impactors"] == []
    counted = api.get("/business_services/impacts?additional_fields[]=total_impacted_count&limit=1").body
    assert (counted["additional_fields"], counted["more"]) == ({"total_impacted_count": 1}, True)
    first, second = [one["id"] for one in api.get("/priorities")["priorities"]][:2]
    threshold = "/business_services/priority_thresholds"
    assert api.get(threshold).body == {}
    assert api.put(threshold, {"global_threshold": {"id": second, "order": 9}}).body == {
        "global_threshold": {"id": second, "order": 2}
    }
    assert states("/business_services/impacts")[shop] == "not_impacted"
    api.put(f"/incidents/{incident.id}", {"incident": {"priority": {"id": first}}})
    (row,) = (one for one in api.get("/business_services/impacts")["services"] if one["id"] == shop)
    assert row["additional_fields"] == {"highest_impacting_priority": {"id": first, "order": 1}}
    api.delete(threshold)
    assert api.get(threshold).body == {}
    api.put(f"/incidents/{incident.id}", {"incident": {"status": "resolved"}})
    assert states("/business_services/impacts")[shop] == "not_impacted"


def test_subscribers_each_have_their_result(api: Api, house: House) -> None:
    path = f"/business_services/{business(api, 'Checkout')['id']}"
    alice = {"subscriber_id": house.alice.id, "subscriber_type": "user"}
    team = {"subscriber_id": house.payments.id, "subscriber_type": "team"}
    nobody = {"subscriber_id": "PNOBODY", "subscriber_type": "user"}
    added = api.post(f"{path}/subscribers", {"subscribers": [alice, team, nobody]})["subscriptions"]
    assert [one["result"] for one in added] == ["success", "success", "unauthorized"]
    again = api.post(f"{path}/subscribers", {"subscribers": [alice]})["subscriptions"]
    assert [one["result"] for one in again] == ["duplicate"]
    assert api.get(f"{path}/subscribers")["subscribers"] == [alice, team]
    heard = api.get(f"/users/{house.alice.id}/notification_subscriptions")["subscriptions"]
    assert [(one["subscribable_name"], one["subscription"]["subscribable_type"]) for one in heard] == [
        ("Checkout", "business_service")
    ]
    counts = api.post(f"{path}/unsubscribe", {"subscribers": [alice, nobody]}).body
    assert counts == {"deleted_count": 1, "unauthorized_count": 0, "non_existent_count": 1}
    assert api.get(f"{path}/subscribers")["subscribers"] == [team]
    api.delete(path)
    assert api.get(f"/teams/{house.payments.id}/notification_subscriptions")["subscriptions"] == []


def test_people_subscribe_themselves_to_incidents_that_they_see(api: Api, house: House) -> None:
    incident = house.alarm()
    path = f"/users/{house.alice.id}/notification_subscriptions"
    wanted = {"subscribables": [{"subscribable_id": incident.id, "subscribable_type": "incident"}]}
    assert api.post(path, wanted, key="alice")["subscriptions"][0]["result"] == "success"
    assert api.request("POST", path, wanted, key="bob").status == 403
    assert api.get(path, key="alice")["subscriptions"][0]["subscribable_name"] == incident.title
    assert api.request("GET", f"/teams/{house.alice.id}/notification_subscriptions").status == 404
    assert api.post(f"{path}/unsubscribe", wanted, key="alice")["deleted_count"] == 1


def test_what_people_say_of_an_incident_counts(api: Api, house: House) -> None:
    checkout, other = (business(api, name)["id"] for name in ("Checkout", "Other"))
    api.post("/service_dependencies/associate", needs(checkout, house.service.id, "business_service service"))
    incident = house.alarm()
    path = f"/incidents/{incident.id}/business_services"

    def states(at: str = f"{path}/impacts") -> dict[str, str]:
        return {one["id"]: one["status"] for one in api.get(at)["services"]}

    assert states() == {checkout: "impacted"}
    for _ in range(2):
        assert api.put(f"{path}/{other}/impacts", {"relation": "impacted"}).body == {"relation": "impacted"}
    assert api.put(f"{path}/{checkout}/impacts", {"relation": "not_impacted"}, key="alice").status == 200
    assert states() == {checkout: "not_impacted", other: "impacted"}
    assert states("/business_services/impacts") == {checkout: "not_impacted", other: "impacted"}
    for wrong in ({}, {"relation": "maybe"}, {"relation": None}, {"relation": 5}):
        assert api.request("PUT", f"{path}/{other}/impacts", wrong).status == 400
    assert api.request("PUT", f"{path}/PNOBODY/impacts", {"relation": "impacted"}).status == 404


def test_subscribers_of_an_incident(api: Api, house: House) -> None:
    path = f"/incidents/{house.alarm().id}/status_updates"
    team = {"subscriber_id": house.payments.id, "subscriber_type": "team"}
    added = api.post(f"{path}/subscribers", {"subscribers": [team]})["subscriptions"]
    assert [(one["subscribable_type"], one["result"]) for one in added] == [("incident", "success")]
    (row,) = api.get(f"{path}/subscribers")["subscribers"]
    assert (row["subscriber_id"], row["has_indirect_subscription"]) == (house.payments.id, False)
    assert len(api.get(f"/teams/{house.payments.id}/notification_subscriptions")["subscriptions"]) == 1
    assert api.post(f"{path}/unsubscribe", {"subscribers": [team]})["deleted_count"] == 1
    assert api.get(f"{path}/subscribers")["subscribers"] == []


@pytest.mark.parametrize("entity", ["users", "teams", "escalation_policies"])
def test_tags_go_on_and_off(api: Api, house: House, entity: str) -> None:
    ids = {"users": house.alice.id, "teams": house.payments.id, "escalation_policies": house.policy.id}
    path = f"/{entity}/{ids[entity]}"
    tag = api.post("/tags", {"tag": {"type": "tag", "label": "Critical"}})["tag"]
    assert (tag["label"], tag["summary"], tag["type"]) == ("Critical", "Critical", "tag")
    assert api.get(f"/tags/{tag['id']}")["tag"] == tag
    by_both = {"add": [{"type": "tag_reference", "id": tag["id"]}, {"type": "tag", "label": "Tier 1"}]}
    for _ in range(2):
        assert api.post(f"{path}/change_tags", by_both).body == {}
        assert [one["label"] for one in api.get(f"{path}/tags")["tags"]] == ["Critical", "Tier 1"]
    assert [one["id"] for one in api.get(f"/tags/{tag['id']}/{entity}")[entity]] == [ids[entity]]
    assert [one["label"] for one in api.get("/tags?query=tier")["tags"]] == ["Tier 1"]
    api.post(f"{path}/change_tags", {"remove": [{"type": "tag_reference", "id": tag["id"]}]})
    assert [one["label"] for one in api.get(f"{path}/tags")["tags"]] == ["Tier 1"]
    tier = api.get(f"{path}/tags")["tags"][0]["id"]
    api.delete(f"/tags/{tier}")
    assert api.get(f"{path}/tags")["tags"] == []


def test_a_tag_that_can_not_be(api: Api, house: House) -> None:
    api.post("/tags", {"tag": {"type": "tag", "label": "Critical"}})
    for label in ("critical", "", None, "x" * 192, 5):
        assert api.request("POST", "/tags", {"tag": {"label": label}}).status == 400, label
    path = f"/teams/{house.payments.id}/change_tags"
    wrongs: tuple[Any, ...] = ({"add": [{"id": "PX"}]}, {"remove": [{"id": "PX"}]}, {"add": [{}]}, {"add": 5})
    for wrong in wrongs:
        assert api.request("POST", path, wrong).status == 400, wrong
    assert api.request("GET", f"/tags/{api.get('/tags')['tags'][0]['id']}/services").status == 404


def test_what_goes_takes_its_tags_and_subscriptions_along(api: Api, house: House) -> None:
    checkout = business(api, "Checkout")["id"]
    api.post(f"/users/{house.mallory.id}/change_tags", {"add": [{"type": "tag", "label": "Gone"}]})
    mallory = {"subscriber_id": house.mallory.id, "subscriber_type": "user"}
    api.post(f"/business_services/{checkout}/subscribers", {"subscribers": [mallory]})
    api.delete(f"/users/{house.mallory.id}")
    tag = api.get("/tags")["tags"][0]["id"]
    assert api.get(f"/tags/{tag}/users")["users"] == []
    assert api.get(f"/business_services/{checkout}/subscribers")["subscribers"] == []
