"""/users and what belongs to a person: contact methods, notification rules, licence; and /licenses.

Decides which people a limited reader may see: themselves and those who share a team.
"""

from __future__ import annotations

from dataclasses import replace

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, answer
from tocsin.dialects.pagerduty.errors import not_found
from tocsin.dialects.pagerduty.read import people as read
from tocsin.dialects.pagerduty.write import people as write
from tocsin.dialects.pagerduty.write.refs import Refs, instant
from tocsin.directory.model import ContactMethod, NotificationRule, Role, Urgency, User


def listed(call: Call) -> Response:
    """GET /users."""
    refs = Refs(call.config, call.links)
    teams = frozenset(call.many("team_ids"))
    query = call.query.get("query", "").strip().casefold()
    people = call.readable(call.config.users.values())
    if teams:
        people = [user for user in people if teams & _team_ids(call, user.id)]
    people.sort(key=lambda user: user.name.casefold())
    if query:
        people = [user for user in people if query in user.name.casefold() or query in user.email.casefold()]
        people.sort(key=lambda user: query not in (user.email.casefold(), user.name.casefold()))
    return call.listed("users", people, lambda user: write.user(user, refs, call.included))


def created(call: Call) -> Response:
    """POST /users."""
    fields = call.fields("user")
    fields.required("name", "email")
    changes = read.user_changes(fields)
    user = call.save("user", User(id="", **{"role": Role.MANAGER, **changes}))
    return _answer(call, user, 201)


def shown(call: Call) -> Response:
    """GET /users/{id}."""
    return _answer(call, person_in(call))


def myself(call: Call) -> Response:
    """GET /users/me: only a person's key is somebody."""
    user = call.config.users.get(call.caller.user_id)
    if user is None:
        text = "This endpoint does not support account-level access tokens: use a key that belongs to a user"
        return answer({"error": text}, 400)
    return _answer(call, user)


def changed(call: Call) -> Response:
    """PUT /users/{id}."""
    old = person_in(call)
    changes = read.user_changes(call.fields("user"))
    return _answer(call, call.save("user", replace(old, **changes), changes) if changes else old)


def removed(call: Call) -> Response:
    """DELETE /users/{id}."""
    return call.delete("user", person_in(call).id)


def license_shown(call: Call) -> Response:
    """GET /users/{id}/license."""
    refs = Refs(call.config, call.links)
    return answer({"license": write.license_object(write.license_of(person_in(call)), refs)})


def licenses(call: Call) -> Response:
    """GET /licenses."""
    refs = Refs(call.config, call.links)
    return answer({"licenses": [write.license_object(one, refs, counted=True) for one in write.LICENSES]})


def license_allocations(call: Call) -> Response:
    """GET /license_allocations."""
    refs = Refs(call.config, call.links)
    people = sorted(call.readable(call.config.users.values()), key=lambda user: user.id)
    return call.listed(
        "license_allocations",
        people,
        lambda user: {
            "user": refs.user(user.id),
            "license": write.license_object(write.license_of(user), refs),
            "allocated_at": instant(user.created_at),
        },
    )


# -- contact methods


def contacts_listed(call: Call) -> Response:
    """GET /users/{id}/contact_methods: all of them, in one answer."""
    person = person_in(call)
    refs = Refs(call.config, call.links)
    found = [write.contact_method(one, refs) for one in call.config.contacts_of.get(person.id, ())]
    return answer({"contact_methods": found})


def contact_created(call: Call) -> Response:
    """POST /users/{id}/contact_methods."""
    person = person_in(call)
    fields = call.fields("contact_method")
    fields.required("type", "address", "label")
    changes = read.contact_changes(fields, None)
    contact = call.save("contact_method", ContactMethod(id="", user_id=person.id, **changes))
    return _contact_answer(call, contact, 201)


def contact_shown(call: Call) -> Response:
    """GET /users/{id}/contact_methods/{contact_method_id}."""
    return _contact_answer(call, _contact(call))


def contact_changed(call: Call) -> Response:
    """PUT /users/{id}/contact_methods/{contact_method_id}."""
    old = _contact(call)
    changes = read.contact_changes(call.fields("contact_method"), old)
    return _contact_answer(call, call.save("contact_method", replace(old, **changes), changes) if changes else old)


def contact_removed(call: Call) -> Response:
    """DELETE /users/{id}/contact_methods/{contact_method_id}."""
    return call.delete("contact_method", _contact(call).id)


# -- notification rules


def rules_listed(call: Call) -> Response:
    """GET /users/{id}/notification_rules: all of them, in one answer; `urgency` narrows."""
    person = person_in(call)
    refs = Refs(call.config, call.links)
    urgency = call.query.get("urgency", "")
    rules = [one for one in call.config.rules_of.get(person.id, ()) if urgency in ("", one.urgency.value)]
    return answer({"notification_rules": [_rule_wire(call, rule, refs) for rule in rules]})


def rule_created(call: Call) -> Response:
    """POST /users/{id}/notification_rules."""
    person = person_in(call)
    fields = call.fields("notification_rule")
    fields.required("contact_method", "urgency", "start_delay_in_minutes")
    changes = read.rule_changes(fields, call.config.contact_methods)
    changes.setdefault("urgency", Urgency.HIGH)
    rule = call.save("notification_rule", NotificationRule(id="", user_id=person.id, **changes))
    return _rule_answer(call, rule, 201)


def rule_shown(call: Call) -> Response:
    """GET /users/{id}/notification_rules/{notification_rule_id}."""
    return _rule_answer(call, _rule(call))


def rule_changed(call: Call) -> Response:
    """PUT /users/{id}/notification_rules/{notification_rule_id}."""
    old = _rule(call)
    changes = read.rule_changes(call.fields("notification_rule"), call.config.contact_methods)
    return _rule_answer(call, call.save("notification_rule", replace(old, **changes), changes) if changes else old)


def rule_removed(call: Call) -> Response:
    """DELETE /users/{id}/notification_rules/{notification_rule_id}."""
    return call.delete("notification_rule", _rule(call).id)


# -- looking up


def _team_ids(call: Call, user_id: str) -> frozenset[str]:
    return frozenset(membership.team_id for membership in call.config.teams_of.get(user_id, ()))


def person_in(call: Call) -> User:
    """The person whom the path names. Raises ApiError 404."""
    user = call.config.users.get(call.path["id"])
    if user is None or not call.may_read(user):
        raise not_found()
    return user


def _contact(call: Call) -> ContactMethod:
    person = person_in(call)
    contact = call.config.contact_methods.get(call.path["contact_method_id"])
    return call.found(contact, seen=contact is not None and contact.user_id == person.id)


def _rule(call: Call) -> NotificationRule:
    person = person_in(call)
    rule = call.config.notification_rules.get(call.path["notification_rule_id"])
    return call.found(rule, seen=rule is not None and rule.user_id == person.id)


def _answer(call: Call, user: User, status: int = 200) -> Response:
    return answer({"user": write.user(user, Refs(call.config, call.links), call.included)}, status)


def _contact_answer(call: Call, contact: ContactMethod, status: int = 200) -> Response:
    return answer({"contact_method": write.contact_method(contact, Refs(call.config, call.links))}, status)


def _rule_answer(call: Call, rule: NotificationRule, status: int = 200) -> Response:
    return answer({"notification_rule": _rule_wire(call, rule, Refs(call.config, call.links))}, status)


def _rule_wire(call: Call, rule: NotificationRule, refs: Refs) -> dict[str, object]:
    body = write.notification_rule(rule, refs)
    contact = call.config.contact_methods.get(rule.contact_method_id)
    if "contact_methods" in call.included and contact is not None:
        body["contact_method"] = write.contact_method(contact, refs)
    return body
