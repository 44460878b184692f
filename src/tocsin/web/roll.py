"""Whether the sessions of open pages still hold: asked for all at once who want to know at about the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

import anyio
import anyio.to_thread

from tocsin.runtime.sessions import Session

GATHER_SECONDS: Final = 0.02
"""So long others may join a question."""

MOST: Final = 500
"""Tokens in one question."""


class Roll:
    """One for all streams of a process, on one event loop. `peek_all` says whose tokens are good; it may block."""

    def __init__(self, peek_all: Callable[[Collection[str]], Mapping[str, Session]]) -> None:
        self._peek_all = peek_all
        self._tokens: set[str] = set()
        self._answer: asyncio.Task[Mapping[str, Session]] | None = None

    async def session(self, token: str) -> Session | None:
        """The session of this token, None when it has ended. Raises what the question raised."""
        if self._answer is None or len(self._tokens) >= MOST:
            self._tokens = set()
            self._answer = asyncio.create_task(self._ask(self._tokens))
        self._tokens.add(token)
        return (await asyncio.shield(self._answer)).get(token)

    async def _ask(self, tokens: set[str]) -> Mapping[str, Session]:
        await anyio.sleep(GATHER_SECONDS)
        if tokens is self._tokens:
            self._answer = None  # who comes from here on is too late for this one
        return await anyio.to_thread.run_sync(self._peek_all, tokens)
