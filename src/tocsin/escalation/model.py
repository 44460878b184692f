"""Escalation policies: who is called, in which order, how often."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.time import Moment

ROUND_ROBIN = "round_robin"
"""The strategy of a level whose targets take turns; the other one, `assign_to_everyone`, calls them all."""


class TargetKind(StrEnum):
    """What a rule points at."""

    USER = "user"  # this person
    SCHEDULE = "schedule"  # whoever is on call there at that moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A person or a schedule, by id."""

    kind: TargetKind
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One level: call these targets, wait so many minutes, then call the next level."""

    id: str
    delay_minutes: int
    targets: tuple[Target, ...]
    strategy: str = "assign_to_everyone"

    @property
    def in_turn(self) -> bool:
        """Whether each incident goes to the next of the targets instead of to all of them."""
        return self.strategy == ROUND_ROBIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Levels in order. `num_loops` counts the repeats after the first pass: 3 means 4 passes."""

    id: str
    name: str
    rules: tuple[Rule, ...]
    description: str | None = None
    num_loops: int = 0
    team_ids: tuple[str, ...] = ()
    handoff_notifications: str = "if_has_services"
    created_at: Moment = 0
    updated_at: Moment = 0

    @property
    def passes(self) -> int:
        """How often the whole policy is gone through: the first pass and its repeats."""
        return self.num_loops + 1

    def calls(self, schedule_id: str) -> bool:
        """Whether a level calls whoever is on call on this schedule."""
        wanted = Target(kind=TargetKind.SCHEDULE, id=schedule_id)
        return any(wanted in rule.targets for rule in self.rules)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySnapshot:
    """A policy as it was when an incident was assigned: edits do not change running incidents."""

    id: str
    policy: Policy
