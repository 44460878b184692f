"""Brings the main database to this version's schema, in a process of its own: what migrating needs goes with it.

Does nothing when it is there already. Decides nothing.
"""

from __future__ import annotations

import subprocess
import sys

import structlog

from tocsin.app.installation import Installation, installation
from tocsin.app.settings import environment_for, from_environment
from tocsin.kernel.errors import Unavailable
from tocsin.storage.schema import create_schema, is_current

log = structlog.get_logger("upgrade")


def upgrade(place: Installation) -> None:
    """Make sure of the schema. Raises SchemaTooNew, Unavailable when a migration failed (its output is in the log)."""
    database = place.database()
    try:
        if is_current(database):
            return
    finally:
        database.close()
    log.info("schema_upgrade")
    ran = subprocess.run([sys.executable, "-m", "tocsin.app.upgrade"], env=environment_for(place.settings), check=False)
    if ran.returncode:
        raise Unavailable("The database could not be brought to this version's schema; see the log.", reason="schema")


if __name__ == "__main__":
    create_schema(installation(from_environment()).database())
