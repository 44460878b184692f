"""How a service behaves, said in words. Each of these settings is acted upon. Decides wording."""

from __future__ import annotations

from typing import Final

from tocsin.directory.model import Service, UrgencyRule, UrgencyRuleKind
from tocsin.engine.config import Config
from tocsin.kernel.time import SECOND
from tocsin.kernel.wording import span_words
from tocsin.web.language import gettext as _
from tocsin.web.language import later

DAYS: Final = (
    later("Mon"),
    later("Tue"),
    later("Wed"),
    later("Thu"),
    later("Fri"),
    later("Sat"),
    later("Sun"),
)

URGENCIES: Final = {
    "high": later("high"),
    "low": later("low"),
    "severity_based": later("by severity"),
}
"""An urgency as it is stored, and as people call it."""

RAISES: Final = {
    "support_hours_start": later("when support hours start"),
    "support_hours_end": later("when support hours end"),
}


def settings_of(service: Service, config: Config) -> list[tuple[str, str]]:
    """What is set, and how: only what differs from doing nothing."""
    found = [
        (_("Urgency"), _urgency(service.urgency_rule)),
        (_("Support hours"), _hours(service)),
        (_("Acknowledged is open again after"), _span(service.acknowledgement_timeout)),
        (_("Resolves itself after"), _span(service.auto_resolve_timeout)),
        (_("New alerts wait"), _pause(service)),
        (_("Alerts join"), _grouping(service, config)),
        (_("After a window"), "" if service.judges_after_windows else _("what began in it never pages")),
        (_("Made urgent"), _(RAISES[service.raise_at]) if service.raise_at in RAISES else ""),
        (_("If nobody answers"), "" if service.last_resort else _("nobody else is called")),
    ]
    return [(name, words) for name, words in found if words]


def _urgency(rule: UrgencyRule) -> str:
    if rule.kind is UrgencyRuleKind.USE_SUPPORT_HOURS:
        inside, outside = _worded(rule.during), _worded(rule.outside)
        return _("%(inside)s in support hours, %(outside)s outside", inside=inside, outside=outside)
    return _worded("severity_based" if rule.kind is UrgencyRuleKind.SEVERITY_BASED else rule.urgency)


def _worded(urgency: str) -> str:
    return _(URGENCIES.get(urgency, urgency))


def _hours(service: Service) -> str:
    hours = service.support_hours
    if hours is None:
        return ""
    days = ", ".join(_(DAYS[day - 1]) for day in sorted(hours.days))
    begin, end = (f"{second // 3600:02}:{second // 60 % 60:02}" for second in (hours.start_second, hours.end_second))
    return f"{days} {begin}–{end} {hours.time_zone}"


def _span(seconds: int | None) -> str:
    return span_words(seconds * SECOND) if seconds else ""


def _pause(service: Service) -> str:
    if not service.pause_seconds:
        return ""
    span = _span(service.pause_seconds)
    if service.pause_every:
        return _("%(span)s, each of them", span=span)
    return _("%(span)s, if their like was over as quickly", span=span)


def _grouping(service: Service, config: Config) -> str:
    by, seconds = service.group_by, service.group_seconds
    if by is not None:
        setting = config.grouping_of.get(service.id)
        values = {
            "fields": (_(" and ") if by.match_all else _(" or ")).join(by.fields),
            "span": _span(by.window_seconds),
        }
        if setting is not None and len(setting.service_ids) > 1:
            return _(
                "an incident with the same %(fields)s whose last alert came up to %(span)s before, "
                "also of the services that it shares this with",
                **values,
            )
        return _("an incident with the same %(fields)s whose last alert came up to %(span)s before", **values)
    if seconds is None:
        return ""
    if not seconds:
        return _("the open incident, whenever it began")
    return _("an incident that began up to %(span)s before", span=_span(seconds))
