"""Rules for hand-offs: who is told that a shift of theirs begins or ends, how long before, and by what.

They are kept as clients sent them; here they are read. Decides what counts as given, never when a shift begins or ends.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum

from tocsin.directory.kept import Kept
from tocsin.kernel.time import MINUTE, Moment, Span

HANDOFF_RULE = "oncall_handoff_notification_rule"
"""Under which word people's rules for hand-offs are kept."""

LONGEST_ADVANCE = 30 * 24 * 60
"""Minutes before a hand-off, at most. PagerDuty names no bound; further ahead than a month shifts are plans."""


class HandoffType(StrEnum):
    """Which hand-offs a rule is about."""

    BOTH = "both"  # a shift begins or ends
    ONCALL = "oncall"  # a shift begins
    OFFCALL = "offcall"  # a shift ends


@dataclass(frozen=True, slots=True, kw_only=True)
class HandoffRule:
    """Tell the owner of this contact method, by it, so long before a shift of theirs begins or ends."""

    id: str
    contact_id: str
    type: HandoffType
    advance: Span
    created_at: Moment = 0

    @property
    def advance_minutes(self) -> int:
        """How long before, in minutes."""
        return self.advance // MINUTE

    def wants(self, *, begins: bool) -> bool:
        """Whether it is about shifts that begin, or else about those that end."""
        return self.type is not (HandoffType.OFFCALL if begins else HandoffType.ONCALL)


def handoff_rule(one: Kept) -> HandoffRule | None:
    """What is kept, as a rule for hand-offs; None for what is none, or can't be read as one."""
    if one.resource != HANDOFF_RULE:
        return None
    values = json.loads(one.wire)
    kind = values.get("handoff_type", HandoffType.BOTH) if isinstance(values, dict) else ""
    advance = values.get("notify_advance_in_minutes", 0) if isinstance(values, dict) else -1
    if kind not in list(HandoffType) or type(advance) is not int or not 0 <= advance <= LONGEST_ADVANCE:
        return None
    return HandoffRule(
        id=one.id,
        contact_id=one.parent_id,
        type=HandoffType(kind),
        advance=advance * MINUTE,
        created_at=one.created_at,
    )


def wire_of(kind: str, advance_minutes: int) -> str:
    """What is kept of a rule that was not made by a client. It may say something that `handoff_rule` can't read."""
    return json.dumps({"handoff_type": kind, "notify_advance_in_minutes": advance_minutes})
