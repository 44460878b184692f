"""What must be true of the stored state at every commit, as pure checks over a dump of it.

Each check yields one sentence per breach. Used by the simulator after every step and by whoever doubts a database;
decides nothing and never repairs. The names I03, I11 ... are those of the list of invariants that the product keeps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from tocsin.alerts.holding import suspension_key
from tocsin.alerts.messages import AlertResolved
from tocsin.alerts.model import Alert
from tocsin.deliveries.model import Delivery, DeliveryState
from tocsin.directory.model import Urgency
from tocsin.engine.cover import KEPT, timer_key
from tocsin.engine.incident_history import breaches
from tocsin.engine.world import Recorded
from tocsin.incidents.model import Incident, NoTimer, Status
from tocsin.kernel.time import Moment
from tocsin.oncall import CoverRequest, RequestState
from tocsin.paging.model import WAITING, Message, MessageState, Page, PageState
from tocsin.workflows.decide import step_key
from tocsin.workflows.messages import StepEnded
from tocsin.workflows.model import Run


@dataclass(frozen=True, kw_only=True)
class Records:
    """Everything stored about open and closed work, as of one commit.

    `timers`: key -> when due. `outbox`: keys of effects whose result is not known. `entries`: numbers in the log that
    are events (not orders), up to the log's head; `outcomes`: number -> how it ended; `decided`: how far the log is
    decided.
    """

    alerts: Sequence[Alert]
    incidents: Sequence[Incident]
    pages: Sequence[Page]
    messages: Sequence[Message]
    timers: Mapping[str, Moment]
    outbox: frozenset[str]
    timeline: Sequence[tuple[Moment, Recorded]]
    entries: Sequence[int] = ()
    outcomes: Mapping[int, str] | None = None
    decided: int = 0
    deliveries: Sequence[Delivery] = ()
    runs: Sequence[Run] = ()
    requests: Sequence[CoverRequest] = ()

    @cached_property
    def incident_by_id(self) -> Mapping[str, Incident]:
        """Incidents by id."""
        return {incident.id: incident for incident in self.incidents}

    @cached_property
    def page_by_id(self) -> Mapping[str, Page]:
        """Pages by id."""
        return {page.id: page for page in self.pages}

    @cached_property
    def message_by_id(self) -> Mapping[str, Message]:
        """Messages by id."""
        return {message.id: message for message in self.messages}

    @cached_property
    def alerts_of(self) -> Mapping[str, Sequence[Alert]]:
        """Alerts by incident."""
        grouped: dict[str, list[Alert]] = defaultdict(list)
        for alert in self.alerts:
            if alert.incident_id:
                grouped[alert.incident_id].append(alert)
        return grouped


def accepted_events_have_an_outcome(records: Records) -> Iterator[str]:
    """I01, I04: every decided event ended in exactly one recorded way; nothing undecided has an outcome."""
    outcomes = records.outcomes or {}
    for seq in records.entries:
        if seq <= records.decided and seq not in outcomes:
            yield f"event {seq} was decided and has no outcome"
    for seq in outcomes:
        if seq > records.decided:
            yield f"event {seq} has an outcome and was not decided"


def one_open_alert_per_key(records: Records) -> Iterator[str]:
    """I03: at most one open alert for each key of a monitor."""
    keys = Counter((alert.scope, alert.dedup_key) for alert in records.alerts if alert.is_open)
    for key, count in keys.items():
        if count > 1:
            yield f"{count} open alerts have the key {key}"


def alerts_expire_in_time(records: Records) -> Iterator[str]:
    """I22: an alert that was taken for over because its monitor fell silent was not taken so early."""
    silent = {
        recorded.fact.alert_id
        for _, recorded in records.timeline
        if isinstance(recorded.fact, AlertResolved) and recorded.fact.reason.startswith("expired")
    }
    for alert in records.alerts:
        if alert.id in silent and (alert.expires_at is None or (alert.resolved_at or 0) < alert.expires_at):
            yield f"alert {alert.id} expired at {alert.resolved_at}, before {alert.expires_at}"


def numbers_are_unique(records: Records) -> Iterator[str]:
    """I13: no two incidents share a number."""
    for number, count in Counter(incident.number for incident in records.incidents).items():
        if count > 1:
            yield f"{count} incidents have the number {number}"


def alerts_belong_somewhere(records: Records) -> Iterator[str]:
    """I14, I16: every alert that may page is in one incident, counts are right, a closed incident has none open."""
    for alert in records.alerts:
        if not alert.incident_id and not alert.is_held:
            yield f"alert {alert.id} is in no incident, and nothing holds it back"
        if alert.window_id and not alert.suppressed:
            yield f"alert {alert.id} is held by a maintenance window and not suppressed"
        if alert.incident_id and alert.is_held:
            yield f"alert {alert.id} is held back and in an incident"
        if alert.incident_id and alert.incident_id not in records.incident_by_id:
            yield f"alert {alert.id} is in an incident that does not exist"
    for incident in records.incidents:
        held = records.alerts_of.get(incident.id, ())
        still_open = sum(alert.is_open for alert in held)
        if incident.merged_into:
            if held:
                yield f"incident {incident.number} was merged away and still holds {len(held)} alerts"
        elif incident.alert_count != len(held):
            yield f"incident {incident.number} counts {incident.alert_count} alerts and holds {len(held)}"
        if incident.open_alert_count != still_open:
            yield f"incident {incident.number} counts {incident.open_alert_count} open alerts, there are {still_open}"


def merged_incidents_stay_closed(records: Records) -> Iterator[str]:
    """I15: what was merged away is resolved, and its target exists."""
    for incident in records.incidents:
        if incident.merged_into and (incident.is_open or incident.merged_into not in records.incident_by_id):
            yield f"incident {incident.number} was merged into {incident.merged_into} and is {incident.status}"


_REASONS = {
    Status.TRIGGERED: {NoTimer.EXHAUSTED, NoTimer.LOW_URGENCY, NoTimer.ASSIGNED},
    Status.ACKNOWLEDGED: {NoTimer.NO_ACK_TIMEOUT},
}


def every_open_incident_has_a_next_step(records: Records) -> Iterator[str]:
    """I19, I20: an open incident has a next step or a reason why not, never both; a closed one has neither."""
    for incident in records.incidents:
        name = f"incident {incident.number} ({incident.status})"
        if (incident.timer_at is None) != (incident.next_step is None):
            yield f"{name}: timer_at {incident.timer_at} with next step {incident.next_step}"
        if not incident.is_open:
            if incident.timer_at is not None or incident.timer_reason is not None or incident.assignments:
                yield f"{name} still waits for something or still has somebody"
        elif incident.timer_at is None:
            if incident.timer_reason not in _REASONS[incident.status]:
                yield f"{name} has no next step because {incident.timer_reason}"
        elif incident.timer_reason is not None:
            yield f"{name} has a next step and a reason for none: {incident.timer_reason}"


def people_named_by_hand_can_still_hear(records: Records) -> Iterator[str]:
    """I19: where nothing happens by itself because people were named, some page got through to them or still may."""
    lost = (PageState.FAILED, PageState.CANCELLED)
    arrived = {(page.incident_id, page.epoch, page.user_id) for page in records.pages if page.state not in lost}
    for incident in records.incidents:
        if (incident.status, incident.timer_reason) != (Status.TRIGGERED, NoTimer.ASSIGNED):
            continue
        if incident.urgency is Urgency.HIGH and not any(
            (incident.id, incident.epoch, user_id) in arrived for user_id in incident.assignee_ids
        ):
            yield f"incident {incident.number} waits for people whom no page reached"


def _expected_timers(records: Records) -> dict[str, Moment]:
    expected: dict[str, Moment] = {}
    for incident in records.incidents:
        if incident.timer_at is not None:
            expected[f"incident:{incident.id}"] = incident.timer_at
        if incident.is_open and incident.auto_resolve_at is not None:
            expected[f"auto-resolve:{incident.id}"] = incident.auto_resolve_at
    for alert in records.alerts:
        if alert.is_open and alert.suspended_until is not None:
            expected[suspension_key(alert.id)] = alert.suspended_until
    for run in records.runs:
        if run.is_running:
            expected[step_key(run.id)] = run.results[-1].at if run.results else run.started_at
    for one in records.requests:
        expected[timer_key(one.id)] = one.expires_at if one.closed_at is None else one.closed_at + KEPT
    return expected


_MAY_BE_IDLE = ("bundle:", "answer:", "left:", "window:", "raise:", "help:", "handoff:")
"""A bundle may have nothing left in it when its time comes, there may be nothing more to answer, a window may hold
nothing, a service may have nothing quiet, help may not be needed any more, nobody may want to hear of a hand-off."""


def timers_fit_the_state(records: Records) -> Iterator[str]:
    """I21: what is to happen by itself has its row among the timers, and no row waits for what is over."""
    exact = _expected_timers(records)
    at_most = {f"alert-expiry:{a.id}": a.expires_at for a in records.alerts if a.is_open and a.expires_at is not None}
    at_most |= {f"page:{page.id}": page.due_at for page in records.pages if page.state is PageState.PLANNED}
    needed = {f"bundle:{page.contact_id}" for page in records.pages if page.state is PageState.BUNDLED}
    needed |= {f"retry:{one.id}" for one in records.messages if one.state is MessageState.RETRYING}
    for key, due in exact.items():
        if records.timers.get(key) != due:
            yield f"timer {key} is due at {records.timers.get(key)}, not at {due}"
    for key, due in at_most.items():
        if key not in records.timers or records.timers[key] > due:
            yield f"timer {key} is due at {records.timers.get(key)}, later than {due}"
    for key in needed - records.timers.keys():
        yield f"timer {key} is missing"
    for key in records.timers.keys() - exact.keys() - at_most.keys() - needed:
        if not key.startswith(_MAY_BE_IDLE):
            yield f"timer {key} waits for nothing"


def messages_on_their_way_are_known(records: Records) -> Iterator[str]:
    """I32: a message is with a sender exactly while the outbox knows it; nothing is stuck on its way."""
    sending = {f"{one.id}:{one.attempt}": one for one in records.messages if one.state is MessageState.SENDING}
    for key in sending.keys() - records.outbox:
        yield f"message {key} is on its way and not in the outbox"
    for key in records.outbox - sending.keys():
        message = records.message_by_id.get(key.rpartition(":")[0])
        if message is None or message.state is not MessageState.DELIVERED:  # its receipt came before its report
            yield f"the outbox holds {key}, which is {message.state if message else 'not known'}"


def waiting_pages_are_wanted(records: Records) -> Iterator[str]:
    """I15, I27, I32: a page waits only for somebody who has the incident now, and something moves it on."""
    for page in records.pages:
        if page.state not in WAITING:
            continue
        incident = records.incident_by_id.get(page.incident_id)
        if incident is not None and page.help:
            if not (incident.is_open and incident.awaits(page.user_id)):
                yield f"page {page.id} is {page.state} and asks for help that is not awaited"
        elif incident is None or not (incident.status is Status.TRIGGERED or (page.news and incident.is_open)):
            yield f"page {page.id} is {page.state}, its incident {incident.status if incident else 'gone'}"
        elif page.epoch != incident.epoch or page.user_id not in incident.assignee_ids:
            yield f"page {page.id} is {page.state} for somebody who does not have incident {incident.number} any more"
        if page.state is PageState.SENDING:
            carrier = records.message_by_id.get(page.message_id)
            if (
                carrier is None
                or page.id not in carrier.page_ids
                or carrier.state not in (MessageState.SENDING, MessageState.RETRYING)
            ):
                yield f"page {page.id} is on its way in a message that is {carrier.state if carrier else 'gone'}"


def histories_fit_the_state(records: Records) -> Iterator[str]:
    """I11, I12, I22 to I24, I30: see `incident_history`."""
    grouped: dict[str, list[tuple[Moment, Recorded]]] = defaultdict(list)
    for at, recorded in records.timeline:
        if recorded.fact.incident_id:
            grouped[recorded.fact.incident_id].append((at, recorded))
    for incident in records.incidents:
        for breach in breaches(incident, grouped[incident.id], records.page_by_id):
            yield f"incident {incident.number}: {breach}"


def deliveries_go_in_order(records: Records) -> Iterator[str]:
    """I57: of each queue the first delivery that has not ended is due, and no other; what ended is over."""
    queues: dict[tuple[str, str], list[Delivery]] = defaultdict(list)
    for delivery in sorted(records.deliveries, key=lambda one: one.number):
        if delivery.is_queued:
            queues[delivery.subscription_id, delivery.resource_id].append(delivery)
        elif delivery.due_at is not None or delivery.finished_at is None:
            yield f"delivery {delivery.id} has ended and is not over"
    for queue in queues.values():
        for place, delivery in enumerate(queue):
            is_due = delivery.state is DeliveryState.DUE and delivery.due_at is not None
            if is_due != (place == 0):
                yield f"delivery {delivery.id} is number {place + 1} of its queue and {delivery.state}"


def workflows_do_each_step_once(records: Records) -> Iterator[str]:
    """Of a run as many steps are on the timeline as have an outcome, never more; it is over with its last one."""
    told = Counter(one.fact.run_id for _, one in records.timeline if isinstance(one.fact, StepEnded))
    for run in records.runs:
        if told[run.id] != len(run.results):
            yield f"run {run.id} has {len(run.results)} outcomes, its timeline {told[run.id]}"
        if run.is_running == (len(run.results) == len(run.steps)):
            yield f"run {run.id} has {len(run.results)} of {len(run.steps)} outcomes and ended at {run.finished_at}"


def requests_to_be_covered_are_whole(records: Records) -> Iterator[str]:
    """A request is open, or over since some time; it was taken by somebody exactly if it was accepted."""
    for one in records.requests:
        if one.is_open != (one.closed_at is None):
            yield f"request {one.id} is {one.state} and was closed at {one.closed_at}"
        if (one.state is RequestState.ACCEPTED) != bool(one.taken_by):
            yield f"request {one.id} is {one.state} and was taken by {one.taken_by or 'nobody'}"


CHECKS: Sequence[Callable[[Records], Iterator[str]]] = (
    accepted_events_have_an_outcome,
    one_open_alert_per_key,
    alerts_expire_in_time,
    numbers_are_unique,
    alerts_belong_somewhere,
    merged_incidents_stay_closed,
    deliveries_go_in_order,
    workflows_do_each_step_once,
    requests_to_be_covered_are_whole,
    every_open_incident_has_a_next_step,
    people_named_by_hand_can_still_hear,
    timers_fit_the_state,
    messages_on_their_way_are_known,
    waiting_pages_are_wanted,
    histories_fit_the_state,
)
"""Every check, cheapest first."""


def violations(records: Records) -> list[str]:
    """All breaches, each with the name of its check; [] when everything is as it must be."""
    return [f"{check.__name__}: {breach}" for check in CHECKS for breach in check(records)]
