"""Saved views: a filter of the list of incidents under a name, a person's own or their team's."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.kernel.time import Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedView:
    """What the list shows: `query` is its address behind the question mark, without a place in it.

    `user_id` made it and may change it; everybody in `team_id` ("" = nobody else) finds it too. It lets nobody see what
    they could not see without it.
    """

    id: str
    name: str
    user_id: str
    query: str
    team_id: str = ""
    created_at: Moment = 0
    updated_at: Moment = 0
