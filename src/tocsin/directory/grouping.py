"""Settings that several services share for the grouping of their alerts. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingSetting:
    """How the alerts of these services are grouped. A service is in one such setting at most.

    `group_seconds` is what each of them has then (see `Service`), None for a `sort` that is kept and not acted upon;
    `wire` holds what else belongs to the sort, as JSON.
    """

    id: str
    sort: str
    name: str | None = None
    description: str | None = None
    service_ids: tuple[str, ...] = ()
    group_seconds: int | None = None
    wire: str = "{}"
    created_at: Moment = 0
    updated_at: Moment = 0
