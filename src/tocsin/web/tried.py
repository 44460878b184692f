"""How the test page that somebody sent themselves went: shown where it was sent, until its provider has said its word.

The address names the message. Decides wording, and how long more is waited for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from tocsin.directory.model import Channel
from tocsin.kernel.time import SECOND
from tocsin.paging.model import Message, MessageState
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import Look
from tocsin.web.visit import Visit

RECEIPT: Final = 60 * SECOND
"""How long a test is looked at again for the provider's later word."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A test that the reader sent. `waits`: there is more to come."""

    message: Message
    look: Look
    says: str
    waits: bool


def at_trial(path: str, message_id: str) -> str:
    """The page at this path, with how the test went."""
    return f"{path}?test={message_id}#p-test"


def trial_of(visit: Visit, channels: Collection[Channel] = tuple(Channel)) -> Trial | None:
    """The test that the address names, if it is the reader's own and went by one of these channels."""
    message = visit.site.reads.message(visit.query("test")) if visit.query("test") else None
    if message is None or not message.is_test or message.user_id != visit.me.id or message.channel not in channels:
        return None
    glyph, word, css = _STATES[message.state]
    young = visit.now - message.created_at < RECEIPT
    later_word = message.state is MessageState.SENT and message.channel in _RECEIPTS
    waits = young and (message.state in (MessageState.SENDING, MessageState.RETRYING) or later_word)
    return Trial(message, Look(glyph, _(word), css), message.detail, waits)


_RECEIPTS: Final = frozenset({Channel.SMS, Channel.VOICE})
"""Where a provider says later whether it arrived."""

_STATES: Final[Mapping[MessageState, tuple[str, str, str]]] = {
    MessageState.SENDING: ("unknown", later("On its way to the provider"), "quiet"),
    MessageState.RETRYING: ("triggered", later("Failed for now; it is tried again"), "triggered still"),
    MessageState.SENT: ("resolved", later("The provider took it"), "resolved"),
    MessageState.DELIVERED: ("resolved", later("It arrived"), "resolved"),
    MessageState.FAILED: ("triggered", later("Failed"), "triggered still"),
    MessageState.CANCELLED: ("suppressed", later("Stopped before it was sent"), "quiet"),
}
