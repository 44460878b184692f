"""What people write on an incident. A note keeps its history: each fact about it stays; its state follows from them.

Decides what a note says now, and what may be done to one. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tocsin.incidents.messages import NoteAdded, NoteEdited, NoteRemoved
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor
from tocsin.kernel.decision import Decision, Fact
from tocsin.kernel.errors import Invalid, NotFound
from tocsin.kernel.limits import NOTE_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.values import replace
from tocsin.kernel.wording import phrase

FACTS = (NoteAdded, NoteEdited, NoteRemoved)
"""What can happen to a note."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note as it stands. `author` wrote it at `created_at`; whoever changed it last did at `updated_at`."""

    id: str
    incident_id: str
    author: Actor
    text: str
    created_at: Moment
    updated_at: Moment


def notes_of(history: Iterable[tuple[Moment, Actor, Fact]]) -> list[Note]:
    """The notes that are there after all that happened, in the order in which they were written."""
    found: dict[str, Note] = {}
    for at, actor, fact in history:
        if isinstance(fact, NoteAdded):
            note = Note(
                id=fact.note_id,
                incident_id=fact.incident_id,
                author=actor,
                text=fact.text,
                created_at=at,
                updated_at=at,
            )
            found[note.id] = note
        elif isinstance(fact, NoteRemoved):
            found.pop(fact.note_id, None)
        elif isinstance(fact, NoteEdited) and fact.note_id in found:
            found[fact.note_id] = replace(found[fact.note_id], text=fact.text, updated_at=at)
    return list(found.values())


def one_of(notes: Iterable[Note], note_id: str) -> Note:
    """The note with this id. Raises NotFound."""
    for note in notes:
        if note.id == note_id:
            return note
    raise NotFound("There is no such note.")


def content_of(text: str) -> str:
    """What a note says, without space around it. Raises Invalid when empty or over the limit."""
    content = text.strip()
    if not content or len(content) > NOTE_CHARS:
        raise Invalid(phrase("A note has 1 to %(note_chars)s characters.", note_chars=NOTE_CHARS), reason="note_length")
    return content


def add(incident: Incident, text: str, note_id: str, now: Moment) -> Decision:
    """Write on the timeline. Raises Invalid when empty or over the limit. The value is the note's id."""
    fact = NoteAdded(incident_id=incident.id, note_id=note_id, text=content_of(text))
    return Decision(state=(replace(incident, updated_at=now),), facts=(fact,), value=note_id)


def edit(incident: Incident, note: Note, text: str, now: Moment) -> Decision:
    """Say it better; the same words change nothing. Raises Invalid when empty or over the limit."""
    content = content_of(text)
    if content == note.text:
        return Decision(value="unchanged")
    fact = NoteEdited(incident_id=incident.id, note_id=note.id, text=content)
    return Decision(state=(replace(incident, updated_at=now),), facts=(fact,))


def remove(incident: Incident, note: Note, now: Moment) -> Decision:
    """Take it back."""
    fact = NoteRemoved(incident_id=incident.id, note_id=note.id)
    return Decision(state=(replace(incident, updated_at=now),), facts=(fact,))
