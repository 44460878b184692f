"""Commands to and facts from the escalation station."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tocsin.kernel.decision import Command, Fact
from tocsin.kernel.time import Moment, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class StartEscalation(Command):
    """Call the first level that has somebody. `reason` in words, where people who had it by name give way to it."""

    kind: ClassVar[str] = "escalation.start"
    incident_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeEscalation(Command):
    """Page again at the present level: an acknowledgement ended or the urgency rose."""

    kind: ClassVar[str] = "escalation.resume"
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NextLevel(Command):
    """The delay of the present level has passed unanswered. Void unless `epoch` is still the incident's."""

    kind: ClassVar[str] = "escalation.next_level"
    incident_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalateNow(Command):
    """A person sends it to another level at once (0 = the next one), or to another policy from its start."""

    kind: ClassVar[str] = "escalation.escalate_now"
    incident_id: str
    level: int = 0
    policy_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopEscalation(Command):
    """The urgency fell: nobody further is called."""

    kind: ClassVar[str] = "escalation.stop"
    incident_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLastResort(Command):
    """Still unanswered: call managers and owners again. Void unless `epoch` is still the incident's."""

    kind: ClassVar[str] = "escalation.call_last_resort"
    incident_id: str
    epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SkipWaiting(Command):
    """Bring the next step forward to `seconds` from now; the clock is not touched. Tocsin's own: the demo uses it."""

    kind: ClassVar[str] = "escalation.skip_waiting"
    incident_id: str
    seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSkipped(Fact):
    """The next step was brought forward by `skipped` microseconds, to `next_at`."""

    kind: ClassVar[str] = "escalation.waiting_skipped"
    skipped: int
    next_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockSetBack(Fact):
    """The wall clock was set back by `back` while this waited: the next step comes at `next_at` by the clock of now."""

    kind: ClassVar[str] = "escalation.clock_set_back"
    back: Span
    next_at: Moment


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationRequested(Fact):
    """Somebody sent it on by hand. `policy_id` is set when it was sent to another policy."""

    kind: ClassVar[str] = "escalation.requested"
    level: int
    policy_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelReached(Fact):
    """A level has the incident now. `next_at`: when the next is called (None = never by itself)."""

    kind: ClassVar[str] = "escalation.level_reached"
    level: int
    pass_number: int
    passes: int
    user_ids: tuple[str, ...]
    next_at: Moment | None = None
    resumed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelSkipped(Fact):
    """Nobody at this level could be called; the next one is called at once. `reason` in words.

    Level 0 stands for the people who had the incident.
    """

    kind: ClassVar[str] = "escalation.level_skipped"
    level: int
    pass_number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PassRepeated(Fact):
    """The last level did not answer; the policy starts again."""

    kind: ClassVar[str] = "escalation.pass_repeated"
    pass_number: int
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyExhausted(Fact):
    """The last pass ended unanswered, or nobody is on call at any level. `reason` in words."""

    kind: ClassVar[str] = "escalation.exhausted"
    reason: str
    passes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LastResortReached(Fact):
    """Managers or owners are called because nobody answered. `who`: "team managers", "owners"."""

    kind: ClassVar[str] = "escalation.last_resort"
    user_ids: tuple[str, ...]
    who: str
    round_number: int
    next_at: Moment | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NobodyToPage(Fact):
    """Not even an owner can be reached."""

    kind: ClassVar[str] = "escalation.nobody"
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationStopped(Fact):
    """Nobody further is called by itself. `reason` in words."""

    kind: ClassVar[str] = "escalation.stopped"
    reason: str
