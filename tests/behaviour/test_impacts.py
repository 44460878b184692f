"""What people say of an incident's impact is a part of the incident: on record, and there after a crash."""

from __future__ import annotations

import pytest

from tests.behaviour.cast import Cast, paged
from tocsin.directory.business import BusinessService
from tocsin.incidents.messages import ImpactSaid, SayImpact
from tocsin.kernel.errors import NotAllowed, NotFound
from tocsin.testing.world import World


def test_who_has_it_says_what_it_reaches(world: World, cast: Cast) -> None:
    shop = world.save(BusinessService(id="", name="Shop"))
    things = len(world.config.kept)
    world.event(cast.monitor)
    world.does(cast.alice, SayImpact, business_service_id=shop.id, impacted=True)
    assert world.does(cast.alice, SayImpact, business_service_id=shop.id, impacted=True) == "unchanged"
    world.does(cast.bob, SayImpact, business_service_id=shop.id, impacted=False)
    world.crash()
    assert world.incident().impacts == {shop.id: False}
    assert [(one.name, one.impacted) for one in world.facts(ImpactSaid)] == [("Shop", True), ("Shop", False)]
    assert len(world.config.kept) == things, "no process holds it in memory"
    assert paged(world, cast) == ["alice"]
    with pytest.raises(NotAllowed):
        world.does(cast.mallory, SayImpact, business_service_id=shop.id, impacted=True)
    with pytest.raises(NotFound):
        world.does(cast.alice, SayImpact, business_service_id="PNOBODY", impacted=True)
