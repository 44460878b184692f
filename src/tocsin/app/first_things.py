"""What every installation begins with: the priorities P1 to P5."""

from __future__ import annotations

from tocsin.directory.model import Priority
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor
from tocsin.runtime.desk import Desk

PRIORITIES = (
    ("P1", "Critical: customers can't use the product", "A8171C"),
    ("P2", "Major: an important part does not work", "EB6016"),
    ("P3", "Moderate: it works, but badly", "F9B406"),
    ("P4", "Minor: few notice", "555555"),
    ("P5", "Trivial: for the record", "555555"),
)


def first_things(desk: Desk, actor: Actor) -> None:
    """Create what is missing of them."""
    known = {priority.name for priority in desk.config().priorities.values()}
    for order, (name, description, color) in enumerate(PRIORITIES, 1):
        if name not in known:
            thing = Priority(id="", name=name, description=description, order=order, color=color)
            desk.run(actor, SaveThing(thing_kind="priority", thing=thing))
