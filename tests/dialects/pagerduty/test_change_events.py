"""Changes are recorded and found again; incidents beside an incident."""

from __future__ import annotations

from tests.dialects.pagerduty.api import Api, House
from tocsin.directory.business import Dependency
from tocsin.directory.model import Service
from tocsin.events.model import Action, Event
from tocsin.kernel.time import DAY, HOUR
from tocsin.runtime.reads import Reads
from tocsin.storage.log import Entry

BODY = b"""{"routing_key": "k", "links": [{"href": "https://example.com/", "text": "t"}],
"payload": {"summary": "Deployed 1.2", "source": "ci", "custom_details": {"build": 7}}}"""


class Journal:
    """A log in which every event says the same."""

    def get(self, seq: int) -> Entry | None:
        return Entry(seq, 0, "pagerduty.v2.change", "", "", BODY)

    def close(self) -> None:
        pass


def change(house: House) -> None:
    event = Event(
        action=Action.CHANGE, integration_id=house.integration.id, received_at=house.clock.now(), dedup_key=""
    )
    house.receive(event)


def test_changes_are_listed_newest_first(house: House) -> None:
    house.reads = Reads(house.reads._database, Journal)  # type: ignore[arg-type]
    api = Api(house)
    for _ in range(3):
        change(house)
        house.advance(HOUR)
    found = api.get("/change_events?limit=2&total=true")
    assert (len(found["change_events"]), found["more"], found["total"]) == (2, True, 3)
    first = found["change_events"][0]
    assert (first["summary"], first["source"], first["custom_details"]) == ("Deployed 1.2", "ci", {"build": 7})
    assert (first["services"][0]["id"], first["timestamp"]) == (house.service.id, "2026-01-06T11:00:00Z")
    assert (first["routing_key"], len(first["links"])) == (None, 1)
    assert api.get(f"/change_events/{first['id']}")["change_event"] == first
    assert len(api.get("/change_events?since=2026-01-06T10:00:00Z&until=2026-01-06T11:00:00Z")["change_events"]) == 1
    assert api.get(f"/change_events?team_ids[]={house.search.id}")["change_events"] == []
    assert len(api.get(f"/change_events?team_ids[]={house.payments.id}")["change_events"]) == 3
    assert len(api.get(f"/services/{house.service.id}/change_events")["change_events"]) == 3
    assert api.get("/change_events?integration_ids[]=PX")["change_events"] == []
    assert api.request("GET", "/change_events?since=soon").status == 400
    for missing in ("/change_events/R0000000000099", "/change_events/x", "/services/PX/change_events"):
        assert api.request("GET", missing).status == 404
    incident = house.alarm()
    near = api.get(f"/incidents/{incident.id}/related_change_events")["change_events"]
    assert [one["correlation_reason"]["reason"] for one in near] == ["most_recent"] * 3
    api.close()


def test_a_change_whose_body_is_gone_is_still_there(api: Api, house: House) -> None:
    change(house)
    assert [one["summary"] for one in api.get("/change_events")["change_events"]] == [""]


def test_incidents_of_the_past_that_were_alike(api: Api, house: House) -> None:
    for number, title in enumerate(("Disk 1 of db is full", "Disk 7 of db is full", "Fan is loud")):
        one = house.alarm(f"k{number}", title)
        api.put(f"/incidents/{one.id}", {"incident": {"status": "resolved"}}, key="alice")
        house.advance(DAY)
    now = house.alarm("k9", "Disk 3 of db is full")
    found = api.get(f"/incidents/{now.id}/past_incidents?total=true")
    assert [one["incident"]["title"][:6] for one in found["past_incidents"]] == ["Disk 7", "Disk 1"]
    assert (found["total"], found["limit"]) == (2, 5)
    assert len(api.get(f"/incidents/{now.id}/past_incidents?limit=1")["past_incidents"]) == 1
    for wrong in ("0", "1000", "x", "-1"):
        assert api.request("GET", f"/incidents/{now.id}/past_incidents?limit={wrong}").status == 400
    rare = api.get(f"/incidents/{now.id}/outlier_incident")["outlier_incident"]
    assert rare["incident"]["occurrence"] == {"category": "frequent", "count": 2}


def test_open_incidents_of_services_that_depend_on_each_other(api: Api, house: House) -> None:
    other = house.save(Service(id="", name="Database", policy_id=house.policy.id))
    house.save(Dependency(id="", dependent_id=house.service.id, supporting_id=other.id))
    incident = house.alarm()
    body = {"incident": {"title": "Down", "service": {"id": other.id, "type": "service_reference"}}}
    beside = api.post("/incidents", body)["incident"]
    (found,) = api.get(f"/incidents/{incident.id}/related_incidents")["related_incidents"]
    assert found["incident"]["id"] == beside["id"]
    assert found["relationships"][0]["metadata"]["supporting_services"][0]["id"] == other.id
    (back,) = api.get(f"/incidents/{beside['id']}/related_incidents")["related_incidents"]
    assert back["relationships"][0]["metadata"]["dependent_services"][0]["id"] == house.service.id
