"""Logs: one JSON line per event on standard error, without request bodies and without secrets.

A line that can't be written is dropped: who writes one is about to page somebody, and a full disk must not end that.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class Lossy:
    """A text stream as far as loggers use one. What the stream below does not take is lost."""

    def __init__(self, stream: TextIO | None) -> None:
        """None: standard error was closed before we began."""
        self._stream = stream

    def write(self, text: str) -> None:
        """Write it, or not. Never raises for what is wrong with the stream."""
        if self._stream is not None:
            with suppress(OSError, ValueError):  # ValueError: the stream is closed, or can't encode the text
                self._stream.write(text)

    def flush(self) -> None:
        """See `write`."""
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.flush()


def configure(role: str, *, verbose: bool = False) -> None:
    """Set up logging for a process."""
    stream = Lossy(sys.stderr)
    level = logging.DEBUG if verbose else logging.INFO
    shared: list[structlog.types.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, _with_role(role), structlog.processors.JSONRenderer(sort_keys=False)],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", stream)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _with_role(role),
                structlog.processors.JSONRenderer(),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING if not verbose else logging.INFO)
    logging.getLogger("tocsin").setLevel(level)


def _with_role(role: str) -> structlog.types.Processor:
    def add(_logger: object, _name: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
        event["role"] = role
        return event

    return add
