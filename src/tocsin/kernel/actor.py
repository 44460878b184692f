"""Who does something: every command carries its actor, every fact and audit record names it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ActorKind(StrEnum):
    """What sort of party acts."""

    USER = "user"  # a person, signed in or answering a page
    KEY = "key"  # an API key that stands for no person
    INTEGRATION = "integration"  # a monitor, through its integration
    SYSTEM = "system"  # Tocsin itself: timers, timeouts, the set-up command


class Via(StrEnum):
    """The door that the command came through."""

    WEB = "web"
    API = "api"
    EVENT = "event"
    SMS = "sms"
    VOICE = "voice"
    EMAIL = "email"
    WEBHOOK = "webhook"
    TIMER = "timer"
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Actor:
    """A party and its door. `id` is the user's, key's or integration's id, empty for the system."""

    kind: ActorKind
    id: str = ""
    via: Via = Via.API


SYSTEM = Actor(ActorKind.SYSTEM, "", Via.TIMER)
"""Tocsin acting by itself when a timer falls due."""
