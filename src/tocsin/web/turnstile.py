"""Lets simulations happen one at a time: one runs, a few wait for it, others are told to come again.

Decides how many, and keeps the newest stories for who asks the same while nothing has changed. A simulation takes a
share of one core for its time; this way pages for people who work are never behind a queue of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from typing import Final

from tocsin.kernel.errors import Unavailable
from tocsin.runtime.simulation import Question, Story
from tocsin.web.language import gettext as _

WAITING: Final = 3
"""So many may wait for the one that runs."""

PATIENCE_SECONDS: Final = 4.0
"""So long they wait."""

_KEPT: Final = 16


class Turnstile:
    """One for all pages of a process."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        """`patience` in seconds."""
        self._patience = patience
        self._running = threading.Lock()
        self._places = threading.BoundedSemaphore(1 + WAITING)
        self._kept: OrderedDict[Hashable, Story] = OrderedDict()

    def story(self, version: int, ways: frozenset[str], question: Question, make: Callable[[], Story]) -> Story:
        """The answer to a question about the configuration of this version. Raises Unavailable when too many ask."""
        asked = (question.at, question.span, question.severity, question.urgency, question.answer_after, question.turns)
        key = (version, ways, question.service.id, question.service.policy_id, asked)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        with self._turn():
            found = make()
            self._kept[key] = found
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
            return found

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            if not self._running.acquire(timeout=self._patience):
                raise _busy()
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._places.release()


def _busy() -> Unavailable:
    return Unavailable(_("Several people simulate something right now. Try again in a moment."))
