"""Conditions as text: which are any, what is said of those that are none, and the limits of size."""

from __future__ import annotations

import sys
import time

import pytest
from hypothesis import example, given, settings

from tests.stations.events.pcl_texts import conditions, hostile
from tocsin.events import pcl
from tocsin.events.pcl.parse import INCIDENT_ROOTS, parse, parse_path
from tocsin.events.pcl.tree import And, Bare, Compare, Exists, How, Matches, Node, Not, Number, Or, Path, Text, Truth

DOCUMENTED = [
    "event.summary matches part 'database'",
    "event.source exists",
    "event.severity matches 'critical'",
    "event.source matches regex 'db[0-9]+-server'",
    "event.summary matches part '[test]'",
    "event.custom_details.timeout_err exists",
    "event.severity matches 'info' and not (now in Mon,Tue,Wed,Thu,Fri 09:00:00 to 17:00:00 America/Los_Angeles)",
    "event.custom_details.service_name matches part '-api' and event.custom_details.status_code matches '502'",
    "cache_var.num_db_triggers >= 5",
    "cache_var.is_maintenance == true",
    "cache_var.host_ignore_list matches part event.custom_details.host",
    "event.summary matches part 'prod' and (event.location == 'US' or event.location == 'Canada')",
    "trigger_count over 10 seconds > 5",
    "now > 2024-01-01 00:00:00 Etc/UTC",
    "now in Sun 01:30:00 to 03:15:00 America/New_York",
]


@pytest.mark.parametrize("text", DOCUMENTED)
def test_documented_conditions_are_read_and_written_the_same(text: str) -> None:
    assert str(pcl.compile(text).tree) == text.replace("(now in", "now in").replace("Angeles)", "Angeles")
    assert not pcl.compile(text).remarks


SUMMARY, SOURCE = Path(("event", "summary")), Path(("event", "source"))
A, B, C = (Exists(Path(("event", name))) for name in "abc")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("event.summary matches 'x'", Matches(SUMMARY, How.WHOLE, Text("x"))),
        ("event.summary matches exactly 'x'", Matches(SUMMARY, How.WHOLE, Text("x"), exactly=True)),
        ("event.summary matches part exactly 'x'", Matches(SUMMARY, How.PART, Text("x"), exactly=True)),
        ("event.summary matches regex exactly 'x'", Matches(SUMMARY, How.REGEX, Text("x"), exactly=True)),
        ("event.summary matches event.source", Matches(SUMMARY, How.WHOLE, SOURCE)),
        ("'a' matches 'b'", Matches(Text("a"), How.WHOLE, Text("b"))),
        ("event.summary=='x'", Compare(SUMMARY, "==", Text("x"))),
        ("event.summary>=-5", Compare(SUMMARY, ">=", Number(-5))),
        ("event.summary > 4.5e10", Compare(SUMMARY, ">", Number(4.5e10))),
        ("event.summary > 1.5e-3", Compare(SUMMARY, ">", Number(0.0015))),
        ("event.summary == 9223372036854775807", Compare(SUMMARY, "==", Number(2**63 - 1))),
        ("event.summary == -9223372036854775808", Compare(SUMMARY, "==", Number(-(2**63)))),
        ("event.summary", Bare(SUMMARY)),
        ("true", Bare(Truth(True))),
        (r"'it\'s a \\'", Bare(Text("it's a \\"))),
        (r"'\\\''", Bare(Text("\\'"))),
        ("'こんにちは世界'", Bare(Text("こんにちは世界"))),
        ("'two\nlines'", Bare(Text("two\nlines"))),
        ("event.a[0].b['c d'][12] exists", Exists(Path(("event", "a", 0, "b", "c d", 12)))),
        ("event [ 'a' ] . b exists", Exists(Path(("event", "a", "b")))),
        ("event['if'] exists", Exists(Path(("event", "if")))),
        ("event['it\\'s'] exists", Exists(Path(("event", "it's")))),
        ("event.part exists", Exists(Path(("event", "part")))),
        ("not event.a exists", Not(A)),
        ("not not event.a exists", A),
        ("not not not event.a exists", Not(A)),
        ("((event.a exists))", A),
        ("event.a exists and event.b exists and event.c exists", And((A, B, C))),
        ("event.a exists and event.b exists or event.c exists", Or((And((A, B)), C))),
        ("event.a exists or event.b exists and event.c exists", Or((A, And((B, C))))),
        ("(event.a exists or event.b exists) and event.c exists", And((Or((A, B)), C))),
        ("not event.a exists and event.b exists", And((Not(A), B))),
        ("not (event.a exists and event.b exists)", Not(And((A, B)))),
        ("event.a exists and not event.b exists or event.c exists", Or((And((A, Not(B))), C))),
        ("\n\tevent.a\r\n exists ", A),
    ],
)
def test_how_conditions_are_read(text: str, tree: Node) -> None:
    assert parse(text).tree == tree


def test_precedence_as_documented() -> None:
    loose = "event.x > 5 and not event.y < 6 or event.z == 2"
    assert parse(loose).tree == parse("((event.x > 5) and (not (event.y < 6))) or (event.z == 2)").tree
    grouped = "event.x > 5 and (not event.y < 6 or event.z == 2)"
    assert parse(grouped).tree == parse("(event.x > 5) and ((not (event.y < 6)) or (event.z == 2))").tree


@pytest.mark.parametrize(
    ("text", "column", "says"),
    [
        ("", 1, "is empty"),
        (" \n ", 1, "is empty"),
        ("event.a != 'x'", 9, "write `not a == b`"),
        ("event.a <> 'x'", 10, "a value on both sides"),
        ("event.a = 'x'", 9, "write `==`"),
        ("event.a =~ 'x'", 9, "write `matches regex '…'`"),
        ('event.a == "x"', 12, "single quotes"),
        ("event.a == ‘x’", 12, "single quotes"),
        ("event.a contains 'x'", 9, "`contains` is no operator; write `matches part '…'`"),
        ("event.a is 'x'", 9, "`is` is no operator; write `==`"),
        ("event.a is not 'x'", 9, "for is not, `not a == b`"),
        ("event.a does not exist", 9, "write `not` in front"),
        ("event.a not exists", 9, "write `not` in front"),
        ("event.a starts with 'x'", 9, "matches regex '^…'"),
        ("event.a CONTAINS 'x'", 9, "matches part"),
        ("event.a AND event.b", 9, "it is written `and`"),
        ("event.a exists OR event.b exists", 16, "it is written `or`"),
        ("NOT event.a exists", 1, "small letters: `not`"),
        ("event.a == True", 12, "small letters: `true`"),
        ("event.a && event.b", 9, "write `and`"),
        ("event.a || event.b", 9, "write `or`"),
        ("!event.a", 1, "write `not`"),
        ("event.a == nil", 12, "is written `not event.source exists`"),
        ("event.a == null", 12, "there is no `null`"),
        ("event.a + 1 > 2", 9, "no arithmetic"),
        ("event.a -1 > 2", 9, "no arithmetic"),
        ("event.a > 1 * 2", 13, "no arithmetic"),
        ("event.a in ('a', 'b')", 1, "only `now` may stand before `in`"),
        ("event.a == ['a']", 12, "there are no lists"),
        ("lower(event.a) == 'x'", 1, "`lower` is none"),
        ("event.a('x')", 8, "there are no functions"),
        ("summary matches 'x'", 1, "`event.summary`"),
        ("evnt.summary matches 'x'", 1, "`evnt` is none"),
        ("incident.title matches 'x'", 1, "`incident` is none"),
        ("variables.x matches 'x'", 1, "variables are for templates"),
        ("$event.summary matches 'x'", 1, "without `$`"),
        ("{{event.summary}} matches 'x'", 1, "belong to templates"),
        ("cache_var exists", 1, "name the cache variable"),
        ("cache_var[0] exists", 1, "name the cache variable"),
        ("event.a matches", 16, "expected a value"),
        ("event.a matches part", 21, "found the end"),
        ("event.a matches regex event.b", 23, "a text in single quotes, found `event`"),
        ("event.a matches exactly part 'x'", 25, "write `matches part exactly`"),
        ("event.a matches regex '('", 23, "not a regular expression of RE2: missing ): ("),
        ("event.a matches regex '*'", 23, "not a regular expression of RE2"),
        ("event.a matches regex 'a(?=b)'", 23, "(?="),
        ("event.a matches regex '(a)\\\\1'", 23, "not a regular expression"),
        ("event.a matches regex '(.{1,900}){1,900}'", 23, "not a regular expression"),
        ("event.a matches regex '.{900}'", 23, "too large"),
        ("event.a matches '\\d'", 17, "write a backslash as \\\\"),
        ("event.a matches 'x", 17, "no closing '"),
        ("'x' exists", 1, "`exists` asks about a path"),
        ("event.a exists event.b exists", 16, "expected `and`, `or` or the end, found `event`"),
        ("event.a 'x'", 9, "expected an operator"),
        ("== 3", 1, "a value on both sides"),
        ("(event.a exists", 16, "expected `)` for the `(` in column 1"),
        ("event.a exists)", 15, "closes nothing"),
        ("()", 2, "expected a value"),
        ("(event.a) == 3", 11, "leave them out"),
        ("event.a == (3)", 12, "around conditions, not around values"),
        ("event.if exists", 7, "`if` is a reserved word; write it in brackets: ['if']"),
        ("event.matches exists", 7, "reserved word"),
        ("event.my-key exists", 7, "['my-key']"),
        ("event.5xx exists", 7, "['5xx']"),
        ("event. exists", 8, "reserved word"),
        ("event.'x' exists", 7, "expected a name after the dot"),
        ("event.a[-1] exists", 9, "a number from 0 up"),
        ("event.a[b] exists", 9, "a name in single quotes"),
        ("event.a[0 exists", 11, "expected `]`"),
        ("event.a > 5e3", 11, "`5.0e3`"),
        ("event.a > 5.0E3", 11, "`5.0e3`"),
        ("event.a > .5", 11, "begins with a digit"),
        ("event.a > 1.0e999", 11, "too large"),
        ("event.a > 9223372036854775808", 11, "64 bits"),
        ("trigger_count > 5", 15, "comes `over` and a time"),
        ("trigger_count over 5 > 5", 22, "expected a length of time"),
        ("trigger_count over minutes > 5", 20, "expected a length of time"),
        ("trigger_count over 5 weeks > 5", 22, "day(s), found `weeks`"),
        ("trigger_count over 5 minutes 3 minute > 1", 32, "each unit"),
        ("trigger_count over 0 seconds > 1", 20, "at least 1 second"),
        ("trigger_count over 999999999 days > 1", 20, "at most 366 days"),
        ("trigger_count over 366 days 1 second > 1", 1, "at most 366 days"),
        ("trigger_count over 5 minutes", 29, "a count is compared with a number"),
        ("trigger_count over 5 minutes matches '5'", 1, "a count is compared by"),
        ("trigger_count over 5 minutes > trigger_count over 1 minute", 32, "not with another count"),
        ("now in Mon, Tue 09:00:00 to 10:00:00 UTC", 13, "no spaces"),
        ("now in Mon ,Tue 09:00:00 to 10:00:00 UTC", 12, "no spaces"),
        ("now in Monday 09:00:00 to 10:00:00 UTC", 8, "expected a day"),
        ("now in 09:00:00 to 10:00:00 UTC", 8, "expected a day"),
        ("now in Mon 09:00 to 10:00 UTC", 14, "two digits each"),
        ("now in Mon 09:00:00 - 10:00:00 UTC", 21, "no arithmetic"),
        ("now in Mon 09:00:00 until 10:00:00 UTC", 21, "expected `to`"),
        ("now in Mon 09:00:00 to 24:00:00 UTC", 24, "`00:00:00` to `23:59:59`"),
        ("now in Mon to 10:00:00 UTC", 12, "expected a time of day"),
        ("now in Mon 09:00:00 to 10:00:00", 32, "expected a time zone"),
        ("now in Mon 09:00:00 to 10:00:00 Mars/Base", 33, "no time zone"),
        ("now > 2024-02-30 00:00:00 UTC", 7, "there is no `2024-02-30 00:00:00`"),
        ("now > 2024-01-01T00:00:00Z", 17, "without T and Z"),
        ("now > 2024-01-01 UTC", 18, "hours, minutes and seconds"),
        ("now > 2024-01-01 00:00:00", 26, "expected a time zone"),
        ("now > 09:00:00", 7, "with its date"),
        ("event.a\u00a0exists", 8, "U+00A0"),
        ("event.é exists", 7, "means nothing here"),
        ("event.a == '\ud800'", 13, "half a character"),
        ("event.a == 'x'\\", 15, "a backslash belongs inside"),
        ("not", 4, "found the end"),
        ("event.a exists and", 19, "found the end"),
    ],
)
def test_what_is_said_of_a_text_that_is_no_condition(text: str, column: int, says: str) -> None:
    with pytest.raises(pcl.PclError) as caught:
        pcl.compile(text)
    assert says in caught.value.message
    assert caught.value.column == column
    assert "(?ism)" not in caught.value.message


@pytest.mark.parametrize(
    ("fits", "too_much"),
    [
        pytest.param("(" * 32 + "true" + ")" * 32, "(" * 33 + "true" + ")" * 33, id="32 parentheses"),
        pytest.param(" and ".join(["true"] * 64), " and ".join(["true"] * 65), id="64 factors"),
        pytest.param(
            " or ".join(["(true and false)"] * 32), " or ".join(["(true and false)"] * 32 + ["true"]), id="in groups"
        ),
        pytest.param(f"event.a == '{'x' * 1024}'", f"event.a == '{'x' * 1025}'", id="1024 bytes of text"),
        pytest.param(f"event.a == '{'é' * 512}'", f"event.a == '{'é' * 512}x'", id="1024 bytes, not characters"),
        pytest.param(f"event['{'x' * 1024}'] exists", f"event['{'x' * 1025}'] exists", id="1024 bytes of name"),
        pytest.param(f"event{'.a' * 31} exists", f"event{'.a' * 32} exists", id="32 elements"),
        pytest.param("true" + " " * 2044, "true" + " " * 2045, id="2048 bytes"),
        pytest.param(
            f"'{'é' * 500}' == '{'é' * 500}'" + " " * 38,
            f"'{'é' * 500}' == '{'é' * 500}'" + " " * 41,
            id="2048 bytes, not characters",
        ),
    ],
)
def test_limits(fits: str, too_much: str) -> None:
    pcl.compile(fits)
    with pytest.raises(pcl.PclError, match=r"at most|deep"):
        pcl.compile(too_much)


def test_a_condition_about_an_incident_is_read_where_it_is_allowed() -> None:
    condition = pcl.compile("incident.priority matches 'P1'", INCIDENT_ROOTS)
    assert condition.roots == {"incident"}
    with pytest.raises(pcl.PclError):
        pcl.compile("event.summary exists", INCIDENT_ROOTS)


def test_paths_stand_alone_too() -> None:
    assert parse_path("event.custom_details['a b'][0]").steps == ("event", "custom_details", "a b", 0)
    for text in ("event.a exists", "5", "now", "", "event.", "'event.a'", "trigger_count over 5 minutes"):
        with pytest.raises(pcl.PclError):
            parse_path(text)


@pytest.mark.parametrize(
    ("text", "remark"),
    [
        ("5", "neither true nor false"),
        ("event.a exists and 'x'", "neither true nor false"),
        ("now", "neither true nor false"),
        ("event.a > 'x'", "two numbers or two times"),
        ("event.a < true", "two numbers or two times"),
        ("now > 5", "two numbers or two times"),
        ("2 > 'two'", "two numbers or two times"),
        ("now == '2024'", "different kinds"),
        ("1 == '1'", "different kinds"),
        ("trigger_count over 5 seconds < 1", "always false"),
        ("trigger_count over 5 seconds >= 1", "always true"),
        ("1 <= trigger_count over 5 seconds", "always true"),
    ],
)
def test_what_can_hardly_be_meant_is_remarked(text: str, remark: str) -> None:
    (found,) = pcl.compile(text).remarks
    assert remark in found.message
    assert 1 <= found.column <= len(text)


@pytest.mark.parametrize(
    "text", ["event.a > 5", "event.a", "event.a == 'x'", "trigger_count over 5 seconds == 1", "true"]
)
def test_what_may_be_meant_is_not(text: str) -> None:
    assert not pcl.compile(text).remarks


def test_what_a_condition_reads() -> None:
    condition = pcl.compile(
        "not (event.a exists or raw_event.b == 'x') and resetting_trigger_count over 90 seconds > 1"
        " or now in Mon 00:00:00 to 01:00:00 UTC and (resetting_trigger_count over 1 minute 30 seconds > 2"
        " or trigger_count over 1 day > 3)"
    )
    assert condition.roots == {"event", "raw_event"}
    assert condition.uses_now
    assert condition.counters == (
        pcl.Counter("resetting_trigger_count over 1 minute 30 seconds", 90_000_000, resetting=True),
        pcl.Counter("trigger_count over 1 day", 86_400_000_000, resetting=False),
    )
    plain = pcl.compile("cache_var.x == 1")
    assert (set(plain.roots), plain.uses_now, plain.counters) == ({"cache_var"}, False, ())
    assert pcl.compile("now > 2024-01-01 00:00:00 UTC").uses_now


def test_the_same_text_is_read_once() -> None:
    assert pcl.compile("event.once exists") is pcl.compile("event.once exists")
    assert pcl.compile.cache_info().maxsize is not None


@given(conditions)
def test_what_is_written_means_what_was_read(text: str) -> None:
    tree = parse(text).tree
    assert parse(str(tree)).tree == tree


@given(hostile)
@example("\x00")
@example("'" * 2048)
@example("\\" * 2048)
@settings(max_examples=500)
def test_any_text_is_a_condition_or_an_error_with_its_column(text: str) -> None:
    condition = error = None
    try:
        condition = pcl.compile(text)
    except pcl.PclError as refused:
        error = refused
    if error is not None:
        assert error.message
        assert 1 <= error.column <= len(text) + 1
    elif condition is not None:
        assert condition.holds(pcl.Scene({}, now=0)) in {True, False}
        assert pcl.explain(condition)
        assert pcl.always(condition) in {True, False, None}


HOSTILE = [
    "(" * 2048,
    "((" * 300 + "true" + "))" * 300,
    "not " * 511 + "true",
    "(not " * 400,
    "event" + "[0]" * 600,
    "event" + ".a" * 1000,
    "true and " * 200,
    "'" + "\\'" * 1000,
    "9" * 2048,
    "-" * 2048,
    "1." * 1000,
    "Mon," * 500,
    "now in " + "Mon," * 500,
    "a/" * 1000,
    "trigger_count over " + "1 day " * 300,
    "event.a matches regex '" + "(" * 1000 + "'",
    "event.a matches regex '" + "(a*)*" * 200 + "'",
    "event.a matches regex '" + "[" * 1000 + "'",
    "event.a matches regex '" + "{" * 1000 + "'",
    "é" * 10_000_000,
    "(" * 10_000_000,
]


@pytest.mark.parametrize("text", [pytest.param(text, id=str(number)) for number, text in enumerate(HOSTILE)])
def test_hostile_texts_end_soon_and_need_no_stack(text: str) -> None:
    """Within a few frames more than the deepest allowed condition takes, wherever the caller stands."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_frames() + 400)
    began = time.process_time()
    try:
        condition = pcl.compile(text)
    except pcl.PclError:
        pass
    else:
        assert str(condition.tree)
    finally:
        sys.setrecursionlimit(limit)
    assert time.process_time() - began < 1


def test_the_deepest_condition_needs_no_deep_stack() -> None:
    text = "not (true and (event.a exists or not (" * 10 + "true" + ")))" * 10
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(_frames() + 400)
    try:
        condition = pcl.compile(text)
        assert condition.holds(pcl.Scene({}, now=0)) in {True, False}
        assert parse(str(condition.tree)).tree == condition.tree
        assert pcl.explain(condition)
        pcl.always(condition)
    finally:
        sys.setrecursionlimit(limit)


def _frames() -> int:
    frame, count = sys._getframe(), 0
    while frame.f_back:
        frame, count = frame.f_back, count + 1
    return count
