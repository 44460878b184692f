"""What is kept for clients: it comes back as it was sent, bare or wrapped, and secrets stay with who may change it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House
from tocsin.runtime.reads import AuditFilter


def extension(house: House, **more: Any) -> dict[str, Any]:
    return {
        "name": "Hook",
        "endpoint_url": "https://example.com/",
        "extension_objects": [{"id": house.service.id, "type": "service_reference"}],
        "extension_schema": {"id": "PJFWPEP", "type": "extension_schema_reference"},
        **more,
    }


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_extension_comes_back_as_it_was_sent(api: Api, house: House, wrapped: bool) -> None:
    sent = extension(house, config={"snow_user": "u", "snow_password": "p", "sync_options": "manual_sync"})
    made = api.post("/extensions", {"extension": sent} if wrapped else sent)["extension"]
    read = api.get(f"/extensions/{made['id']}")["extension"]
    assert read == made
    assert {name: read[name] for name in ("name", "endpoint_url", "config")} == {
        name: sent[name] for name in ("name", "endpoint_url", "config")
    }
    (target,) = read["extension_objects"]
    assert (target["id"], target["type"]) == (house.service.id, "service_reference")
    assert (read["extension_schema"]["id"], read["extension_schema"]["type"]) == (
        "PJFWPEP",
        "extension_schema_reference",
    )
    assert (read["type"], read["temporarily_disabled"]) == ("extension", False)
    assert read["html_url"] is None, "there is no page of it"
    assert api.post(f"/extensions/{made['id']}/enable", None)["extension"] == read
    changed = extension(house, name="Other", config=None, endpoint_url="")
    again = api.put(f"/extensions/{made['id']}", {"extension": changed} if wrapped else changed)["extension"]
    assert (again["name"], again["config"], again["endpoint_url"]) == ("Other", None, "")
    assert again["summary"] == read["summary"] == "Generic V2 Webhook", "Terraform wants it to outlive a new name"


def test_secrets_of_an_extension_are_for_who_may_change_it_and_not_on_record(api: Api, house: House) -> None:
    made = api.post("/extensions", extension(house, config={"snow_password": "hunter2"}))["extension"]
    path = f"/extensions/{made['id']}"
    assert api.get(path, key="alice")["extension"]["config"] is None
    assert api.get(path, key="carol")["extension"]["config"] == {"snow_password": "hunter2"}
    assert api.get("/extensions", key="alice")["extensions"][0]["config"] is None
    records = house.reads.audit(AuditFilter(kinds=("kept",))).items
    assert records
    assert "hunter2" not in str(records)
    api.put(path, {"name": "Other"})
    assert api.get(path)["extension"]["config"] == {"snow_password": "hunter2"}


def test_lists_are_narrowed(api: Api, house: House) -> None:
    for name, schema in (("Hook", "PJFWPEP"), ("Chat", "PEXTSL1")):
        api.post("/extensions", extension(house, name=name, extension_schema={"id": schema}))
    api.post("/addons", {"addon": {"name": "Page", "src": "https://example.com/", "type": "full_page_addon"}})
    for query, names in (
        ("query=hook", ["Hook"]),
        ("extension_schema_id=PEXTSL1", ["Chat"]),
        (f"extension_object_id={house.service.id}", ["Chat", "Hook"]),
        ("extension_object_id=PNOBODY", []),
    ):
        assert [one["name"] for one in api.get(f"/extensions?{query}")["extensions"]] == names, query
    assert api.get("/addons?filter=incident_show_addon")["addons"] == []
    assert len(api.get("/addons?filter=full_page_addon")["addons"]) == 1


def test_schemas_are_found_by_their_label(api: Api) -> None:
    labels = {one["label"]: one["id"] for one in api.get("/extension_schemas?limit=100")["extension_schemas"]}
    assert {"Generic V2 Webhook", "ServiceNow (v7)", "Slack"} <= set(labels)
    one = api.get(f"/extension_schemas/{labels['Slack']}")["extension_schema"]
    assert (one["label"], one["type"]) == ("Slack", "extension_schema")
    assert (labels["Generic V2 Webhook"], labels["ServiceNow (v7)"]) == ("PJFWPEP", "PAKM60Z"), "as configurations say"


def test_what_a_reference_names_may_go(api: Api, house: House) -> None:
    made = api.post("/extensions", extension(house))["extension"]
    api.delete(f"/services/{house.service.id}")
    assert api.get(f"/extensions/{made['id']}")["extension"]["extension_objects"] == []


def test_a_play_of_a_team_is_its_managers_and_holds_the_team(api: Api, house: House) -> None:
    sent = {"name": "All hands", "team": {"id": house.payments.id}, "responders": [{"id": house.alice.id, "num": 1.5}]}
    path = f"/response_plays/{api.post('/response_plays', {'response_play': sent}, key='carol')['response_play']['id']}"
    play = api.get(path)["response_play"]
    assert (play["team"]["id"], play["responders"]) == (house.payments.id, sent["responders"])
    assert api.request("PUT", path, {"response_play": {"name": "Mine"}}, key="mallory").status == 403
    to_search = {"response_play": {"team": {"id": house.search.id}}}
    assert api.request("PUT", path, to_search, key="carol").status == 403
    assert api.request("DELETE", f"/teams/{house.payments.id}").status == 400
    assert api.put(path, {"response_play": {"team": {}}})["response_play"]["team"] is None
    api.delete(path)
    assert api.request("GET", path).status == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/addons", {"addon": {"name": "G", "type": "full_page_addon", "src": "http://example.com/"}}),
        ("/addons", {"addon": {"name": " G", "type": "full_page_addon", "src": "https://example.com/"}}),
        ("/templates", {"template": {"name": "T", "templated_fields": {"message": 5}}}),
        ("/templates", {"template": {"name": "T", "description": "x" * 4097}}),
        ("/response_plays", {"response_play": {"name": "P", "responders": ["x" * 70_000]}}),
        ("/response_plays", {"response_play": {"name": "P", "responders": [2**60]}}),
    ],
)
def test_what_is_not_kept(api: Api, path: str, body: Any) -> None:
    assert api.request("POST", path, body).status == 400
    assert api.get(path)[path[1:]] == []
