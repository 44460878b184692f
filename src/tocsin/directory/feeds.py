"""Calendar feeds: secret addresses at which a calendar program fetches who is on call. Decides nothing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tocsin.kernel.time import Moment

FEEDS = 50
"""Feeds of one person: each is an address that somebody may have."""


class FeedSubject(StrEnum):
    """Whose time on call a feed shows."""

    PERSON = "person"  # the owner's own, on every schedule
    SCHEDULE = "schedule"  # everybody's on one schedule
    TEAM = "team"  # everybody's on every schedule of a team


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarFeed:
    """An address of `user_id`, who sees by it what `subject_id` names; it shows no more than they may see.

    Only the SHA-256 of the secret is kept, and `hint`, its last characters. `language`: what its words are in.
    """

    id: str
    user_id: str
    subject: FeedSubject
    subject_id: str
    digest: str
    hint: str = ""
    language: str = "en"
    created_at: Moment = 0
    updated_at: Moment = 0
