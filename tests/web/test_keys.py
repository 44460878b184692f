"""API keys on their page: shown once, used when, renewed and revoked by whoever may."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace

import pytest

from tests.web.place import Place
from tests.web.test_hostile_text import ZOO, shape
from tests.web.test_incident_pages import words
from tocsin.dialects._kit.auth import caller
from tocsin.directory.model import ApiKey, Role
from tocsin.kernel.errors import NotSignedIn
from tocsin.kernel.time import MINUTE


def secret_in(html: str) -> str:
    (found,) = re.findall(r'<code class="secret">(tcs_\S+)</code>', html)
    return str(found)


def test_a_key_is_shown_once_with_what_to_do_with_it(place: Place) -> None:
    place.site = replace(place.site, public_url="https://tocsin.example")
    browser = place.client("erin")
    html = browser.act("/keys", name="Terraform", role="manager", team=place.team.id).text
    secret = secret_in(html)
    assert f"Token token={secret}" in html
    assert "https://tocsin.example/pagerduty" in html
    found = caller(place.desk.config(), secret)
    assert (found.key.name, found.key.role, found.key.team_ids) == ("Terraform", Role.MANAGER, (place.team.id,))
    again = browser.get("/keys").text
    assert secret not in again
    assert f"{secret[:8]}...{secret[-4:]}" in again
    assert "by Erin" in words(again)
    assert "never used" in again


def test_when_a_key_was_used_last(place: Place) -> None:
    key = place.desk.save(ApiKey(id="", name="K", digest="d", role=Role.ADMIN))
    place.site = replace(place.site, keys_used=lambda: {key.id: place.desk.clock.now() - 5 * MINUTE})
    assert "used 5 min ago" in words(place.client("erin").get("/keys").text)


def test_a_key_is_renewed_and_revoked_by_its_name(place: Place) -> None:
    browser = place.client("erin")
    old = secret_in(browser.act("/keys", name="Terraform", role="manager").text)
    key = caller(place.desk.config(), old).key
    refused = browser.act(f"/keys/{key.id}/renew", typed="terraform")
    assert refused.status_code == 422
    assert caller(place.desk.config(), old).key.id == key.id
    new = secret_in(browser.act(f"/keys/{key.id}/renew", typed="Terraform").text)
    assert caller(place.desk.config(), new).key.id == key.id
    with pytest.raises(NotSignedIn):
        caller(place.desk.config(), old)
    assert browser.act(f"/keys/{key.id}/revoke", typed="Terraform").headers["location"] == "/keys"
    with pytest.raises(NotSignedIn):
        caller(place.desk.config(), new)
    assert browser.act(f"/keys/{key.id}/revoke", typed="Terraform").status_code == 409
    assert browser.act(f"/keys/{key.id}/renew", typed="Terraform").status_code == 409
    assert "1 revoked" in browser.get("/keys").text


def test_a_refused_key_keeps_what_was_typed(place: Place) -> None:
    browser = place.client("erin")
    for fields in ({"role": "king"}, {"role": "manager", "team": "PNONE"}, {"role": "manager", "name": " "}):
        answer = browser.act("/keys", **({"name": "My robot"} | fields))
        assert answer.status_code == 422
        assert '<code class="secret">' not in answer.text
    assert 'value="My robot"' in browser.act("/keys", name="My robot", role="king").text
    assert not place.desk.config().api_keys


def test_who_sees_and_changes_which_keys(place: Place) -> None:
    place.person("dan", Role.ADMIN)
    other = place.desk.save(ApiKey(id="", name="Robot", digest="1", role=Role.OWNER))
    own = place.desk.save(
        ApiKey(id="", name="Laptop", digest="2", role=Role.RESPONDER, user_id=place.people["alice"].id)
    )
    alice = place.client("alice")
    html = alice.get("/keys").text
    assert "Laptop" in html
    assert "Robot" not in html
    assert 'id="form"' not in html
    assert alice.act("/keys", name="Mine", role="observer").status_code == 403
    assert alice.act(f"/keys/{other.id}/revoke", typed="Robot").status_code == 404
    assert secret_in(alice.act(f"/keys/{own.id}/renew", typed="Laptop").text)
    assert alice.act(f"/keys/{own.id}/revoke", typed="Laptop").status_code == 303
    admin = place.client("dan")
    assert "Robot" in admin.get("/keys").text
    assert admin.act(f"/keys/{other.id}/renew", typed="Robot").status_code == 403, "it is worth an owner"
    assert admin.act(f"/keys/{other.id}/revoke", typed="Robot").status_code == 403
    assert admin.act("/keys", name="N", role="owner").status_code == 403


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text(place: Place, text: str) -> None:
    name = "".join(letter for letter in text if letter.isprintable())[:250].strip() or "x"
    place.desk.save(ApiKey(id="", name=name, digest=hashlib.sha256(b"x").hexdigest(), role=Role.ADMIN))
    found = shape(place.client("erin").get("/keys").text)
    assert found.running == []
    assert found.tags["img"] == 0
