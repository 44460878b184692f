"""How a service's alerts are grouped: by what they hold, and settings that several services share. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ContentGrouping:
    """Alerts that hold the same in all (`match_all`) or in one of these fields belong to one incident.

    An alert joins if the last one came at most `window_seconds` before it. `fields`: "summary", "source", "severity",
    "component", "group", "class"; anything else is a path in the details ("custom_details.host", or "host").
    """

    fields: tuple[str, ...]
    match_all: bool = True
    window_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupingSetting:
    """How the alerts of these services are grouped. A service is in one such setting at most.

    `group_seconds` and `group_by` are what each of them has then (see `Service`), both None for a `sort` that is kept
    and not acted upon; `wire` holds what else belongs to the sort, as JSON.
    """

    id: str
    sort: str
    name: str | None = None
    description: str | None = None
    service_ids: tuple[str, ...] = ()
    group_seconds: int | None = None
    group_by: ContentGrouping | None = None
    wire: str = "{}"
    created_at: Moment = 0
    updated_at: Moment = 0
