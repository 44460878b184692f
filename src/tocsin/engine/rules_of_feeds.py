"""Calendar feeds: what makes one valid. What it shows is judged whenever it is fetched."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from tocsin.directory.feeds import FEEDS, CalendarFeed
from tocsin.engine.feeds import schedules_of
from tocsin.engine.thing_removal import alone
from tocsin.engine.thing_rules import Draft, Verdict
from tocsin.engine.world import World
from tocsin.kernel.decision import NOTHING, Decision
from tocsin.kernel.time import Moment

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def _feed(draft: Draft) -> Verdict:
    """A feed stays about what it was made for; its secret may be changed."""
    old: CalendarFeed | None = draft.old
    feed: CalendarFeed = draft.new
    config = draft.world.config
    found = []
    if not _DIGEST.fullmatch(feed.digest):
        found.append("Digest must be 64 hexadecimal digits")
    holder = config.feed_by_digest.get(feed.digest)
    if holder is not None and holder.id != feed.id:
        found.append("This address is in use")
    if old is not None and (old.user_id, old.subject, old.subject_id) != (feed.user_id, feed.subject, feed.subject_id):
        found.append("A calendar stays about what it was made for")
    if old is None and schedules_of(config, feed) is None:
        found.append("There is nothing like that to subscribe to")
    if old is None and len(config.feeds_of.get(feed.user_id, ())) >= FEEDS:
        found.append(f"A person has {FEEDS} calendar addresses at most. Remove one that nobody uses any more")
    if len(feed.hint) > 8 or len(feed.language) > 20:
        found.append("Hint and language are short")
    return found, NOTHING


RULES: Mapping[str, Callable[[Draft], Verdict]] = {"calendar_feed": _feed}
"""The rule of the kind."""

REMOVAL: Mapping[str, Callable[[World, Any, Moment], Decision]] = {"calendar_feed": alone}
"""What removing one means."""
