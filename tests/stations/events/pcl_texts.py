"""Conditions at random, most of them valid, for the property tests."""

from __future__ import annotations

from hypothesis import strategies as st

PATHS = (
    "event.summary",
    "event.source",
    "event.custom_details.host",
    "event.custom_details['a b'].list[1]",
    "event['if']",
    "raw_event.payload.n",
    "cache_var.seen",
    "event.custom_details",
    "event.custom_details.flag",
    "event.custom_details.n",
    "event.nothing",
)
LITERALS = (
    "'db'",
    "'DB-1'",
    "''",
    "'it\\'s \\\\'",
    "'ß'",
    "5",
    "-3",
    "3.0",
    "0.5",
    "4.5e10",
    "9007199254740993",
    "true",
    "false",
    "now",
    "2024-01-01 08:00:00 Etc/UTC",
    "2021-11-07 01:30:00 America/New_York",
)
REGEXES = ("'db[0-9]+'", "'^a|b$'", "'(?-i)DB'", "'host (up|down)'", "'a{2,3}b?c'", "'\\\\d+\\\\.5'", "''")
SCHEDULES = (
    "Mon,Tue,Wed,Thu,Fri 09:00:00 to 17:00:00 America/Los_Angeles",
    "Sun,Sat 22:00:00 to 06:30:15 etc/utc",
    "Wed 12:00:00 to 12:00:00 Africa/Cairo",
)
COUNTS = (
    "trigger_count over 10 seconds > 5",
    "resetting_trigger_count over 1 hour 30 minutes >= event.custom_details.n",
)

values = st.sampled_from(PATHS + LITERALS)


@st.composite
def tests(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from(("matches", "regex", "compare", "exists", "within", "count", "bare")))
    left, right = draw(values), draw(values)
    exactly = draw(st.sampled_from(("", " exactly")))
    if kind == "matches":
        return f"{left} matches{draw(st.sampled_from(('', ' part')))}{exactly} {right}"
    if kind == "regex":
        return f"{left} matches regex{exactly} {draw(st.sampled_from(REGEXES))}"
    if kind == "compare":
        return f"{left} {draw(st.sampled_from(('==', '>', '>=', '<', '<=')))} {right}"
    if kind == "exists":
        return f"{draw(st.sampled_from(PATHS))} exists"
    if kind == "within":
        return f"now in {draw(st.sampled_from(SCHEDULES))}"
    return draw(st.sampled_from(COUNTS)) if kind == "count" else left


def _grown(smaller: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    several = st.lists(smaller, min_size=2, max_size=4)
    return st.one_of(
        several.map(" and ".join),
        several.map(" or ".join),
        smaller.map("not {}".format),
        smaller.map("({})".format),
    )


conditions = st.recursive(tests(), _grown, max_leaves=12)
"""Valid conditions, far below the limits."""

_WORDS = [
    "event.",
    "raw_event.",
    "cache_var.",
    "summary",
    "custom_details",
    "matches",
    "part",
    "regex",
    "exactly",
    "exists",
    "and",
    "or",
    "not",
    "in",
    "now",
    "over",
    "to",
    "true",
    "false",
    "==",
    ">=",
    ">",
    "<",
    "(",
    ")",
    "[",
    "]",
    ".",
    ",",
    "'",
    "\\",
    '"',
    "!",
    "=",
    "5",
    "-1",
    "2.5",
    "1e5",
    "0",
    "09:00:00",
    "2024-01-01",
    "Mon",
    "Tue",
    "Etc/UTC",
    "trigger_count",
    "resetting_trigger_count",
    "seconds",
    "minutes",
    "contains",
    "is",
    "null",
    "if",
    "'x'",
    "'db'",
    "'a\\'b'",
    "[0]",
    "['k']",
    "${",
    "}}",
    "é",
    "�",
    "\x00",
    "\n",
    "١",
    "",
]

hostile = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(_WORDS), max_size=60).map(" ".join),
    st.lists(st.sampled_from(_WORDS), max_size=60).map("".join),
)
"""Texts that look like conditions and mostly are none."""
