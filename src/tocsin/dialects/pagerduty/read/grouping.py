"""Alert grouping settings: from fields of a body to changes of the thing.

Decides what belongs to which sort of grouping; by time and by content are acted upon, the rest is kept for clients.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.services import GROUPING, content_grouping, window_config
from tocsin.directory.grouping import GroupingSetting
from tocsin.kernel.limits import DESCRIPTION_CHARS

TIME = "time"
DEFAULT_FIELDS = ("summary",)


def setting_changes(fields: Fields, old: GroupingSetting | None) -> dict[str, Any]:
    """What a body says about a setting. Raises ApiError with every problem of shape."""
    changes: dict[str, Any] = {}
    if fields.given("name"):
        changes["name"] = fields.text("name")
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    sort = fields.choice("type", GROUPING) or (old.sort if old is not None else None)
    if sort is not None and (fields.given("config") or old is None or sort != old.sort):
        config = fields.object("config") or Fields({}, fields.problems)
        changes |= {"sort": sort, **_config(sort, config)}
    if fields.given("services"):
        changes["service_ids"] = fields.references("services")
        if sort == "content_based_intelligent" and len(changes["service_ids"]) > 1:
            fields.wrong(f"A setting of type {sort} can have one service only")
    fields.check()
    return changes


def _config(sort: str, config: Fields) -> dict[str, Any]:
    if sort == TIME:
        return {"group_seconds": config.whole("timeout") or 0, "group_by": None, "wire": "{}"}
    values = window_config(sort, config)
    if sort == "intelligent":
        names = list(DEFAULT_FIELDS) if config.values.get("iag_fields") is None else config.array("iag_fields")
        if not all(isinstance(name, str) and len(name) <= 255 for name in names):
            config.wrong("Iag fields must be an array of strings")
        values["iag_fields"] = names
    by = content_grouping(sort, values)
    wire = "{}" if by is not None else msgspec.json.encode(values).decode()
    return {"group_seconds": None, "group_by": by, "wire": wire}
