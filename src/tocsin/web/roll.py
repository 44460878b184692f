"""Whether the sessions of open pages still hold: asked for all at once who want to know at about the same time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Final

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
        self._asked: dict[str, asyncio.Future[Session | None]] = {}
        self._asking: set[asyncio.Task[None]] = set()

    async def session(self, token: str) -> Session | None:
        """The session of this token, None when it has ended. Raises what the question raised."""
        if token not in self._asked:
            if len(self._asked) % MOST == 0:
                task = asyncio.create_task(self._ask())
                self._asking.add(task)
                task.add_done_callback(self._asking.discard)
            self._asked[token] = asyncio.get_running_loop().create_future()
        return await asyncio.shield(self._asked[token])

    async def _ask(self) -> None:
        await asyncio.sleep(GATHER_SECONDS)
        asked = dict(list(self._asked.items())[:MOST])
        for token in asked:
            del self._asked[token]
        try:
            found = await anyio.to_thread.run_sync(self._peek_all, asked)
        except Exception as error:
            for future in asked.values():
                future.set_exception(error)
            return
        for token, future in asked.items():
            future.set_result(found.get(token))
