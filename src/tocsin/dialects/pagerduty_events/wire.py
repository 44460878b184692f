"""The three request bodies as typed decoders see them.

Decides what is ordinary; never says what is wrong with the rest (faults.py does).

A body that fits these and is `sound` is accepted without another look.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from tocsin.events.model import Severity
from tocsin.kernel.limits import DEDUP_KEY_CHARS


class Link(msgspec.Struct, gc=False):
    """An address to show with the alert."""

    href: str
    text: str | None = None


class Image(msgspec.Struct, gc=False):
    """A picture to show with the alert."""

    src: str
    href: str | None = None
    alt: str | None = None


class Payload(msgspec.Struct, rename={"event_class": "class"}):
    """What is wrong, in the common event format."""

    summary: str
    source: str
    severity: Severity
    timestamp: Any = None
    component: str | None = None
    group: str | None = None
    event_class: str | None = None
    custom_details: Any = None


class Enqueue(msgspec.Struct):
    """The body of an alert event, v2."""

    event_action: Literal["trigger", "acknowledge", "resolve"]
    routing_key: str | None = None
    dedup_key: str | None = None
    payload: Payload | None = None
    client: str | None = None
    client_url: str | None = None
    links: list[Link] | None = None
    images: list[Image] | None = None

    @property
    def key(self) -> str:
        """The integration's key."""
        return self.routing_key or ""

    @property
    def dedup(self) -> str | None:
        """The alert's key, if the sender gave one."""
        return self.dedup_key

    def is_sound(self) -> bool:
        """Whether nothing is wrong with it (the key aside)."""
        if self.event_action != "trigger":
            return is_key(self.dedup_key)
        payload = self.payload
        return (
            payload is not None
            and not is_blank(payload.summary)
            and not is_blank(payload.source)
            and (self.dedup_key is None or len(self.dedup_key) <= DEDUP_KEY_CHARS)
            and (self.links is None or not any(is_blank(link.href) for link in self.links))
            and (self.images is None or not any(is_blank(image.src) for image in self.images))
        )


class ChangePayload(msgspec.Struct):
    """What was changed."""

    summary: str
    source: str | None = None
    timestamp: Any = None
    custom_details: Any = None


class Change(msgspec.Struct):
    """The body of a change event."""

    payload: ChangePayload
    routing_key: str | None = None
    links: list[Link] | None = None
    images: list[Image] | None = None

    @property
    def key(self) -> str:
        """The integration's key."""
        return self.routing_key or ""

    @property
    def dedup(self) -> str | None:
        """A change has no key."""
        return None

    def is_sound(self) -> bool:
        """Whether nothing is wrong with it (the key aside)."""
        return (
            not is_blank(self.payload.summary)
            and (self.links is None or not any(is_blank(link.href) for link in self.links))
            and (self.images is None or not any(is_blank(image.src) for image in self.images))
        )


class Context(msgspec.Struct, gc=False):
    """A link (`href`, `text`) or an image (`src`, `href`, `alt`) of a v1 event."""

    type: Literal["link", "image"]
    href: str | None = None
    text: str | None = None
    src: str | None = None
    alt: str | None = None

    def is_sound(self) -> bool:
        """Whether it has the one address that it needs."""
        return not is_blank((self.href if self.type == "link" else self.src) or "")


class Legacy(msgspec.Struct):
    """The body of a v1 event."""

    event_type: Literal["trigger", "acknowledge", "resolve"]
    service_key: str | None = None
    incident_key: str | None = None
    description: str | None = None
    details: Any = None
    client: str | None = None
    client_url: str | None = None
    contexts: list[Context] | None = None

    @property
    def key(self) -> str:
        """The integration's key."""
        return self.service_key or ""

    @property
    def dedup(self) -> str | None:
        """The alert's key, if the sender gave one."""
        return self.incident_key

    def is_sound(self) -> bool:
        """Whether nothing is wrong with it (the key aside)."""
        if self.event_type != "trigger":
            return is_key(self.incident_key)
        return (
            not is_blank(self.description or "")
            and (self.incident_key is None or len(self.incident_key) <= DEDUP_KEY_CHARS)
            and (self.contexts is None or all(context.is_sound() for context in self.contexts))
        )


def is_blank(text: str) -> bool:
    """Whether there is nothing to read."""
    return not text or text.isspace()


def is_key(text: str | None) -> bool:
    """Whether this names an alert."""
    return text is not None and not is_blank(text) and len(text) <= DEDUP_KEY_CHARS


ENQUEUE = msgspec.json.Decoder(Enqueue)
CHANGE = msgspec.json.Decoder(Change)
LEGACY = msgspec.json.Decoder(Legacy)
