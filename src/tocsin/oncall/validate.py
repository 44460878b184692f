"""What is wrong with a schedule or an override, in plain sentences for the person who wrote it.

Decides the bounds. Never repairs anything and never refuses by itself: an empty list means that all is well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import UTC, datetime

from tocsin.kernel.limits import DESCRIPTION_CHARS, NAME_CHARS
from tocsin.kernel.time import Moment, from_datetime
from tocsin.kernel.wording import phrase
from tocsin.oncall.model import Layer, Override, Restriction, RestrictionKind, Schedule
from tocsin.oncall.wallclock import zone_names

TURN_SECONDS_MIN = 3600
TURN_SECONDS_MAX = 365 * 86_400
"""One hour to one year: shorter turns would hand over more often than people can follow."""

DAY_SECONDS = 86_400
WEEK_SECONDS = 7 * DAY_SECONDS

LAYERS = 50
USERS_PER_LAYER = 500
RESTRICTIONS_PER_LAYER = 50
"""A week has 168 hours; more restrictions than this say the same thing several times."""

RESTRICTIONS = 500
"""In all layers: pages that show a schedule pay for each of them on every day shown."""

TEAMS = 100

FIRST_YEAR: Moment = from_datetime(datetime(1900, 1, 1, tzinfo=UTC))
LAST_YEAR: Moment = from_datetime(datetime(9990, 1, 1, tzinfo=UTC))
"""Dates outside are typing errors, and leave room for a turn and a search before the calendar ends."""


def problems(schedule: Schedule, known_users: Collection[str]) -> list[str]:
    """One sentence for each thing that is wrong with the schedule as somebody wants it. Pass a set of user ids."""
    found = list(naming_problems(schedule))
    if schedule.rotations:
        found.append(phrase("A schedule with layers has no rotations."))
    if not schedule.layers:
        found.append(phrase("The schedule needs at least one layer."))
    if len(schedule.layers) > LAYERS:
        found.append(phrase("The schedule has more than %(layers)s layers.", layers=LAYERS))
        return found
    if sum(len(layer.restrictions) for layer in schedule.layers) > RESTRICTIONS:
        found.append(
            phrase("The layers have more than %(restrictions)s restrictions together.", restrictions=RESTRICTIONS)
        )
        return found
    ids = [layer.id for layer in schedule.layers if layer.id]
    found += [phrase("The layer id %(one)s stands in the schedule more than once.", one=one) for one in _repeated(ids)]
    for number, layer in enumerate(schedule.layers, start=1):
        label = phrase("Layer %(number)s", number=f"{number} ({layer.name})" if layer.name else number)
        found += [
            phrase("%(label)s: %(sentence)s", label=label, sentence=sentence)
            for sentence in _layer_problems(layer, known_users)
        ]
    return found


def override_problems(override: Override, known_users: Collection[str], now: Moment) -> list[str]:
    """One sentence for each thing that is wrong with an override that somebody wants to add now."""
    found = []
    if override.user_id not in known_users:
        found.append(_unknown_user(override.user_id))
    if override.end <= override.start:
        found.append(phrase("Override must end after its start."))
    elif override.end <= now:
        found.append(phrase("Override must end in the future."))
    if not (_is_sane(override.start) and _is_sane(override.end)):
        found.append(phrase("Override must lie between the years 1900 and 9990."))
    return found


def naming_problems(schedule: Schedule) -> Iterator[str]:
    """What is wrong with what every schedule has."""
    if not schedule.name.strip():
        yield phrase("The schedule needs a name.")
    if len(schedule.name) > NAME_CHARS:
        yield phrase("The name is longer than %(name_chars)s characters.", name_chars=NAME_CHARS)
    if len(schedule.description) > DESCRIPTION_CHARS:
        yield phrase(
            "The description is longer than %(description_chars)s characters.", description_chars=DESCRIPTION_CHARS
        )
    if len(schedule.team_ids) > TEAMS:
        yield phrase("The schedule belongs to more than %(teams)s teams.", teams=TEAMS)
    if schedule.time_zone not in zone_names():
        yield phrase("%(quoted)s is not a time zone.", quoted=_quoted(schedule.time_zone))


def _layer_problems(layer: Layer, known_users: Collection[str]) -> Iterator[str]:
    if len(layer.name) > NAME_CHARS:
        yield phrase("the name is longer than %(name_chars)s characters.", name_chars=NAME_CHARS)
    if layer.end is not None and layer.end <= layer.start:
        yield phrase("it must end after its start.")
    if not all(_is_sane(moment) for moment in (layer.start, layer.end, layer.rotation_virtual_start)):
        yield phrase("its dates must lie between the years 1900 and 9990.")
    if not TURN_SECONDS_MIN <= layer.turn_length_seconds <= TURN_SECONDS_MAX:
        yield phrase(
            "a turn lasts %(turn_seconds_min)s to %(turn_seconds_max)s seconds, not %(turn_length_seconds)s.",
            turn_seconds_min=TURN_SECONDS_MIN,
            turn_seconds_max=TURN_SECONDS_MAX,
            turn_length_seconds=layer.turn_length_seconds,
        )
    if layer.time_zone and layer.time_zone not in zone_names():
        yield phrase("%(quoted)s is not a time zone.", quoted=_quoted(layer.time_zone))
    if not layer.user_ids:
        yield phrase("it needs at least one user.")
    if len(layer.user_ids) > USERS_PER_LAYER:
        yield phrase("it has more than %(users_per_layer)s users.", users_per_layer=USERS_PER_LAYER)
        return
    for user_id in dict.fromkeys(layer.user_ids):
        if user_id not in known_users:
            yield _unknown_user(user_id)
    if len(layer.restrictions) > RESTRICTIONS_PER_LAYER:
        yield phrase(
            "it has more than %(restrictions_per_layer)s restrictions.", restrictions_per_layer=RESTRICTIONS_PER_LAYER
        )
        return
    for number, restriction in enumerate(layer.restrictions, start=1):
        yield from (
            phrase("restriction %(number)s %(sentence)s", number=number, sentence=sentence)
            for sentence in _restriction_problems(restriction)
        )


def _restriction_problems(restriction: Restriction) -> Iterator[str]:
    if not 0 <= restriction.start_time_of_day < DAY_SECONDS:
        yield phrase("must start between 00:00:00 and 23:59:59.")
    if restriction.duration_seconds < 1:
        yield phrase("must last at least a second.")
    if restriction.kind is RestrictionKind.DAILY:
        if restriction.start_day_of_week is not None:
            yield phrase("is daily and can't start on a day of the week.")
        if restriction.duration_seconds >= DAY_SECONDS:
            yield phrase("is daily and must last less than a day.")
    else:
        if restriction.start_day_of_week is None or not 1 <= restriction.start_day_of_week <= 7:
            yield phrase("is weekly and must start on a day from 1 (Monday) to 7 (Sunday).")
        if restriction.duration_seconds > WEEK_SECONDS:
            yield phrase("is weekly and must not last longer than a week.")


def _is_sane(moment: Moment | None) -> bool:
    return moment is None or FIRST_YEAR <= moment < LAST_YEAR


def _repeated(ids: list[str]) -> Iterable[str]:
    return dict.fromkeys(one for one in ids if ids.count(one) > 1)


def _unknown_user(user_id: str) -> str:
    return phrase("There is no user %(quoted)s.", quoted=_quoted(user_id))


def _quoted(text: str) -> str:
    """What the client sent, short and printable."""
    return repr(text if len(text) <= 64 else text[:61] + "...")
