"""News that nobody answers: a message that belongs to no page and is tried once. Pure."""

from __future__ import annotations

from tocsin.directory.model import Channel, ContactMethod
from tocsin.incidents.model import Incident
from tocsin.kernel.decision import Decision
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.paging.messages import SendMessage
from tocsin.paging.model import Haste, Message, MessageState, Words

SHORT = 300
"""Characters of news in a text message or a call."""


def told(incident: Incident, contact: ContactMethod, subject: str, text: str, ids: IdSource, now: Moment) -> Decision:
    """News of an incident, to one contact method."""
    heading = subject or f"[#{incident.number}] News of {incident.title}"
    return sent(contact, heading, f"News of #{incident.number} {incident.title}: {text}", ids, now)


def sent(
    contact: ContactMethod, subject: str, text: str, ids: IdSource, now: Moment, *, words: Words | None = None
) -> Decision:
    """One message to one contact method. It goes out behind everything that calls somebody.

    `words` go with it where whoever hears that it could not be sent says them by another way.
    """
    message = Message(
        id=ids.long(),
        user_id=contact.user_id,
        contact_id=contact.id,
        channel=contact.channel,
        address=contact.dial,
        page_ids=(),
        incident_ids=(),
        code="",
        state=MessageState.SENDING,
        created_at=now,
        changed_at=now,
        words=words,
    )
    effect = SendMessage(
        key=f"{message.id}:{message.attempt}",
        message_id=message.id,
        attempt=message.attempt,
        channel=message.channel,
        address=message.address,
        user_id=message.user_id,
        subject=" ".join(subject.split())[:200],
        text=text if contact.channel is Channel.EMAIL else text[:SHORT],
        spoken=text[:SHORT],
        code="",
        incident_ids=(),
        incident_number=0,
        secret=contact.secret,
        haste=Haste.LOW,
    )
    return Decision(state=(message,), effects=(effect,))
