"""The ways in which people are reached, as words beside a name. Decides wording only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from tocsin.directory.model import Channel
from tocsin.engine.reach import Touch
from tocsin.web.language import gettext as _
from tocsin.web.language import later

WORDS: Final[Mapping[Channel, str]] = {
    Channel.SMS: later("text"),
    Channel.VOICE: later("phone call"),
    Channel.EMAIL: later("mail"),
    Channel.PUSH: later("push message"),
    Channel.WEBHOOK: later("webhook"),
}
"""What each way is called."""


def touch_words(found: Iterable[Touch]) -> str:
    """By what somebody is reached, of what is set up here: "text at once, phone call after 2 min"."""
    return ", ".join(dict.fromkeys(_touch(one) for one in found if one.works))


def _touch(touch: Touch) -> str:
    word = _(WORDS[touch.contact.channel])
    if not touch.after_minutes:
        return _("%(way)s at once", way=word)
    return _("%(way)s after %(minutes)s min", way=word, minutes=touch.after_minutes)


def when_words(found: Iterable[Touch]) -> str:
    """When one way is used, where the way itself stands above: "at once, after 5 min"."""
    minutes = dict.fromkeys(one.after_minutes for one in found)
    return ", ".join(_("after %(minutes)s min", minutes=one) if one else _("at once") for one in minutes)
