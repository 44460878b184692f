"""One accepted event: its body as it came, how it ended then, and what today's rules would make of it.

Decides which ways on are offered: trying it, making a rule of it. Nothing here changes anything.
"""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Final

from starlette.responses import Response

from tocsin.directory.model import Integration
from tocsin.events.model import Outcome
from tocsin.kernel.errors import NotFound
from tocsin.runtime.reads import EventOutcome
from tocsin.web.event_lines import EventLine, lines_of_events
from tocsin.web.language import gettext as _
from tocsin.web.rules.draft import offers
from tocsin.web.rules.replay import replay_of, sees_way
from tocsin.web.visit import Visit

_RAW_CHARS: Final = 200_000


def event_page(visit: Visit) -> Response:
    """`/alerts/events/{seq}`."""
    seq = int(visit.request.path_params["seq"])
    outcome = visit.site.reads.outcome(seq) if seq < 2**62 else None
    lines = lines_of_events(visit, [outcome] if outcome is not None else [])
    if outcome is None or not lines:
        raise NotFound(_("There is no event with this number, or it has not been decided yet."))
    raw = visit.site.raw_event(seq)
    kept = raw is not None
    return visit.page(
        "event.html",
        line=lines[0],
        raw=_readable(raw) if raw is not None else None,
        try_at=_where_to_try(visit, outcome) if kept else "",
        asked_at=_where_to_ask(visit, lines[0]),
        replay=replay_of(visit, lines[0]) if kept else None,
        offers=offers(visit, lines[0]) if kept and outcome.outcome is not Outcome.RECORDED else [],
    )


def _where_to_ask(visit: Visit, line: EventLine) -> str:
    """The simulation of the service that the event was for; "" where the reader may not see it."""
    behind = line.alert.service_id if line.alert is not None else visit.config.service_behind(line.event.integration_id)
    service = visit.config.services.get(behind)
    return f"/services/{service.id}/simulate" if service is not None and visit.may_read(service) else ""


def _where_to_try(visit: Visit, outcome: EventOutcome) -> str:
    """The tester with this event in it, of the orchestration or service by whose key it came; "" where it is gone."""
    entrance = visit.config.entrance(outcome.integration_id)
    if outcome.outcome is Outcome.RECORDED or entrance is None or not sees_way(visit, outcome):
        return ""
    if isinstance(entrance, Integration):
        return f"/services/{entrance.service_id}/rules?event={outcome.seq}#try"
    return f"/orchestrations/{entrance.orchestration_id}?event={outcome.seq}#try"


def _readable(raw: bytes) -> str:
    """The body as it came, indented when it is JSON."""
    text = raw.decode("utf-8", "replace")
    with suppress(ValueError, RecursionError):
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    return text[:_RAW_CHARS]
