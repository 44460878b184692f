"""The configuration as a reader sees it: one snapshot in memory, renewed by what changed since. Read-only."""

from __future__ import annotations

import threading

from tocsin.engine.config import Config
from tocsin.kernel.errors import Unavailable
from tocsin.storage.database import Database, DatabaseError, OutOfReach
from tocsin.storage.turns import config_version, read_changes, read_config


class ConfigReader:
    """Keeps the newest snapshot. Safe to use from many threads; a look costs one indexed row."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._config: Config | None = None

    def current(self) -> Config:
        """The configuration as stored now."""
        held = self._config
        if held is not None and held.version == self._stored_version():
            return held
        with self._database.reading() as connection:
            version = config_version(connection)
            with self._lock:
                held = self._config
                if held is None or held.version > version:
                    self._config = read_config(connection)
                elif held.version < version:
                    self._config = held.changed(read_changes(connection, held.version), version)
                assert self._config is not None
                return self._config

    def _stored_version(self) -> int:
        with self._database.looking() as connection:
            return config_version(connection)

    def served(self) -> Config:
        """The configuration as stored now, for whoever can come again.

        Raises Unavailable while the database has no tables yet or can't be read: an edge starts before its database.
        """
        try:
            return self.current()
        except (DatabaseError, OutOfReach) as error:
            if self._config is None:
                raise Unavailable("The server is starting. Try again in a moment.", reason="starting") from error
            raise Unavailable("The database is out of reach. Try again in a moment.", reason="database") from error

    def at_least(self, version: int) -> None:
        """Make sure that later looks see this version."""
        held = self._config
        if held is None or held.version < version:
            self.current()

    @property
    def newest(self) -> Config | None:
        """The snapshot in memory, None before the first look. Never asks the database."""
        return self._config

    def held(self) -> Config:
        """The snapshot in memory, however old; read now if there is none. For paths that can't wait for a database."""
        return self._config or self.current()
