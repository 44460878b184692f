"""Users, contact methods, notification rules, teams and memberships: made, changed, refused, removed."""

from __future__ import annotations

import pytest

from tests.dialects.pagerduty.api import Api, House

ROLES = [
    "owner",
    "admin",
    "user",
    "limited_user",
    "observer",
    "restricted_access",
    "read_only_user",
    "read_only_limited_user",
]


def test_a_new_user_can_be_reached_by_mail_at_once(api: Api) -> None:
    user = api.post("/users", {"user": {"name": "Dave", "email": "dave@example.com"}})["user"]
    assert (user["role"], user["time_zone"], user["type"]) == ("user", "Etc/UTC", "user")
    methods = api.get(f"/users/{user['id']}/contact_methods")["contact_methods"]
    rules = api.get(f"/users/{user['id']}/notification_rules")["notification_rules"]
    assert [(method["type"], method["address"]) for method in methods] == [("email_contact_method", "dave@example.com")]
    assert {(rule["urgency"], rule["start_delay_in_minutes"]) for rule in rules} == {("high", 0), ("low", 0)}
    assert {rule["contact_method"]["id"] for rule in rules} == {methods[0]["id"]}


def test_of_the_blanks_in_a_name_one_is_left(api: Api) -> None:
    path = f"/users/{api.post('/users', {'user': {'name': ' Dave  Doe ', 'email': 'dave@example.com'}})['user']['id']}"
    assert api.get(path)["user"]["name"] == "Dave Doe"
    assert api.put(path, {"user": {"name": "Dave \tD."}})["user"]["name"] == "Dave D."
    assert api.request("PUT", path, {"user": {"name": "  "}}).status == 400


@pytest.mark.parametrize("role", ROLES)
def test_every_role_comes_back_as_it_was_sent(api: Api, role: str) -> None:
    user = api.post("/users", {"user": {"name": "Dave", "email": "dave@example.com", "role": role}})["user"]
    assert user["role"] == role
    license_ = api.get(f"/users/{user['id']}/license")["license"]
    assert role in license_["valid_roles"]
    assert license_["role_group"] == ("Stakeholder" if role.startswith("read_only") else "FullUser")


def test_an_update_changes_what_it_names_and_nothing_else(api: Api, house: House) -> None:
    path = f"/users/{house.bob.id}"
    before = api.get(path)["user"]
    api.put(path, {"user": {"job_title": "SRE", "time_zone": "Europe/Berlin", "color": "green"}})
    after = api.get(path)["user"]
    assert after == {**before, "job_title": "SRE", "time_zone": "Europe/Berlin", "color": "green"}
    api.put(path, {"user": {"job_title": None}})
    assert api.get(path)["user"]["job_title"] is None
    assert api.put(path, {"user": {}})["user"] == {**after, "job_title": None}


def test_a_taken_address_is_refused_in_the_words_that_clients_compare(api: Api) -> None:
    reply = api.request("POST", "/users", {"user": {"name": "Alice", "email": "ALICE@example.com"}})
    assert (reply.status, reply.errors) == (400, ["Email has already been taken"])


def test_users_are_found_by_name_or_address(api: Api, house: House) -> None:
    assert [user["id"] for user in api.get("/users?query=ALICE%40example.com")["users"]] == [house.alice.id]
    assert [user["name"] for user in api.get("/users?query=example.com")["users"]] == sorted(
        ["Alice", "Bob", "Carol", "Mallory", "Olive"]
    )
    assert {user["name"] for user in api.get(f"/users?team_ids[]={house.search.id}")["users"]} == {"Mallory"}
    assert {user["name"] for user in api.get(f"/users?team_ids%5B%5D={house.payments.id}")["users"]} == {
        "Alice",
        "Bob",
        "Carol",
    }


def test_included_things_come_in_full(api: Api, house: House) -> None:
    plain = api.get(f"/users/{house.alice.id}")["user"]
    full = api.get(f"/users/{house.alice.id}?include[]=contact_methods&include[]=notification_rules&include[]=teams")[
        "user"
    ]
    assert [one["type"] for one in plain["contact_methods"]] == ["email_contact_method_reference"]
    assert full["contact_methods"][0]["address"] == "alice@example.com"
    assert full["notification_rules"][0]["urgency"] in ("high", "low")
    assert (plain["teams"][0]["type"], full["teams"][0]["type"]) == ("team_reference", "team")


def test_me_is_the_person_of_the_key(api: Api, house: House) -> None:
    assert api.get("/users/me", key="alice")["user"]["id"] == house.alice.id
    reply = api.request("GET", "/users/me")
    assert reply.status == 400
    assert isinstance(reply.body["error"], str), "clients tell an account's key by this"
    assert "account-level access tokens" in reply.body["error"]


def test_somebody_who_is_needed_is_not_removed(api: Api, house: House) -> None:
    for person in (house.alice, house.carol, house.olive):
        assert api.request("DELETE", f"/users/{person.id}").status == 400
        assert api.get(f"/users/{person.id}").status == 200
    api.delete(f"/users/{house.mallory.id}")
    assert api.request("GET", f"/users/{house.mallory.id}").status == 404
    assert api.request("DELETE", f"/users/{house.mallory.id}").status == 404


# -- contact methods and rules


def test_a_phone_is_added_changed_and_removed(api: Api, house: House) -> None:
    path = f"/users/{house.alice.id}/contact_methods"
    wanted = {"type": "sms_contact_method", "label": "Mobile", "address": "2025550101", "country_code": 1}
    made = api.post(path, {"contact_method": wanted})["contact_method"]
    assert {name: made[name] for name in wanted} == wanted
    assert (made["enabled"], made["blacklisted"], made["summary"]) == (True, False, "Mobile")
    assert api.get(f"{path}/{made['id']}")["contact_method"] == made
    api.put(f"{path}/{made['id']}", {"contact_method": {"label": "Work", "address": "2025550102"}})
    changed = api.get(f"{path}/{made['id']}")["contact_method"]
    assert changed == {**made, "label": "Work", "summary": "Work", "address": "2025550102"}
    api.delete(f"{path}/{made['id']}")
    assert api.request("GET", f"{path}/{made['id']}").status == 404


def test_a_number_without_country_code_gets_the_first_one(api: Api, house: House) -> None:
    body = {"contact_method": {"type": "phone_contact_method", "label": "Home", "address": "2025550103"}}
    made = api.post(f"/users/{house.bob.id}/contact_methods", body)["contact_method"]
    assert made["country_code"] == 1
    email = {"contact_method": {"type": "email_contact_method", "label": "Other", "address": "b@example.com"}}
    assert "country_code" not in api.post(f"/users/{house.bob.id}/contact_methods", email)["contact_method"]


def test_a_number_has_no_zero_before_it_where_nobody_would_be_reached_so(api: Api, house: House) -> None:
    path = f"/users/{house.bob.id}/contact_methods"
    body = {"type": "phone_contact_method", "label": "Home", "address": "0613013250", "country_code": 33}
    reply = api.request("POST", path, {"contact_method": body})
    assert (reply.status, reply.errors) == (400, ["Phone number can't start with a zero"])
    made = api.post(path, {"contact_method": {**body, "country_code": 39}})["contact_method"]
    assert made["address"] == "0613013250", "a landline in Rome"
    reply = api.request("PUT", f"{path}/{made['id']}", {"contact_method": {"country_code": 33}})
    assert reply.status == 400


def test_the_same_address_twice_is_refused_in_the_words_that_clients_compare(api: Api, house: House) -> None:
    path = f"/users/{house.alice.id}/contact_methods"
    body = {"contact_method": {"type": "sms_contact_method", "label": "A", "address": "2025550101", "country_code": 1}}
    api.post(path, body)
    reply = api.request("POST", path, body)
    assert (reply.status, reply.errors) == (400, ["User Contact method must be unique"])


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("hooks.example.com/a", "it must begin with https:// or http://"),
        ("https:///a", "its host is not a valid name"),
        ("https://alice:secret@hooks.example.com/a", "a user name or password may not be part of it"),
    ],
)
def test_a_webhook_that_can_never_be_called_is_refused(api: Api, house: House, address: str, problem: str) -> None:
    path = f"/users/{house.alice.id}/contact_methods"
    body = {"contact_method": {"type": "webhook_contact_method", "label": "Bot", "address": address}}
    reply = api.request("POST", path, body)
    assert (reply.status, reply.errors) == (400, [f"Address is not a URL that can be called: {problem}"])
    body["contact_method"]["address"] = "https://hooks.example.com/a"
    made = api.post(path, body)["contact_method"]
    reply = api.request("PUT", f"{path}/{made['id']}", {"contact_method": {"address": address}})
    assert (reply.status, reply.errors) == (400, [f"Address is not a URL that can be called: {problem}"])
    assert api.get(f"{path}/{made['id']}")["contact_method"] == made


@pytest.mark.parametrize("sent", ["sms_contact_method", "sms_contact_method_reference"])
def test_a_rule_keeps_the_type_of_its_contact_method_to_the_letter(api: Api, house: House, sent: str) -> None:
    user = f"/users/{house.alice.id}"
    body = {"contact_method": {"type": "sms_contact_method", "label": "A", "address": "2025550101", "country_code": 1}}
    method = api.post(f"{user}/contact_methods", body)["contact_method"]
    rule = {
        "type": "assignment_notification_rule",
        "start_delay_in_minutes": 5,
        "urgency": "high",
        "contact_method": {"id": method["id"], "type": sent},
    }
    made = api.post(f"{user}/notification_rules", {"notification_rule": rule})["notification_rule"]
    found = api.get(f"{user}/notification_rules/{made['id']}")["notification_rule"]
    assert (found["contact_method"]["type"], found["start_delay_in_minutes"], found["urgency"]) == (sent, 5, "high")
    twin = api.request("POST", f"{user}/notification_rules", {"notification_rule": rule})
    assert (twin.status, twin.errors) == (400, ["Channel Start delay must be unique for a given contact method"])
    api.put(f"{user}/notification_rules/{made['id']}", {"notification_rule": {"start_delay_in_minutes": 6}})
    changed = api.get(f"{user}/notification_rules/{made['id']}")["notification_rule"]
    assert changed["start_delay_in_minutes"] == 6
    assert changed["contact_method"]["type"] == sent
    api.delete(f"{user}/notification_rules/{made['id']}")
    assert api.request("GET", f"{user}/notification_rules/{made['id']}").status == 404


def test_what_belongs_to_somebody_is_not_found_with_somebody_else(api: Api, house: House) -> None:
    method = api.get(f"/users/{house.alice.id}/contact_methods")["contact_methods"][0]
    rule = api.get(f"/users/{house.alice.id}/notification_rules")["notification_rules"][0]
    for path in (f"contact_methods/{method['id']}", f"notification_rules/{rule['id']}"):
        for verb in ("GET", "DELETE"):
            assert api.request(verb, f"/users/{house.bob.id}/{path}").status == 404
    reply = api.request(
        "POST",
        f"/users/{house.bob.id}/notification_rules",
        {"notification_rule": {"start_delay_in_minutes": 1, "urgency": "high", "contact_method": {"id": method["id"]}}},
    )
    assert (reply.status, reply.errors) == (400, ["Contact method not found"])


# -- teams


def test_a_team_is_made_changed_and_removed(api: Api) -> None:
    made = api.post("/teams", {"team": {"name": "Ops", "description": "Managed by Terraform"}})["team"]
    assert (made["parent"], made["default_role"]) == (None, "manager")
    child = api.post("/teams", {"team": {"name": "Net", "parent": {"id": made["id"], "type": "team_reference"}}})[
        "team"
    ]
    assert child["parent"]["id"] == made["id"]
    api.put(f"/teams/{child['id']}", {"team": {"parent": None, "name": "Network"}})
    assert api.get(f"/teams/{child['id']}")["team"]["parent"] is None
    api.delete(f"/teams/{child['id']}")
    assert api.request("GET", f"/teams/{child['id']}").status == 404


def test_a_team_that_owns_something_stays(api: Api, house: House) -> None:
    reply = api.request("DELETE", f"/teams/{house.payments.id}")
    assert (reply.status, reply.code) == (400, 6006)


def test_members_come_change_and_go(api: Api, house: House) -> None:
    path = f"/teams/{house.search.id}"

    def roles() -> dict[str, str]:
        return {one["user"]["id"]: one["role"] for one in api.get(f"{path}/members")["members"]}

    api.put(f"{path}/users/{house.bob.id}", {"role": "responder"})
    assert roles()[house.bob.id] == "responder"
    api.put(f"{path}/users/{house.bob.id}", {"role": "observer"})
    assert roles()[house.bob.id] == "observer"
    assert api.request("PUT", f"{path}/users/{house.alice.id}").status == 204, "no body: a manager"
    assert roles()[house.alice.id] == "manager"
    api.delete(f"{path}/users/{house.bob.id}")
    assert house.bob.id not in roles()
    assert api.request("DELETE", f"{path}/users/{house.bob.id}").status == 404
    assert api.request("PUT", f"{path}/users/PNOBODY", {"role": "manager"}).status == 404
    assert api.request("PUT", f"{path}/users/{house.bob.id}", {"role": "king"}).status == 400


def test_a_member_who_is_called_stays_in_the_words_that_clients_look_for(api: Api, house: House) -> None:
    reply = api.request("DELETE", f"/teams/{house.payments.id}/users/{house.alice.id}")
    assert reply.status == 400
    assert "User cannot be removed as they belong to an escalation policy on this team" in reply.errors


def test_a_policy_is_given_to_a_team_and_taken(api: Api, house: House) -> None:
    path = f"/teams/{house.search.id}/escalation_policies/{house.policy.id}"

    def owners() -> set[str]:
        policy = api.get(f"/escalation_policies/{house.policy.id}")["escalation_policy"]
        return {team["id"] for team in policy["teams"]}

    assert api.put(path, None).status == 204
    assert owners() == {house.payments.id, house.search.id}
    assert api.put(path, None).status == 204
    api.delete(path)
    assert owners() == {house.payments.id}
    assert api.request("DELETE", path).status == 404


def test_licences_and_abilities_are_there(api: Api) -> None:
    licences = api.get("/licenses")["licenses"]
    assert sum(one["current_value"] for one in licences) == 5
    assert len(api.get("/license_allocations")["license_allocations"]) == 5
    assert "teams" in api.get("/abilities")["abilities"]
    assert api.request("GET", "/abilities/teams").status == 204
    assert api.request("GET", "/abilities/sso").status == 402
    assert api.request("GET", "/abilities/flying").status == 404
