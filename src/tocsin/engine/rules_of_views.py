"""Saved views: what makes one valid. Decides nothing about what a filter finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from tocsin.directory.views import SavedView
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict, named
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.limits import SAVED_VIEWS
from tocsin.kernel.time import Moment

QUERY_CHARS: Final = 1000
NAME_CHARS: Final = 60


def _view(draft: Draft) -> Verdict:
    view: SavedView = draft.new
    config = draft.world.config
    found = list(named(view))
    if len(view.name) > NAME_CHARS:
        found.append(f"Name is too long (maximum is {NAME_CHARS} characters)")
    if view.user_id not in config.users:
        found.append("User not found")
    if view.team_id and view.team_id not in config.teams:
        found.append(f"Team {view.team_id} not found")
    if not _is_query(view.query):
        found.append("Filter is no part of an address")
    own = [one for one in config.saved_views.values() if one.user_id == view.user_id and one.id != view.id]
    if any(one.name.casefold() == view.name.casefold() for one in own):
        found.append("Name has already been taken")
    if len(own) >= SAVED_VIEWS:
        found.append(f"A person has {SAVED_VIEWS} saved views at most")
    return found, NOTHING


def _is_query(query: str) -> bool:
    if len(query) > QUERY_CHARS or not query.isascii() or not query.isprintable() or "#" in query:
        return False
    try:
        return bool(parse_qsl(query, keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return False


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"saved_view": _view}
"""The rule of each of these kinds."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"saved_view": alone}
"""What removing each of these kinds means."""
