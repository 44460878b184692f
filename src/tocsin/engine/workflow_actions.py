"""What the steps of workflows do: each action that the stations here can carry out, as the command that it is.

Decides which of a step's texts is what, and finds the people and things that they name. An action that is none of
these is not done, and the run says so. Whatever is typed is filled in by looking up fields, never executed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

from tocsin.directory.business import Subscriber
from tocsin.directory.model import Urgency
from tocsin.engine import on_calls, on_escalation, on_incidents, on_news, on_notes, on_responders, things
from tocsin.engine.incident_fields import scene_of
from tocsin.engine.things import SaveThing
from tocsin.engine.world import World
from tocsin.escalation.messages import EscalateNow
from tocsin.events import pcl
from tocsin.events.orchestration import Call
from tocsin.incidents.help_messages import RequestResponders
from tocsin.incidents.messages import (
    AddNote,
    PublishStatus,
    Reassign,
    Resolve,
    SetBridge,
    SetPriority,
    SetTitle,
    SetUrgency,
)
from tocsin.incidents.model import Bridge, Incident
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.decision import Decision
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.limits import CALL_PAIRS, FILLED_CHARS, NAME_CHARS, NOTE_CHARS
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import stored
from tocsin.workflows.definition import input_key
from tocsin.workflows.model import Outcome, Step

TEXT_CHARS = 8 * 1024
"""So long a step's text gets when it is filled in."""

HELP_MESSAGE = "Please help with {{incident.title}}"
"""What people are asked when the step has no words for it."""

NO_SUCH_ACTION = stored("there is no such action here")

_VERSION = re.compile(r"[0-9]{1,6}")


class Done(NamedTuple):
    """What came of a step, and what it decided."""

    outcome: Outcome
    detail: str
    decision: Decision = Decision()


class _Refused(Exception):
    """The step can't be done; the words say why."""


@dataclass(frozen=True, slots=True)
class _Stage:
    """A step on its incident, with its texts as they were typed and filled in, by their names in small letters."""

    world: World
    incident: Incident
    scene: pcl.Scene
    typed: Mapping[str, str]
    texts: Mapping[str, str]
    now: Moment

    def text(self, *names: str) -> str:
        """The first of these that says something, "" when none does."""
        return next((self.texts[name] for name in names if self.texts.get(name)), "")

    def pairs(self, *names: str) -> tuple[tuple[str, str], ...]:
        """Keys with texts out of JSON, filled in one by one: what is filled in can't become a key of its own.

        Raises _Refused for what is none, and where it is too much.
        """
        typed = next((self.typed[name] for name in names if self.typed.get(name)), "")
        given, found, room = list(_pairs(typed, names[0])), [], FILLED_CHARS
        if len(given) > CALL_PAIRS:
            raise _Refused(stored("it has more than %(call_pairs)s %(names)s", call_pairs=CALL_PAIRS, names=names[0]))
        for key, template in given:
            text = _filled(template, self.scene)
            room -= len(key) + len(text)
            found.append((key, text))
        if room < 0:
            raise _Refused(
                stored(
                    "its %(names)s are longer than %(filled_chars)s characters",
                    names=names[0],
                    filled_chars=FILLED_CHARS,
                )
            )
        return tuple(found)

    def needed(self, *names: str) -> str:
        """As `text`. Raises _Refused when none says anything."""
        found = self.text(*names)
        if not found:
            raise _Refused(stored("it has no %(names)s", names=names[0]))
        return found


_Act: TypeAlias = Callable[[_Stage], tuple[Decision, str]]


def function_of(action: str) -> str:
    """What an action's id calls what it does: `add-responders` of `...:incident-workflows:add-responders:2`.

    "" for one of another package: those belong to programs that do not exist here.
    """
    parts = action.split(":")
    if parts and _VERSION.fullmatch(parts[-1]):
        parts.pop()
    return parts[-1] if len(parts) >= 2 and parts[-2] == "incident-workflows" else ""


def is_known(action: str) -> bool:
    """Whether a step with this action does something here."""
    return function_of(action) in _ACTIONS


def carry_out(world: World, incident: Incident, step: Step, now: Moment) -> Done:
    """Do what a step says. Never raises for what people typed or for how the incident is: the outcome says it."""
    act = _ACTIONS.get(function_of(step.action))
    if act is None:
        return Done(Outcome.IMPOSSIBLE, NO_SUCH_ACTION)
    scene = scene_of(world.config, incident, now)
    typed = {input_key(name): text.strip() for name, text in step.inputs if name}
    texts = {name: _filled(text, scene) for name, text in typed.items()}
    try:
        decision, detail = act(_Stage(world, incident, scene, typed, texts, now))
    except _Refused as refused:
        return Done(Outcome.REFUSED, str(refused))
    except TocsinError as error:
        return Done(Outcome.REFUSED, error.message.removesuffix("."))
    return Done(Outcome.DONE, detail, decision)


def _filled(text: str, scene: pcl.Scene) -> str:
    return pcl.render(text, scene, limit=TEXT_CHARS, roots=pcl.INCIDENT_ROOTS).strip()


def _publish(stage: _Stage) -> tuple[Decision, str]:
    command = PublishStatus(
        incident_id=stage.incident.id,
        message=stage.needed("message", "status update", "body")[:NOTE_CHARS],
        subject=stage.text("subject", "title")[:NAME_CHARS],
    )
    return on_news.publish(stage.world, SYSTEM, command, stage.now), stored("a status update was sent")


def _note(stage: _Stage) -> tuple[Decision, str]:
    text = stage.needed("note", "notes", "text", "content", "message")
    command = AddNote(incident_id=stage.incident.id, text=text[:NOTE_CHARS])
    return on_notes.add_note(stage.world, SYSTEM, command, stage.now), stored("a note was written")


def _responders(stage: _Stage) -> tuple[Decision, str]:
    found = list(_found(stage, stage.needed("responders", "responder", "users"), ("user", "policy")))
    command = RequestResponders(
        incident_id=stage.incident.id,
        message=(stage.text("message", "responder message") or _filled(HELP_MESSAGE, stage.scene))[:NOTE_CHARS],
        user_ids=tuple(one.id for kind, one in found if kind == "user"),
        policy_ids=tuple(one.id for kind, one in found if kind == "policy"),
    )
    return on_responders.request(stage.world, SYSTEM, command, stage.now), stored(
        "asked %(names)s to help", names=_names(found)
    )


def _stakeholders(stage: _Stage) -> tuple[Decision, str]:
    found = list(_found(stage, stage.needed("stakeholders", "subscribers"), ("user", "team")))
    decision = Decision()
    for kind, one in found:
        subscriber = Subscriber(
            subscriber_id=one.id, subscribed_id=stage.incident.id, is_team=kind == "team", of_incident=True
        )
        if subscriber.id not in stage.world.config.subscribers:
            command = SaveThing(thing_kind="subscriber", thing=subscriber)
            decision += things.save(stage.world, SYSTEM, command, stage.now)
    return decision, stored("%(names)s will hear of status updates", names=_names(found))


def _bridge(stage: _Stage) -> tuple[Decision, str]:
    bridge = Bridge(
        number=stage.text("conference number", "number", "phone number")[:NAME_CHARS],
        url=stage.text("conference url", "url")[:2000],
    )
    if not (bridge.number or bridge.url):
        raise _Refused(stored("it has neither a conference number nor a conference url"))
    if bridge.url and not bridge.url.startswith(("https://", "http://")):
        raise _Refused(stored("the conference url must begin with https://"))
    overwrites = stage.text("overwrite existing conference bridge").casefold() in ("yes", "true")
    if stage.incident.bridge is not None and not overwrites:
        return Decision(), stored("there is a conference bridge already")
    command = SetBridge(incident_id=stage.incident.id, bridge=bridge)
    return on_news.set_bridge(stage.world, SYSTEM, command, stage.now), stored("the conference bridge is set")


def _priority(stage: _Stage) -> tuple[Decision, str]:
    wanted = stage.needed("priority", "new priority")
    if wanted.casefold() in ("none", "null"):
        command = SetPriority(incident_id=stage.incident.id, priority_id=None)
        return on_incidents.set_priority(stage.world, SYSTEM, command, stage.now), stored("the priority was removed")
    ((_, one),) = list(_found(stage, wanted, ("priority",)))[:1]
    command = SetPriority(incident_id=stage.incident.id, priority_id=one.id)
    return on_incidents.set_priority(stage.world, SYSTEM, command, stage.now), stored(
        "the priority is %(name)s", name=one.name
    )


def _urgency(stage: _Stage) -> tuple[Decision, str]:
    wanted = stage.needed("urgency").lower()
    if wanted not in list(Urgency):
        raise _Refused(stored("the urgency must be high or low"))
    command = SetUrgency(incident_id=stage.incident.id, urgency=Urgency(wanted))
    return on_incidents.set_urgency(stage.world, SYSTEM, command, stage.now), stored(
        "the urgency is %(wanted)s", wanted=wanted
    )


def _reassign(stage: _Stage) -> tuple[Decision, str]:
    """To people by name; to a policy, which starts over."""
    wanted = stage.needed("assignees", "assignee", "assign to", "users", "user", "escalation policy")
    found = list(_found(stage, wanted, ("user", "policy")))
    policies = [one for kind, one in found if kind == "policy"]
    if policies:
        order = EscalateNow(incident_id=stage.incident.id, policy_id=policies[0].id)
        decision = on_escalation.escalate_now(stage.world, SYSTEM, order, stage.now)
        return decision, stored("it goes by %(name)s now", name=policies[0].name)
    command = Reassign(incident_id=stage.incident.id, user_ids=tuple(one.id for _, one in found))
    return on_incidents.reassign(stage.world, SYSTEM, command, stage.now), stored(
        "given to %(names)s", names=_names(found)
    )


def _escalate(stage: _Stage) -> tuple[Decision, str]:
    typed = stage.text("level", "escalation level")
    if typed and not (typed.isascii() and typed.isdigit() and len(typed) <= 3):
        raise _Refused(stored("the level must be a number, not %(typed)s", typed=typed[:80]))
    level = int(typed or 0)
    command = EscalateNow(incident_id=stage.incident.id, level=level)
    return on_escalation.escalate_now(stage.world, SYSTEM, command, stage.now), stored("sent on")


def _title(stage: _Stage) -> tuple[Decision, str]:
    command = SetTitle(incident_id=stage.incident.id, title=stage.needed("title")[:1024])
    return on_incidents.set_title(stage.world, SYSTEM, command, stage.now), stored("it has another title")


def _resolve(stage: _Stage) -> tuple[Decision, str]:
    resolution = stage.text("resolution", "note", "message")[:NOTE_CHARS]
    command = Resolve(incident_id=stage.incident.id, resolution=resolution)
    return on_incidents.resolve(stage.world, SYSTEM, command, stage.now), stored("it is resolved")


def _webhook(stage: _Stage) -> tuple[Decision, str]:
    call = Call(
        name=stage.text("name")[:NAME_CHARS] or "webhook",
        url=next(filter(None, map(stage.typed.get, ("url", "webhook url", "endpoint"))), ""),
        auto_send=True,
        headers=stage.pairs("headers"),
        parameters=stage.pairs("parameters", "body", "payload"),
    )
    decision = on_calls.called(stage.world, SYSTEM, call, stage.incident.id, stage.now)
    return decision, stored("the webhook %(name)s is on its way", name=call.name)


_ACTIONS: Mapping[str, _Act] = {
    "send-status-update": _publish,
    "add-responders": _responders,
    "add-stakeholders": _stakeholders,
    "add-subscribers": _stakeholders,
    "add-conference-bridge": _bridge,
    "add-note": _note,
    "add-notes-to-incident": _note,
    "change-priority": _priority,
    "set-priority": _priority,
    "change-urgency": _urgency,
    "set-urgency": _urgency,
    "reassign": _reassign,
    "reassign-incident": _reassign,
    "escalate": _escalate,
    "change-title": _title,
    "resolve-incident": _resolve,
    "send-webhook": _webhook,
}
"""What can be done, by what clients' configurations call it."""


def _pairs(text: str, name: str) -> Iterator[tuple[str, str]]:
    """Keys with texts: a JSON object, or an array of `{"key": ..., "value": ...}`."""
    if not text:
        return
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        raise _Refused(stored("its %(name)s are not JSON", name=name)) from None
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        value = {str(one.get("key", "")): one.get("value", "") for one in value}
    if not isinstance(value, dict):
        raise _Refused(stored("its %(name)s must be a JSON object", name=name))
    for key, each in value.items():
        yield key, each if isinstance(each, str) else json.dumps(each)


def _names(found: Iterable[tuple[str, Any]]) -> str:
    return ", ".join(one.name for _, one in found)


def _found(stage: _Stage, text: str, kinds: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The things of these kinds that a text names, each once: ids, references, names or mail addresses.

    Raises _Refused for one that is not there.
    """
    seen = set()
    for name in _named(text):
        hit = next(((kind, one) for kind in kinds if (one := _one(stage.world, kind, name)) is not None), None)
        if hit is None:
            raise _Refused(
                stored("there is no %(listed)s %(name)s", listed=" or ".join(map(_word, kinds)), name=name[:80])
            )
        if hit[1].id not in seen:
            seen.add(hit[1].id)
            yield hit
    if not seen:
        raise _Refused(stored("it names no %(listed)s", listed=" or ".join(map(_word, kinds))))


def _word(kind: str) -> str:
    return "escalation policy" if kind == "policy" else kind


def _one(world: World, kind: str, name: str) -> Any:
    config = world.config
    there = config.of(kind)
    if name in there:
        found = there[name]
    elif kind == "user" and name.lower() in config.user_by_email:
        found = config.user_by_email[name.lower()]
    else:
        found = next((one for one in there.values() if one.name.casefold() == name.casefold()), None)
    return found if kind != "user" or found is None or found.active else None


def _named(text: str) -> Iterator[str]:
    """The names in a text: JSON (an array of references, also each as a text of its own), or separated by commas."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        yield from filter(None, (part.strip() for part in text.split(",")))
        return
    for one in value if isinstance(value, list) else [value]:
        yield from _in_reference(one)


def _in_reference(one: object) -> Iterator[str]:
    if isinstance(one, str) and one.startswith("{"):
        try:
            one = json.loads(one)
        except (ValueError, RecursionError):
            return
    if isinstance(one, dict):
        name = one.get("id") or one.get("name") or one.get("email")
        if isinstance(name, str):
            yield name
    elif isinstance(one, str | int):
        yield str(one)
