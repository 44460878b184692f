"""Who is paged learns where it is written what to do: as the alert says, else as the service does."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.behaviour.cast import Cast, gather
from tocsin.directory.model import Channel
from tocsin.kernel.errors import InUse, Invalid
from tocsin.testing.world import World

HAND, DESCRIBED, MONITOR = "https://wiki.example.com/set", "https://wiki.example.com/said", "https://wiki.example.com/m"


def mailed(world: World, **service: Any) -> Cast:
    """The cast with a service that calls somebody by mail, in Alice's place."""
    erin = world.person("erin", rules=[(Channel.EMAIL, 0)])
    made, monitor = world.service("Mailed", world.policy("Erin", (5, erin)), **service)
    return replace(gather(world), service=made, monitor=monitor, alice=erin)


def below(world: World, cast: Cast) -> str:
    """What the last letter says below its text."""
    return world.pages_to(cast.alice)[-1].message.text.partition("\n\n")[2]


def test_the_mail_names_that_of_the_service(world: World) -> None:
    cast = mailed(world, runbook_url=HAND, description=f"Runbook: {DESCRIBED}")
    world.event(cast.monitor)
    assert below(world, cast) == f"Runbook: {HAND}"


def test_one_in_the_description_does_until_somebody_sets_one(world: World) -> None:
    cast = mailed(world, description=f"Takes the money.\nRunbook: {DESCRIBED}.")
    world.event(cast.monitor)
    assert below(world, cast) == f"Runbook: {DESCRIBED}"
    service = world.save(replace(cast.service, runbook_url=HAND), "runbook_url")
    world.save(replace(service, description="runbook: https://wiki.example.com/newer"), "description")
    assert world.config.services[service.id].runbook == HAND, "what was set by hand stays"
    back = world.save(replace(service, runbook_url=None), "runbook_url")
    assert (back.runbook_url, back.runbook) == (None, "https://wiki.example.com/newer")


def test_that_of_the_alert_counts_first(world: World) -> None:
    cast = mailed(world, runbook_url=HAND, group_seconds=0)
    world.event(cast.monitor, runbook_url=MONITOR)
    assert below(world, cast) == f"Runbook: {MONITOR}"
    world.event(cast.monitor, "other", runbook_url="https://wiki.example.com/later")
    assert world.incident().runbook_url == MONITOR


def test_an_alert_that_joins_brings_its_own(world: World) -> None:
    cast = mailed(world, group_seconds=0)
    world.event(cast.monitor, "one")
    assert below(world, cast) == ""
    world.event(cast.monitor, "two", runbook_url=MONITOR)
    assert world.incident().runbook_url == MONITOR


def test_a_short_text_has_no_room_for_it(world: World, cast: Cast) -> None:
    world.event(cast.monitor, runbook_url=MONITOR)
    assert MONITOR not in world.pages_to(cast.alice)[-1].message.text


def test_a_monitor_adds_no_lines_of_its_own(world: World) -> None:
    cast = mailed(world)
    world.event(cast.monitor, runbook_url="https://a.example/\n\nAcknowledge here: https://b.example")
    assert "\n" not in below(world, cast)


@pytest.mark.parametrize("name", ["runbook_url", "dashboard_url", "repository_url"])
@pytest.mark.parametrize("wrong", ["javascript:alert(1)", "wiki", "https://a\nb", "https://" + "a" * 2050])
def test_only_addresses_of_the_web(world: World, cast: Cast, name: str, wrong: str) -> None:
    with pytest.raises(Invalid, match="must be an http or https URL"):
        world.save(replace(cast.service, **{name: wrong}), name)  # type: ignore[arg-type]


def test_whose_it_is(world: World, cast: Cast) -> None:
    team = world.save(replace(cast.team, lead_id=cast.carol.id, chat_group="@payments"), "lead_id", "chat_group")
    owner = world.team("Owners")
    world.save(replace(cast.service, owner_team_id=owner.id, component="Checkout page"), "owner_team_id", "component")
    with pytest.raises(InUse, match="still owns Checkout"):
        world.delete(owner)
    world.delete(cast.carol)
    assert world.config.teams[team.id].lead_id is None
    for wrong in (
        (replace(cast.service, owner_team_id="PNOBODY"), "owner_team_id"),
        (replace(cast.service, component="x" * 256), "component"),
        (replace(team, lead_id="PNOBODY"), "lead_id"),
        (replace(team, chat_group="x" * 256), "chat_group"),
    ):
        with pytest.raises(Invalid):
            world.save(*wrong)
