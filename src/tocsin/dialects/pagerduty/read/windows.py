"""Maintenance windows: from fields of a body to changes. The client's own texts for the times are kept beside them."""

from __future__ import annotations

from typing import Any

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.times import read_moment
from tocsin.kernel.limits import DESCRIPTION_CHARS

_TIMES = (("start_time", "start", "wire_start"), ("end_time", "end", "wire_end"))


def window_changes(fields: Fields, old: MaintenanceWindow | None) -> dict[str, Any]:
    """What a body says about a window. A time that is sent again as it was changes nothing. Raises ApiError."""
    changes: dict[str, Any] = {}
    if fields.given("description"):
        changes["description"] = fields.text("description", DESCRIPTION_CHARS)
    if fields.given("services"):
        changes["service_ids"] = fields.references("services")
    for name, field, wire_field in _TIMES:
        if not fields.given(name):
            continue
        moment, text = read_moment(fields, name), fields.values[name]
        if moment is None:
            fields.required(name)
        elif old is None or text != getattr(old, wire_field):
            changes |= {field: moment, wire_field: text}
    fields.check()
    return changes
