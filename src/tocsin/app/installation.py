"""What one installation consists of, opened: databases, log, ids, tokens. Used by every role and command."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

from tocsin.app.folder import address_of_running
from tocsin.app.settings import AppSettings
from tocsin.engine.config import Config
from tocsin.kernel.errors import NotFound
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import Clock, SystemClock
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.desk import Line
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import MAIN_FILE, Database, open_database
from tocsin.storage.log import LogDamaged, LogReader, LogWriter
from tocsin.storage.log.late import LateLogWriter
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter
from tocsin.storage.schema import revision_of

LOG_FOLDER = "log"


@dataclass(frozen=True, slots=True)
class Installation:
    """The way to everything that an installation keeps."""

    settings: AppSettings
    ids: IdSource
    clock: Clock

    @property
    def data(self) -> Path:
        """The data folder."""
        return self.settings.data

    def database(self, *, read_only: bool = False) -> Database:
        """The main database."""
        return open_database(self.data, self.settings.database_url, read_only=read_only)

    def stored_config(self) -> Config:
        """The configuration as stored now, whether a server runs or not. Raises NotFound where nothing is installed."""
        self.require()
        with closing(self.database(read_only=True)) as database:
            return ConfigReader(database).current()

    def require(self) -> None:
        """Raises NotFound where nothing is installed: what only looks or adds must not begin an installation."""
        if not self.settings.database_url and not (self.data / MAIN_FILE).exists():
            raise NotFound(f"There is no installation in {self.data}.")
        with closing(self.database(read_only=True)) as database:
            if revision_of(database) is None:
                raise NotFound("There is no installation in this database.")

    def address(self) -> str:
        """Where people reach this installation: the running edge of this folder knows best."""
        return address_of_running(self.data) or self.settings.base_url

    def log_writer(self) -> LogWriter:
        """The ingest log's writing end; begins the log when there is none."""
        url = self.settings.database_url
        if not url:
            return SqliteLogWriter(self.data / LOG_FOLDER, self.ids.key)
        from tocsin.storage.log.postgres import PostgresLogWriter  # noqa: PLC0415 - the driver is an extra

        return LateLogWriter(lambda: PostgresLogWriter(url, self.ids.key))

    def log_reader(self) -> LogReader:
        """The ingest log's reading end. Raises LogDamaged while there is no log, LogRefused without the database.

        On PostgreSQL every role may begin the log; a file in the data folder is begun by the edge, which owns it.
        """
        url = self.settings.database_url
        if not url:
            return SqliteLogReader(self.data / LOG_FOLDER)
        from tocsin.storage.log.postgres import PostgresLogReader, PostgresLogWriter  # noqa: PLC0415 - an extra

        with suppress(LogDamaged):
            return PostgresLogReader(url)
        PostgresLogWriter(url, self.ids.key).close()
        return PostgresLogReader(url)

    def line(self, config: ConfigReader, changed: Callable[[Iterable[str]], None] = lambda _topics: None) -> Line:
        """The way to the active engine, not started yet. `changed` is called with the topics of every change."""
        url = self.settings.database_url
        if not url:
            return ControlClient(self.data, config, ids=self.ids, clock=self.clock, changed=changed)
        from tocsin.runtime.pg_commands import PgDesk  # noqa: PLC0415 - the driver is an extra
        from tocsin.storage.commands import CommandTable  # noqa: PLC0415

        table = CommandTable(open_database(self.data, url))
        return PgDesk(table, url, config, ids=self.ids, clock=self.clock, changed=changed)


def system_ids() -> IdSource:
    """Ids from the machine's own entropy and clock."""
    return IdSource(random.SystemRandom(), SystemClock().now)


def installation(settings: AppSettings) -> Installation:
    """The installation that these settings name, with the machine's clock and entropy."""
    return Installation(settings, system_ids(), SystemClock())
