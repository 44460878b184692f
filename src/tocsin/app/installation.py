"""What one installation consists of, opened: databases, log, ids, tokens. Used by every role and command."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from tocsin.app.settings import AppSettings
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import Clock, SystemClock
from tocsin.storage.database import Database, open_database
from tocsin.storage.log import LogReader, LogWriter
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter

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

    def log_writer(self) -> LogWriter:
        """The ingest log's writing end; begins the log when there is none."""
        if self.settings.database_url:
            from tocsin.storage.log.postgres import PostgresLogWriter  # noqa: PLC0415 - the driver is an extra

            return PostgresLogWriter(self.settings.database_url, self.ids.key)
        return SqliteLogWriter(self.data / LOG_FOLDER, self.ids.key)

    def log_reader(self) -> LogReader:
        """The ingest log's reading end. Raises LogDamaged while there is no log."""
        if self.settings.database_url:
            from tocsin.storage.log.postgres import PostgresLogReader  # noqa: PLC0415 - the driver is an extra

            return PostgresLogReader(self.settings.database_url)
        return SqliteLogReader(self.data / LOG_FOLDER)


def installation(settings: AppSettings) -> Installation:
    """The installation that these settings name, with the machine's clock and entropy."""
    return Installation(settings, IdSource(random.SystemRandom()), SystemClock())
