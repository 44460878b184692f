"""How each connection fares: the last event of each monitor, the last message of each channel, the last delivery.

Each question is bounded by what the newest rows say, so that it stays cheap in an old installation; who was silent for
longer has no answer here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from tocsin.deliveries.model import Delivery, DeliveryState, is_call_lane
from tocsin.directory.model import Channel
from tocsin.events.model import Outcome
from tocsin.kernel.time import DAY, Moment
from tocsin.paging.model import Message, MessageState
from tocsin.storage import tables
from tocsin.storage.codec import load

DAYS_LOOKED_AT = 7
"""Whole days, and today, in which a monitor's last event is looked for."""

EVENTS_LOOKED_AT = 50_000
"""The newest events among which its last one that could not be decided is looked for."""

MESSAGES_LOOKED_AT = 2_000
DELIVERIES_LOOKED_AT = 200

_DAYS = tables.entrance_days.c
_E = tables.event_outcomes.c
_M = tables.messages.c
_D = tables.deliveries.c
_WENT = (MessageState.SENT.value, MessageState.DELIVERED.value)


@dataclass(frozen=True, slots=True)
class MonitorLatest:
    """Of one entrance: when its last event came that could be decided, and the last that could not, with why."""

    heard_at: Moment | None = None
    quarantined_at: Moment | None = None
    reason: str = ""
    quarantined_seq: int = 0


@dataclass(frozen=True, slots=True)
class ChannelLatest:
    """Of one channel: the newest message that a provider took, and the newest that was given up."""

    sent: Message | None = None
    failed: Message | None = None


@dataclass(frozen=True, slots=True)
class DeliveryLatest:
    """Of all subscriptions: the newest delivery that arrived, and the newest that was given up."""

    delivered: Delivery | None = None
    dropped: Delivery | None = None


def monitors(connection: Connection, now: Moment) -> Mapping[str, MonitorLatest]:
    """By entrance (integration or orchestration key), those that were heard lately."""
    lately = _DAYS.day >= now // DAY - DAYS_LOOKED_AT
    newest = select(_DAYS.integration_id, func.max(_DAYS.day).label("day")).where(lately)
    last = newest.group_by(_DAYS.integration_id).subquery().c
    heard = select(_DAYS.integration_id, _DAYS.last_at, _DAYS.last_outcome).where(
        _DAYS.integration_id == last.integration_id, _DAYS.day == last.day
    )
    quarantined = Outcome.QUARANTINED.value
    ended = [(one, at, outcome == quarantined) for one, at, outcome in connection.execute(heard)]
    found = {one: at for one, at, is_bad in ended if not is_bad}
    # Of those whose last event could not be decided, and of what could not be, the newest events know more.
    low = int(connection.execute(select(func.max(_E.seq))).scalar() or 0) - EVENTS_LOOKED_AT
    unsure = [one for one, _at, is_bad in ended if is_bad]
    if unsure:
        good = select(_E.integration_id, func.max(_E.received_at)).where(
            _E.seq > low, _E.outcome != quarantined, _E.integration_id.in_(unsure)
        )
        found |= dict(connection.execute(good.group_by(_E.integration_id)).all())
    latest = {one: MonitorLatest(heard_at=at) for one, at in found.items()}
    worst = select(func.max(_E.seq)).where(_E.seq > low, _E.outcome == quarantined).group_by(_E.integration_id)
    bad = select(_E.integration_id, _E.received_at, _E.reason, _E.seq).where(_E.seq.in_(worst))
    for one, at, reason, seq in connection.execute(bad):
        latest[one] = MonitorLatest(found.get(one), at, reason, seq)
    return latest


def channels(connection: Connection) -> Mapping[Channel, ChannelLatest]:
    """By channel, those of which the newest messages hold any."""
    lately = select(_M.channel, _M.state, _M.created_at).order_by(_M.created_at.desc()).limit(MESSAGES_LOOKED_AT)
    rows = lately.subquery().c
    newest = select(rows.channel, rows.state, func.max(rows.created_at)).group_by(rows.channel, rows.state)
    went: dict[str, tuple[Moment, str]] = {}
    failed: dict[str, tuple[Moment, str]] = {}
    for channel, state, at in connection.execute(newest):
        into = went if state in _WENT else failed if state == MessageState.FAILED.value else None
        if into is not None:
            into[channel] = max(into.get(channel, (0, "")), (at, state))
    return {
        Channel(channel): ChannelLatest(
            _message(connection, channel, went.get(channel)), _message(connection, channel, failed.get(channel))
        )
        for channel in {**went, **failed}
    }


def _message(connection: Connection, channel: str, key: tuple[Moment, str] | None) -> Message | None:
    if key is None:
        return None
    statement = select(_M.data).where(_M.created_at == key[0], _M.channel == channel, _M.state == key[1]).limit(1)
    data = connection.execute(statement).scalar()
    return None if data is None else load(Message, data)


def deliveries(connection: Connection) -> DeliveryLatest:
    """The newest that ended well, and the newest that did not."""
    ended = select(_D.data).where(_D.finished_at.is_not(None)).order_by(_D.finished_at.desc())
    every = [load(Delivery, data) for (data,) in connection.execute(ended.limit(DELIVERIES_LOOKED_AT))]
    found = [one for one in every if not is_call_lane(one.subscription_id)]
    return DeliveryLatest(
        next((one for one in found if one.state is DeliveryState.DELIVERED), None),
        next((one for one in found if one.state is DeliveryState.DROPPED), None),
    )
