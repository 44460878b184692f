"""An event that came, by the rules as they are today: what became of it then beside what would become of it now.

Asks the engine's own code for a decision that is never stored. Decides what counts as a difference.
"""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.directory.model import Integration
from tocsin.engine.preview import Lookups, preview
from tocsin.events.model import Outcome
from tocsin.kernel.values import replace
from tocsin.runtime.reads import EventOutcome
from tocsin.web.event_lines import EventLine
from tocsin.web.rules.ground import stored
from tocsin.web.rules.trial import Trial, latest_before, remembered, told
from tocsin.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Replay:
    """What today's rules make of it at the time when it came. `same`: it would end as it did, at the same service."""

    trial: Trial
    same: bool


def replay_of(visit: Visit, line: EventLine) -> Replay | None:
    """The dry run; None where the body is gone, it is no alarm, or its way is not the reader's to see."""
    outcome = line.event
    if outcome.outcome is Outcome.RECORDED or not sees_way(visit, outcome):
        return None
    event = stored(visit, line)
    if event is None:
        return None
    at = outcome.received_at
    lookups = Lookups(latest_alert=latest_before(visit, outcome.seq), memory=remembered(visit))
    seen = preview(visit.config, visit.site.ids, lookups, replace(event, received_at=at), at)
    same = seen.ending.outcome is outcome.outcome and seen.service_id in ("", line.service_id)
    return Replay(told(visit, seen, at), same)


def sees_way(visit: Visit, outcome: EventOutcome) -> bool:
    """Whether the reader may see by which rules an event came."""
    entrance = visit.config.entrance(outcome.integration_id)
    if entrance is None or isinstance(entrance, Integration):
        return entrance is not None
    orchestration = visit.config.orchestrations.get(entrance.orchestration_id)
    return orchestration is not None and visit.may_read(orchestration)
