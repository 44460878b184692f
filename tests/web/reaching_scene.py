"""What there is to see of policies, simulations and readiness: long names, turns, a gap, somebody who left."""

from __future__ import annotations

from typing import Any

from tests.web.place import NIGHT, Place, policy_of
from tests.web.scenes import LONG_NAME
from tocsin.directory.model import Role
from tocsin.escalation.model import ROUND_ROBIN, Policy, Rule, Target, TargetKind
from tocsin.kernel.time import DAY
from tocsin.kernel.values import replace
from tocsin.oncall import Layer, Schedule

ASKED = "simulate?at=2026-01-06T02:14&zone=Etc/UTC&hours=1"

PAGES = {
    "policies": "/policies",
    "policies-none": "/policies?q=nothing+is+called+so",
    "policy": "/policies/{policy}",
    "policy-full": "/policies/{policy_full}",
    "policy-edit": "/policies/{policy_full}/edit",
    "policy-new": "/policies/new",
    "policy-simulate": "/policies/{policy}/" + ASKED,
    "policy-simulate-full": "/policies/{policy_full}/" + ASKED,
    "service-simulate": "/services/{service}/" + ASKED,
    "readiness": "/readiness",
    "service-simulate-ask": "/services/{service}/simulate",
}
"""What there is to see in this scene."""

FULL = "Settlement, reconciliation and chargebacks for all of Europe"
EMPTY = "Weekend cover that nobody has"


def add(place: Place) -> None:
    """Put it into a scene."""
    place.person("dave", Role.RESPONDER, shown=LONG_NAME)
    place.person("noura", Role.RESPONDER, shown="نورة عبد العزيز")
    later = Layer("", "Weekend", NIGHT + 3 * DAY, None, NIGHT + 3 * DAY, 7 * 86_400, (place.people["bob"].id,))
    nobody: Schedule = place.desk.save(Schedule("", EMPTY, "Europe/Berlin", (later,), team_ids=(place.team.id,)))
    levels = (
        Rule(id="", delay_minutes=5, targets=_named(place, place.schedule, "noura", "bob"), strategy=ROUND_ROBIN),
        Rule(id="", delay_minutes=15, targets=_named(place, nobody)),
        Rule(id="", delay_minutes=30, targets=_named(place, "dave", nobody, "carol")),
    )
    words = "Money moves at night.\nCall the bank only between 08:00 and 18:00."
    full = Policy(id="", name=FULL, rules=levels, num_loops=2, description=words, team_ids=(place.team.id,))
    made: Policy = place.desk.save(full)
    place.service("Chargebacks", made)
    policy_of(place, "Only Dave", (30, "dave"))
    dave = place.desk.config().users[place.people["dave"].id]
    place.people["dave"] = place.desk.save(replace(dave, active=False), "active")


def _named(place: Place, *targets: Any) -> tuple[Target, ...]:
    return tuple(
        Target(kind=TargetKind.USER, id=place.people[one].id)
        if isinstance(one, str)
        else Target(kind=TargetKind.SCHEDULE, id=one.id)
        for one in targets
    )


def places(place: Place) -> dict[str, str]:
    """Ids for the addresses."""
    by_name = {one.name: one.id for one in place.desk.config().policies.values()}
    return {"policy": by_name.get("Payments", ""), "policy_full": by_name.get(FULL, "")}
