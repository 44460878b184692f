"""Commands to and facts from the incidents station about asking others to help."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command, Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestResponders(Command):
    """Ask people, by name or through policies, to help whoever has it."""

    kind: ClassVar[str] = "incident.request_responders"
    incident_id: str
    message: str
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHelpers(Command):
    """A policy that was asked for help calls its level `level` (from 1), unless somebody has joined through it."""

    kind: ClassVar[str] = "incident.call_helpers"
    incident_id: str
    request_id: str
    policy_id: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequests(Command):
    """These people and policies need not help any more; who has answered is left alone."""

    kind: ClassVar[str] = "incident.cancel_requests"
    incident_id: str
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerRequest(Command):
    """The actor, who was asked to help, does or does not."""

    kind: ClassVar[str] = "incident.answer_request"
    incident_id: str
    joins: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RespondersRequested(Fact):
    """Somebody asked for help."""

    kind: ClassVar[str] = "incident.responders_requested"
    request_id: str
    message: str
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderAdded(Fact):
    """A person is asked to help now: by name (level 0), or by this level of a policy."""

    kind: ClassVar[str] = "incident.responder_added"
    user_id: str
    message: str
    policy_id: str = ""
    level: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoResponder(Fact):
    """A level of a policy that was asked for help has nobody to call; `reason` in words."""

    kind: ClassVar[str] = "incident.no_responder"
    policy_id: str
    level: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponderReplied(Fact):
    """A person who was asked helps, or does not."""

    kind: ClassVar[str] = "incident.responder_replied"
    user_id: str
    joined: bool
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsCancelled(Fact):
    """These people and policies need not help any more."""

    kind: ClassVar[str] = "incident.requests_cancelled"
    user_ids: tuple[str, ...] = ()
    policy_ids: tuple[str, ...] = ()
