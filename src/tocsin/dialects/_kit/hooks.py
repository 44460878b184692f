"""`/hooks/{source}/...`: many monitors' webhooks below one address, each read by its own dialect.

Decides which dialect reads a request, by the path's second segment; knows none of them itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from tocsin.dialects._kit.body import BodyRefused, too_large
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.wording import plain_text
from tocsin.runtime.ingest import HotPath, HotRoute, Posted, Reading

HOOKS: Final = "/hooks/"


class HookRoute:
    """The reader of everything below `/hooks/`."""

    def __init__(self, sources: Mapping[str, HotRoute]) -> None:
        """`sources`: by the name in the path, for instance `grafana`."""
        self._sources = dict(sources)
        self.body_limit = max((route.body_limit for route in self._sources.values()), default=0)

    def turn_away(self, posted: Posted) -> Reading | None:
        """What the source's own route says."""
        route = self._source(posted)
        return _UNKNOWN if route is None else route.turn_away(posted)

    def read(self, posted: Posted) -> Reading:
        """What the source's own reader makes of it; 404 for a source that nobody reads."""
        route = self._source(posted)
        if route is None:
            return _UNKNOWN
        if len(posted.body) > route.body_limit:
            return route.refuse(too_large(route.body_limit))
        return route.read(posted)

    def refuse(self, error: TocsinError) -> Reading:
        """For a request that got no further. What may pass later is 503: few monitors repeat after a 429."""
        return _answer(error.status if isinstance(error, BodyRefused) else 503, error.message)

    def _source(self, posted: Posted) -> HotRoute | None:
        return self._sources.get(posted.path.removeprefix(HOOKS).partition("/")[0])


def hook_paths(sources: Mapping[str, HotRoute]) -> tuple[HotPath, ...]:
    """The one address of all sources."""
    return (HotPath(HOOKS, HookRoute(sources), below=True),)


def _answer(status: int, message: str) -> Reading:
    return Reading(status, msgspec.json.encode({"status": "error", "message": message}, enc_hook=plain_text))


_UNKNOWN: Final = _answer(404, "no such source of alerts")
