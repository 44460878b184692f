"""Addresses that the API names for people lead somewhere."""

from __future__ import annotations

import json
from urllib.parse import urldefrag

import pytest

from tests.web.place import Place
from tocsin.directory.business import BusinessService
from tocsin.directory.kept import Kept
from tocsin.web.linked import PAGES


def test_each_leads_to_its_page(place: Place) -> None:
    shop = place.desk.save(BusinessService(id="", name="Shop"))
    flow = place.desk.save(Kept(id="", resource="incident_workflow", name="Major", wire=json.dumps({"steps": []})))
    config = place.desk.config()
    ids = {
        "/users/{id}": next(iter(config.users)),
        "/escalation_policies/{id}": place.policy.id,
        "/business_services/{id}": shop.id,
        "/maintenance_windows/{id}": "PANY",
        "/incident_workflows/triggers/{id}": "PANY",
        "/incident_workflows/{id}": flow.id,
    }
    assert set(ids) == set(PAGES)
    browser = place.client("erin")
    for path, thing_id in ids.items():
        led = browser.get(path.format(id=thing_id), follow_redirects=False)
        assert led.status_code == 303, path
        to, place_in_it = urldefrag(led.headers["location"])
        page = browser.get(to)
        assert page.status_code == 200, path
        assert not place_in_it or f'id="{place_in_it}"' in page.text, path


@pytest.mark.parametrize("odd", ["%2F%2Fevil.example", "x%0d%0aSet-Cookie:a", "%3Cscript%3E", ".."])
def test_an_odd_id_leads_nowhere_else(place: Place, odd: str) -> None:
    led = place.client("erin").get(f"/users/{odd}", follow_redirects=False)
    if led.status_code == 303:
        assert led.headers["location"].startswith("/people/")
        assert not set(led.headers["location"]) & set("<>\r\n ")
    else:
        assert led.status_code in (200, 404)


def test_whoever_is_not_signed_in_signs_in_first(place: Place) -> None:
    led = place.client("").get("/users/PANY", follow_redirects=False)
    assert led.headers["location"].startswith("/sign-in")
