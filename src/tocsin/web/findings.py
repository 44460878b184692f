"""What a look at the readiness found, in words, for the page and for `tocsin check`. Decides wording only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from tocsin.engine.reach import Lack
from tocsin.engine.readiness import Finding, Interval
from tocsin.kernel.time import DAY, Moment, to_datetime
from tocsin.oncall import zone_named
from tocsin.web.language import gettext as _
from tocsin.web.language import later, ngettext
from tocsin.web.times import dated, zone_word

NAMED: Final = 3
"""So many times are named one by one; of more only the number is told."""

SENTENCES: Final[Mapping[str, str]] = {
    "fenced": later("Sending is fenced off since a restore: `tocsin restore --confirm` lifts it."),
    "no_owner": later("There is no owner: `tocsin setup` makes the first one."),
    "no_service": later("There is no service that is switched on, so no alarm can be raised."),
    "no_integration": later("Service %(name)s has no integration: no monitor can reach it."),
    "no_public_url": later(
        "TOCSIN_PUBLIC_URL is not set: links in pages lead to localhost, replies by phone don't arrive."
    ),
    "not_watched": later("TOCSIN_HEARTBEAT_URL is not set: watch the pager itself with it, or with `tocsin watch`."),
    "no_level": later("Policy %(name)s has no level: it calls nobody."),
    "level_reaches_nobody": later("Policy %(name)s, level %(level)s, reaches nobody: %(times)s."),
    "target_gone": later("Policy %(name)s, level %(level)s, names somebody or a schedule that was removed."),
    "too_late": later(
        "Policy %(name)s, level %(level)s, goes on after %(minutes)s min, but the rules of %(person)s begin "
        "%(after)s min after a call."
    ),
    "gap": later("Schedule %(name)s has nobody on call: %(times)s."),
    "no_rule": later("%(person)s has no rule for high urgency that can be used: every contact method is used at once."),
    "unreached_gone": later("%(person)s can't be reached: removed."),
    "unreached_inactive": later("%(person)s can't be reached: switched off."),
    "unreached_no_contact": later("%(person)s can't be reached: no contact method."),
    "unreached_all_off": later("%(person)s can't be reached: every contact method is switched off."),
    "unreached_not_set_up": later("%(person)s can't be reached: nothing of it is set up here."),
    "not_set_up_email": later("Mail is not set up (%(setting)s), but %(people)s would be reached that way."),
    "not_set_up_sms": later("Texts are not set up (%(setting)s), but %(people)s would be reached that way."),
    "not_set_up_voice": later("Calls are not set up (%(setting)s), but %(people)s would be reached that way."),
    "not_set_up_push": later("Push is not set up, but %(people)s would be reached that way."),
    "lost_turns": later("Schedule %(name)s gives turns to %(person)s, who is not here any more."),
    "lost_cover": later("Schedule %(name)s has shifts covered by %(person)s, who is not here any more."),
    "lost_lead": later("Team %(name)s is led by %(person)s, who is not here any more."),
    "lost_workflow": later("A step of the workflow %(name)s names %(person)s, who is not here."),
    "lost_record": later("A client's record %(name)s names %(person)s, who is not here any more."),
    "lost_subscriber": later("%(person)s, who is not here any more, still wants news of something."),
}
"""A sentence for each code."""

LACKS: Final[Mapping[Lack, str]] = {
    Lack.GONE: later("was removed"),
    Lack.INACTIVE: later("is switched off"),
    Lack.NO_CONTACT: later("has no contact method"),
    Lack.ALL_OFF: later("has switched off every contact method"),
    Lack.NOT_SET_UP: later("only by channels that are not set up here"),
}
"""Why nothing reaches somebody, beside their name."""


def said(finding: Finding) -> str:
    """The finding as one sentence, in the language that is spoken here."""
    people = finding.person
    if finding.more:
        people = _("%(name)s and %(number)s more", name=finding.person, number=finding.more)
    return _(
        SENTENCES[finding.code],
        name=finding.name,
        person=finding.person,
        people=people,
        level=finding.level,
        minutes=finding.minutes,
        after=finding.after,
        setting=finding.setting,
        times=times_said(finding.times, finding.time_zone) if finding.times else "",
    )


def times_said(times: Sequence[Interval], time_zone: str) -> str:
    """The first of these times on the clock of that zone, and how many more there are."""
    if len(times) == 1 and times[0][1] - times[0][0] >= 14 * DAY:
        return _("all of the next 14 days")
    zone, zone_name = zone_named(time_zone), zone_word(time_zone)

    def wall(moment: Moment) -> str:
        return dated(to_datetime(moment).astimezone(zone))

    named = "; ".join(_("%(start)s to %(end)s", start=wall(start), end=wall(end)) for start, end in times[:NAMED])
    if len(times) > NAMED:
        more = len(times) - NAMED
        return ngettext(
            "%(times)s, and %(num)s time more (%(zone)s)",
            "%(times)s, and %(num)s times more (%(zone)s)",
            more,
            times=named,
            zone=zone_name,
        )
    return _("%(times)s (%(zone)s)", times=named, zone=zone_name)
