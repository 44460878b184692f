"""The history as files for other programs: CSV with one line a change, or one JSON array. Decides their form only.

Field names are English and stay as they are: scripts read them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from tocsin.kernel.actor import Actor
from tocsin.kernel.time import iso
from tocsin.runtime.reads import AuditRecord
from tocsin.runtime.sign_in_ground import EventRow

COLUMNS: Final = (
    *("seq", "at", "change", "kind", "thing_id", "who", "actor_kind", "actor_id", "via", "before", "after"),
    *("address", "agent", "detail"),
)
"""New ones go to the end: scripts may count. The last three are of what happened around signing in."""

SECURITY: Final = "security"
"""What is said for `kind` of that; `change` then says what happened, `thing_id` to whom, "" = nobody who is known."""

Entries = Iterable[AuditRecord | EventRow]

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate."""


def as_csv(records: Entries, who: Callable[[Actor], str], names: Mapping[str, str]) -> Iterator[str]:
    """A line of names, then one line a change; `before` and `after` are JSON. No cell is a formula.

    `names`: of people, by their ids.
    """
    yield _line(COLUMNS)
    for record in records:
        row = _row(record, who, names)
        row |= {name: _compact(row[name]) for name in ("before", "after")}
        yield _line([_harmless(row[name]) for name in COLUMNS])


def as_json(records: Entries, who: Callable[[Actor], str], names: Mapping[str, str]) -> Iterator[str]:
    """An array with one object a change, on a line of its own."""
    between = "[\n"
    for record in records:
        yield between + _compact(_row(record, who, names))
        between = ",\n"
    yield "\n]\n" if between != "[\n" else "[]\n"


def _row(record: AuditRecord | EventRow, who: Callable[[Actor], str], names: Mapping[str, str]) -> dict[str, Any]:
    if isinstance(record, EventRow):
        return _event(record, names)
    actor = record.actor
    return {
        "seq": record.seq,
        "at": iso(record.at),
        "change": record.change.value,
        "kind": record.kind,
        "thing_id": record.thing_id,
        "who": who(actor),
        "actor_kind": actor.kind.value,
        "actor_id": actor.id,
        "via": actor.via.value,
        "before": record.before,
        "after": record.after,
        "address": None,
        "agent": None,
        "detail": None,
    }


def _event(row: EventRow, names: Mapping[str, str]) -> dict[str, Any]:
    known = dict.fromkeys(COLUMNS) | {"at": iso(row.at), "change": row.kind, "kind": SECURITY}
    whose = {"thing_id": row.user_id, "who": names.get(row.user_id, "")}
    return known | whose | {"address": row.address, "agent": row.agent, "detail": row.detail}


def _compact(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _harmless(value: Any) -> str:
    text = "" if value is None else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
