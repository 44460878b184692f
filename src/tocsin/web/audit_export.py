"""The history as files for other programs: CSV with one line a change, or one JSON array. Decides their form only.

Field names are English and stay as they are: scripts read them.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from tocsin.kernel.actor import Actor
from tocsin.kernel.time import iso
from tocsin.runtime.reads import AuditRecord

COLUMNS: Final = ("seq", "at", "change", "kind", "thing_id", "who", "actor_kind", "actor_id", "via", "before", "after")

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would calculate."""


def as_csv(records: Iterable[AuditRecord], who: Callable[[Actor], str]) -> Iterator[str]:
    """A line of names, then one line a change; `before` and `after` are JSON. No cell is a formula."""
    yield _line(COLUMNS)
    for record in records:
        row = _row(record, who)
        row |= {name: _compact(row[name]) for name in ("before", "after")}
        yield _line([_harmless(row[name]) for name in COLUMNS])


def as_json(records: Iterable[AuditRecord], who: Callable[[Actor], str]) -> Iterator[str]:
    """An array with one object a change, on a line of its own."""
    between = "[\n"
    for record in records:
        yield between + _compact(_row(record, who))
        between = ",\n"
    yield "\n]\n" if between != "[\n" else "[]\n"


def _row(record: AuditRecord, who: Callable[[Actor], str]) -> dict[str, Any]:
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
    }


def _compact(value: Any) -> str:
    return "" if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _harmless(value: Any) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _line(cells: Iterable[str]) -> str:
    written = io.StringIO()
    csv.writer(written).writerow(cells)
    return written.getvalue()
