"""What counts on somebody who left is reported on /readiness, by `tocsin check` and on the thing's own page."""

from __future__ import annotations

import json
from dataclasses import replace

from tests.web.place import Place
from tests.web.test_incident_pages import words
from tocsin.directory.business import BusinessService, Subscriber
from tocsin.directory.kept import Kept
from tocsin.engine.named import NamedAs, lost_names
from tocsin.engine.readiness import Setup, readiness
from tocsin.kernel.time import HOUR
from tocsin.web.findings import SENTENCES, said


def counted_on(place: Place) -> None:
    """Mallory is named everywhere, and leaves."""
    mallory = place.people["mallory"]
    place.rota("Nights", "mallory", "bob")
    place.cover(place.schedule, "mallory", hours=5)
    place.desk.save(replace(place.team, lead_id=mallory.id), "lead_id")
    given = [{"name": "Responders", "value": mallory.email}]
    steps = [{"id": "1", "name": "Ask", "action_configuration": {"action_id": "x:y:add-responders:1", "inputs": given}}]
    place.desk.save(Kept(id="", resource="incident_workflow", name="Major", wire=json.dumps({"steps": steps})))
    wire = json.dumps({"responders": [{"id": mallory.id}]})
    place.desk.save(Kept(id="", resource="response_play", name="All hands", wire=wire))
    shop = place.desk.save(BusinessService(id="", name="Shop"))
    place.desk.save(Subscriber(subscriber_id=mallory.id, subscribed_id=shop.id))
    place.desk.save(replace(mallory, active=False), "active")


def test_each_is_one_finding_with_its_own_sentence(place: Place) -> None:
    counted_on(place)
    found = [one for one in readiness(place.desk.config(), Setup(), place.desk.clock.now()) if "lost" in one.code]
    every = {f"lost_{how}" for how in (NamedAs.TURNS, NamedAs.COVER, NamedAs.LEAD, NamedAs.WORKFLOW, NamedAs.RECORD,
                                       NamedAs.SUBSCRIBER)}  # fmt: skip
    assert {one.code for one in found} == every
    assert every == {code for code in SENTENCES if code.startswith("lost_")}
    for one in found:
        assert "Mallory" in said(one)
    assert len(lost_names(place.desk.config(), place.desk.clock.now() + 6 * HOUR)) == len(found) - 1, (
        "the cover is over"
    )


def test_the_page_leads_to_where_it_is_mended(place: Place) -> None:
    counted_on(place)
    html = place.client("erin").get("/readiness").text
    assert "Team Payments is led by Mallory, who is not here any more." in words(html)
    assert "A step of the workflow Major names Mallory, who is not here." in words(html)
    assert f'href="/teams/{place.team.id}"' in html
    assert "counts on people who are not here any more: Mallory" in words(
        place.client("erin").get(f"/teams/{place.team.id}").text
    )
    assert "counts on people who are not here any more: Mallory" in words(place.client("erin").get("/workflows").text)


def test_a_schedule_says_who_of_its_people_is_gone(place: Place) -> None:
    counted_on(place)
    nights = next(one for one in place.desk.config().schedules.values() if one.name == "Nights")
    shown = words(place.client("erin").get(f"/schedules/{nights.id}").text)
    assert "It counts on people who are not here any more: Mallory" in shown
