"""An incident that is resolved and one that is open, decided by the real engine: what a written past is copied from."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import Table, select

from bench.engine_alone import Engine
from bench.mix import ALL_NEW, Alerts, Mix
from tocsin.storage.database import open_database
from tocsin.testing.load import prepare

Rows: TypeAlias = Mapping[Table, Sequence[Mapping[str, Any]]]


def templates(of: Sequence[Table]) -> tuple[Rows, Rows]:
    """The rows in these tables of an incident that is resolved, and of one that is open."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as place:
        folder = Path(place)
        engine = Engine(folder, prepare(folder, 1))
        engine.write(islice(Alerts().steps(ALL_NEW), 1))
        engine.decide()
        still_open = _rows(folder, of)
        engine.write(islice(Alerts(0, 10**6).steps(Mix(0, 1, 0)), 1))
        engine.decide()
        resolved = _rows(folder, of)
        engine.close()
    return resolved, still_open


def _rows(folder: Path, of: Sequence[Table]) -> Rows:
    database = open_database(folder, None, read_only=True)
    with database.reading() as connection:
        found = {table: [dict(row) for row in connection.execute(select(table)).mappings()] for table in of}
    database.close()
    return found
