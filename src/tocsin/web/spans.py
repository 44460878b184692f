"""Times on call as one reader sees them: with the day of the week, as people think of shifts. Reads no clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_skeleton
from markupsafe import Markup

from tocsin.kernel.time import Moment, iso
from tocsin.web import language
from tocsin.web.times import Times, utc


@dataclass(frozen=True, slots=True)
class Spans:
    """Writes days and stretches of time in the reader's language and zone."""

    times: Times

    def html(self, start: Moment | None, end: Moment | None) -> Markup:
        """Like "Fri, 9 Jan 20:00 – Sat, 10 Jan 08:00"; the day of the end is left out when it is the same."""
        return Markup("{} – {}").format(self._edge(start, None), self._edge(end, start))

    def text(self, start: Moment | None, end: Moment | None) -> str:
        """The same without markup."""
        return f"{self._words(start, None)} – {self._words(end, start)}"

    def day(self, moment: Moment) -> str:
        """Like "Mon, 5 Jan"."""
        return self._day(self.times.local(moment))

    def month(self, moment: Moment) -> str:
        """Like "January 2026"."""
        return format_skeleton("yMMMM", self.times.local(moment), locale=language.locale())

    def _edge(self, moment: Moment | None, after: Moment | None) -> Markup:
        words = self._words(moment, after)
        if moment is None:
            return Markup("{}").format(words)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(iso(moment), utc(moment), words)

    def _words(self, moment: Moment | None, after: Moment | None) -> str:
        if moment is None:
            return "…"
        local = self.times.local(moment)
        if after is not None and self.times.local(after).date() == local.date():
            return f"{local:%H:%M}"
        return f"{self._day(local)} {local:%H:%M}"

    def _day(self, local: datetime) -> str:
        skeleton = "MMMEd" if local.year == self.times.local(self.times.now).year else "yMMMEd"
        return format_skeleton(skeleton, local, locale=language.locale())
