"""What conditions are true of: every operator, conversion and precedence."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stations.events.pcl_texts import conditions
from tocsin.events import pcl
from tocsin.events.model import Severity
from tocsin.events.pcl.build import build
from tocsin.events.pcl.needed import needed_text
from tocsin.events.pcl.patterns import CONDITION_FLAGS, compile_pattern
from tocsin.events.pcl.tree import And, Bare, Compare, Exists, Matches, Node, Not, Now, Or, Path, Threshold, Within
from tocsin.events.pcl.values import as_text, cut
from tocsin.kernel.time import Moment, parse_iso

NOW: Moment = parse_iso("2024-06-05T10:00:00Z")  # a Wednesday

EVENT: Mapping[str, object] = {
    "summary": "[PROD] Database db1-server is down\nsecond line",
    "source": "db12-server",
    "severity": "critical",
    "location": "Canada",
    "null": None,
    "empty": "",
    "strasse": "Große STRASSE",
    "timestamp": datetime(2024, 1, 1, tzinfo=UTC),
    "whenever": datetime(2024, 1, 1),  # noqa: DTZ001 - that is the point
    "links": [{"href": "https://a.example"}, "x"],
    "custom_details": {
        "a b": {"c": [1, [2, 3]]},
        "if": "reserved",
        "n": 5,
        "big": 9007199254740993,
        "huge": 10**400,
        "endless": 10**5000,
        "x": 2.5,
        "three": 3.0,
        "large": 1e16,
        "nan": float("nan"),
        "infinite": float("inf"),
        "yes": True,
        "no": False,
        "status_code": 502,
        "service_name": "checkout-api",
        "host": "Host-7",
        "digits": "5",
        "half": "\ud800",
        "object": {"k": "é", "list": [1, True, None]},
    },
}
CACHE: Mapping[str, object] = {
    "hosts": "host-1,host-7",
    "count": 5,
    "on": True,
    "off": False,
}


def scene(event: Mapping[str, object] = EVENT, **more: Any) -> pcl.Scene:
    return pcl.Scene(event, **{"now": NOW, "raw": lambda: {"payload": {"n": [7]}}, "cache_var": CACHE.get, **more})


def holds(text: str, event: Mapping[str, object] = EVENT) -> bool:
    found = pcl.compile(text).holds(scene(event))
    assert isinstance(found, bool)
    return found


@pytest.mark.parametrize(
    "text",
    [
        # matches: the whole text, whatever the case
        "event.severity matches 'critical'",
        "event.severity matches 'CRITICAL'",
        "not event.severity matches 'critical '",
        "not event.severity matches 'crit'",
        "event.severity matches exactly 'critical'",
        "not event.severity matches exactly 'Critical'",
        "event.empty matches ''",
        "'this is a test' matches 'This Is A Test'",
        "not 'trailing whitespace ' matches 'trailing whitespace'",
        "event.strasse matches 'grosse strasse'",
        # matches part
        "event.summary matches part 'database'",
        "event.summary matches part '[prod]'",
        "not event.summary matches part '[test]'",
        "event.summary matches part 'down\nSECOND'",
        "event.summary matches part exactly 'Database'",
        "not event.summary matches part exactly 'database'",
        "event.summary matches part ''",
        "cache_var.hosts matches part event.custom_details.host",
        "not cache_var.hosts matches part exactly event.custom_details.host",
        "'[PROD] Disk space low' matches part 'prod'",
        "'[PROD] Disk space low' matches part exactly 'Disk'",
        # matches regex: anywhere, i s m on
        "event.source matches regex 'db[0-9]+-server'",
        "event.source matches regex 'DB[0-9]+'",
        "event.source matches regex 'b1'",
        "not event.source matches regex '^b1'",
        "event.summary matches regex '^second'",
        "not event.summary matches regex '(?-m)^second'",
        "event.summary matches regex 'down$'",
        "event.summary matches regex 'down.second'",
        "not event.summary matches regex '(?-s)down.second'",
        "not event.summary matches regex '(?-i)database'",
        "not event.summary matches regex exactly 'database'",
        "event.summary matches regex exactly 'Database'",
        "event.summary matches regex exactly '(?i)database'",
        "event.summary matches regex exactly '^second'",
        "event.summary matches regex exactly 'down.second'",
        "event.summary matches regex 'nothing|second'",
        "event.summary matches regex '^nothing|^second'",
        "event.source matches regex '\\\\d+-'",
        "event.source matches regex ''",
        "'abc' matches regex 'B'",
        "not event.summary matches regex 'Data-base'",
        "event.custom_details.half matches regex '^.$'",
        # conversions
        "event.custom_details.status_code matches '502'",
        "event.custom_details.status_code matches part '50'",
        "event.custom_details.status_code matches regex '^5..$'",
        "event.custom_details.status_code matches 502",
        "event.custom_details.digits matches event.custom_details.n",
        "event.custom_details.x matches '2.5'",
        "event.custom_details.three matches '3.0'",
        "event.custom_details.large matches '1.0e16'",
        "event.custom_details.large matches 1.0e16",
        "event.custom_details.yes matches 'TRUE'",
        "event.custom_details.no matches 'false'",
        "event.custom_details.yes matches true",
        'event.custom_details.object matches part \'"k":"é"\'',
        'event.custom_details.object matches \'{"k":"é","list":[1,true,null]}\'',
        "event.custom_details['a b'].c matches '[1,[2,3]]'",
        'raw_event matches \'{"payload":{"n":[7]}}\'',
        "not event matches part 'critical'",  # for the number in it that is no text
        "event.timestamp matches '2024-01-01 00:00:00 Etc/UTC'",
        "now matches part '2024-06-05'",
        "event.custom_details.infinite matches 'inf'",
        # nothing matches nothing
        "not event.missing matches ''",
        "not event.null matches ''",
        "not event.missing matches part ''",
        "not event.missing matches regex ''",
        "not event.missing matches exactly ''",
        "not event.missing matches part exactly ''",
        "not event.summary matches event.missing",
        "not event.summary matches part event.null",
        "not event.missing matches event.null",
        "not event.custom_details.endless matches part '1'",
        # ==
        "event.location == 'Canada'",
        "not event.location == 'canada'",
        "'Canada' == event.location",
        "event.custom_details.n == 5",
        "event.custom_details.n == 5.0",
        "3.0 == 3",
        "event.custom_details.three == 3",
        "not event.custom_details.n == '5'",
        "not event.custom_details.digits == 5",
        "not event.custom_details.digits == event.custom_details.n",
        "event.custom_details.yes == true",
        "not event.custom_details.yes == 1",
        "not 1 == true",
        "not event.custom_details.no == 0",
        "cache_var.on == true",
        "cache_var.off == false",
        "not cache_var.missing == true",
        "not event.missing == event.null",
        "not event.missing == event.missing",
        "not event.missing == ''",
        "event.links == event.links",
        "not event.links == event.custom_details",
        "event.summary == event.summary",
        "now == now",
        "event.timestamp == 2024-01-01 00:00:00 Etc/UTC",
        "not event.whenever == 2024-01-01 00:00:00 Etc/UTC",
        "not event.custom_details.nan == event.custom_details.nan",
        # > >= < <=
        "event.custom_details.n > 4",
        "not event.custom_details.n > 5",
        "event.custom_details.n >= 5",
        "event.custom_details.n < 5.5",
        "event.custom_details.n <= 5.0",
        "4.9 < event.custom_details.n",
        "event.custom_details.x > 2",
        "event.custom_details.x < 3",
        "not event.custom_details.x >= 3",
        "-1 < 0",
        "not event.custom_details.digits > 4",
        "not event.custom_details.digits < 6",
        "not event.location > 'A'",
        "not event.missing > 2",
        "not event.null < 2",
        "not event.custom_details.yes > 0",
        "not event.custom_details.nan < 1",
        "not event.custom_details.nan >= 1",
        "event.custom_details.infinite > 9223372036854775807",
        "event.custom_details.huge > 9223372036854775807",
        "event.custom_details.huge > 1.5",
        "not event.custom_details.huge < 4.5e10",
        "event.custom_details.huge < event.custom_details.infinite",
        "not 2 > 'two'",
        "2 >= 'two' or 2 < 10",
        "not (2 <= 'two' and 2 < 10)",
        "cache_var.count >= 5",
        # whole numbers and floats beyond 2^53
        "9007199254740992 == 9007199254740992.0",
        "9007199254740992 == 9007199254740993.0",
        "not 9007199254740992 == 9007199254740994.0",
        "9007199254740993 == 9007199254740992.0",
        "event.custom_details.big == 9007199254740992.0",
        "9007199254740992.0 == event.custom_details.big",
        "not event.custom_details.big > 9007199254740992.0",
        "event.custom_details.big > 9007199254740992",
        "9007199254740993 < 9007199254740994.0",
        "-9007199254740993 == -9007199254740992.0",
        "not 9007199254740995 == 9007199254740996.0",
        # exists
        "event.summary exists",
        "event.null exists",
        "event.empty exists",
        "not event.missing exists",
        "not event.summary.more exists",
        "not event.null.more exists",
        "event exists",
        "event.links[0] exists",
        "event.links[0].href exists",
        "event.links[1] exists",
        "not event.links[2] exists",
        "not event.links[1].href exists",
        "not event.links.href exists",
        "not event.links['0'] exists",
        "not event.custom_details[0] exists",
        "not event.summary[0] exists",
        "event['summary'] exists",
        "event.custom_details['if'] exists",
        "event.custom_details['a b'].c[1][0] == 2",
        "raw_event.payload.n[0] == 7",
        "not raw_event.payload.n[1] exists",
        "cache_var.on exists",
        "cache_var['off'] exists",
        "not cache_var.missing exists",
        "not cache_var.on.more exists",
        # and or not, and what is no boolean
        "true and true",
        "not (true and false)",
        "false or true",
        "not false",
        "not not true",
        "true or true and false",
        "not (true or true) or true",
        "event.custom_details.yes",
        "not event.custom_details.no",
        "not event.summary",
        "not event.custom_details.n",
        "not event.missing",
        "not 'text'",
        "not 1",
        "not now",
        "not (event.summary and true)",
        "event.summary or true",
        "event.summary matches part 'prod' and (event.location == 'US' or event.location == 'Canada')",
        "event.custom_details.service_name matches part '-api' and event.custom_details.status_code matches '502'",
        "event.a exists or event.b exists or event.c exists or event.summary exists",
        "event.links exists and event.null exists and event.empty exists and event.summary exists",
    ],
)
def test_what_holds(text: str) -> None:
    assert holds(text) is True


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"summary": None},
        {"summary": MappingProxyType({"a": 1}), "custom_details": "a text"},
        {"summary": Severity.CRITICAL, "custom_details": MappingProxyType({"host": {1, 2}, "n": object()})},
        {"custom_details": {"host": [[[]]], "n": "\ud800", "flag": b"bytes"}},
    ],
)
@given(text=conditions)
@settings(max_examples=60)
def test_nothing_that_an_event_holds_is_an_error(event: Mapping[str, object], text: str) -> None:
    assert holds(text, event) in {True, False}


def test_a_field_may_be_an_enum_or_any_mapping() -> None:
    event = MappingProxyType({"severity": Severity.CRITICAL, "custom_details": MappingProxyType({"a": {"b": 1}})})
    assert holds("event.severity matches 'CRITICAL' and event.severity == 'critical'", event)
    assert holds('event.custom_details matches \'{"a":{"b":1}}\' and event.custom_details.a.b == 1', event)


def test_only_so_much_of_a_text_is_looked_at() -> None:
    long = "x" * 65_535 + "yz"
    event = {"ascii": long, "wide": "é" * 32_768 + "z", "list": [long], "cut": "x" * 65_535 + "é"}
    assert holds("event.ascii matches part 'XY'", event)
    assert holds("event.ascii matches part exactly 'xy'", event)
    assert holds("event.ascii matches regex 'xy$'", event)
    for path in ("event.ascii", "event.wide", "event.list"):
        assert not holds(f"{path} matches part 'z'", event)
        assert not holds(f"{path} matches part exactly 'z'", event)
        assert not holds(f"{path} matches regex 'z'", event)
    assert not holds("event.cut matches part 'é'", event)


def test_what_is_read_once_is_read_once() -> None:
    calls: list[str] = []

    def raw() -> object:
        calls.append("raw")
        return {"a": "X"}

    looked = scene(raw=raw)
    assert not pcl.compile("event.summary matches 'x'").holds(looked)
    assert not calls
    for text in ("raw_event.a matches 'x'", "raw_event.a matches part 'X'", "raw_event.b exists", "raw_event exists"):
        pcl.compile(text).holds(looked)
    assert calls == ["raw"]


def test_an_incidents_fields() -> None:
    condition = pcl.compile("incident.priority matches 'p1' and not incident.title exists", pcl.INCIDENT_ROOTS)
    assert condition.holds(pcl.Scene(now=0, incident={"priority": "P1"}))
    assert not condition.holds(pcl.Scene(now=0))


def test_without_variables_there_are_none() -> None:
    assert not pcl.compile("cache_var.x exists or cache_var.x == 1").holds(pcl.Scene({}, now=0))


def test_without_a_body_there_is_none() -> None:
    assert not pcl.compile("raw_event exists or raw_event.a exists").holds(pcl.Scene({}, now=0))


def test_a_field_that_is_set_is_seen() -> None:
    original = {"summary": "Old", "custom_details": {"a": 1}, "text": "x"}
    looked = scene(original)
    old, new = pcl.compile("event.summary matches 'old'"), pcl.compile("event.summary matches part 'NEW'")
    regex, same = pcl.compile("event.summary matches regex '^new'"), pcl.compile("event.summary == 'new'")
    assert [test.holds(looked) for test in (old, new, regex, same)] == [True, False, False, False]
    assert looked.set(pcl.parse_path("event.summary"), "new")
    assert [test.holds(looked) for test in (old, new, regex, same)] == [False, True, True, True]
    assert looked.set(pcl.parse_path("event.custom_details.b.c"), 2)
    assert looked.set(pcl.parse_path("event.other.d"), 3)
    assert pcl.compile("event.custom_details.a == 1 and event.custom_details.b.c == 2 and event.other.d == 3").holds(
        looked
    )
    assert looked.event["summary"] == "new"
    assert original == {"summary": "Old", "custom_details": {"a": 1}, "text": "x"}


@given(
    conditions,
    st.lists(
        st.tuples(
            st.sampled_from(("event.summary", "event.custom_details.host", "event.custom_details.n", "event['if']")),
            st.sampled_from(("db", "DB-1", "", 5, 3.0, None, True)),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_after_fields_were_set_conditions_hold_as_for_a_new_event(text: str, changes: list[tuple[str, object]]) -> None:
    looked = scene()
    condition = pcl.compile(text)
    for target, value in changes:
        condition.holds(looked)
        assert looked.set(pcl.parse_path(target), value)
        assert condition.holds(looked) is condition.holds(scene(looked.event))


@pytest.mark.parametrize(
    "target", ["event", "raw_event.a", "cache_var.a", "event.links[0]", "event.text.a", "event.links[0].href"]
)
def test_what_is_no_field_is_not_set(target: str) -> None:
    looked = scene({"text": "x", "links": [{}]})
    assert not looked.set(pcl.parse_path(target), "new")
    assert looked.event == {"text": "x", "links": [{}]}


def test_counts_are_asked_of_the_caller() -> None:
    asked: list[tuple[str, int, bool]] = []

    def count(key: str, span: int, resetting: bool) -> int:
        asked.append((key, span, resetting))
        return 6

    looked = scene(count=count)
    assert pcl.compile("trigger_count over 10 seconds > 5").holds(looked)
    assert pcl.compile("5 < trigger_count over 10 seconds").holds(looked)
    assert pcl.compile("trigger_count over 1 day == 6").holds(looked)
    assert not pcl.compile("trigger_count over 1 day > event.custom_details.digits").holds(looked)
    assert pcl.compile("trigger_count over 1 day > event.custom_details.n").holds(looked)
    assert not pcl.compile("false and trigger_count over 2 days > 1").holds(looked)
    assert pcl.compile("true or trigger_count over 2 days > 1").holds(looked)
    assert asked[0] == ("trigger_count over 10 seconds", 10_000_000, False)
    assert len(asked) == 5
    assert not looked.spent


def test_a_resetting_count_that_is_reached_is_spent() -> None:
    looked = scene(count=lambda *_: 6)
    assert pcl.compile("resetting_trigger_count over 1 minute > 5").holds(looked)
    assert not pcl.compile("resetting_trigger_count over 1 hour > 6").holds(looked)
    assert looked.spent == ["resetting_trigger_count over 1 minute"]


@pytest.mark.parametrize(
    ("text", "would"),
    [
        ("trigger_count over 1 minute > 100", True),
        ("event.summary exists and trigger_count over 1 minute > 100", True),
        ("trigger_count over 1 minute > 100 and event.missing exists", False),
        ("event.missing exists or trigger_count over 1 minute > 100", True),
        ("not trigger_count over 1 minute > 0", True),
        ("not (trigger_count over 1 minute > 0 or event.summary exists)", False),
        ("not (trigger_count over 1 minute > 0 and event.summary exists)", True),
        ("event.missing exists", False),
    ],
)
def test_which_events_a_count_counts(text: str, would: bool) -> None:
    def never(*_: object) -> int:
        raise AssertionError

    assert pcl.compile(text).would_hold(scene(count=never)) is would


def test_the_scene_alone_counts_the_event_itself() -> None:
    assert pcl.compile("trigger_count over 1 minute == 1").holds(pcl.Scene({}, now=0))


@pytest.mark.parametrize(
    ("text", "always"),
    [
        ("true", True),
        ("false", False),
        ("'x'", False),
        ("now", False),
        ("event.flag", None),
        ("event.a exists", None),
        ("event.a exists or true", True),
        ("event.a exists and false", False),
        ("event.a exists and true", None),
        ("event.a exists or false", None),
        ("not false", True),
        ("not event.a exists", None),
        ("not (event.a exists and 1 > 2)", True),
        ("1 < 2", True),
        ("1 == '1'", False),
        ("event.a > 'x'", False),
        ("not event.a > 'x'", True),
        ("'abc' matches part 'B'", True),
        ("'abc' matches regex '^b'", False),
        ("5 matches '5'", True),
        ("now > 2024-01-01 00:00:00 UTC", None),
        ("2024-01-01 00:00:00 UTC < 2024-01-01 00:00:00 America/New_York", True),
        ("now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00:00 to 00:00:00 UTC", True),
        ("now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 00:00:00 to 23:59:59 UTC", True),
        ("now in Mon,Tue,Wed,Thu,Fri,Sat 00:00:00 to 00:00:00 UTC", None),
        ("now in Mon,Tue,Wed,Thu,Fri,Sat,Sun 09:00:00 to 17:00:00 UTC", None),
        ("trigger_count over 1 minute >= 1", True),
        ("trigger_count over 1 minute > 0", True),
        ("trigger_count over 1 minute > 1", None),
        ("trigger_count over 1 minute < 1", False),
        ("trigger_count over 1 minute <= 1", None),
        ("trigger_count over 1 minute == 0", False),
        ("trigger_count over 1 minute == 1.5", False),
        ("trigger_count over 1 minute == 1", None),
        ("0 < trigger_count over 1 minute", True),
        ("trigger_count over 1 minute == '1'", False),
        ("trigger_count over 1 minute > event.n", None),
    ],
)
def test_conditions_that_do_not_depend_on_the_event(text: str, always: bool | None) -> None:
    assert pcl.always(pcl.compile(text)) is always


fields = st.dictionaries(
    st.sampled_from(("summary", "source", "if", "custom_details", "n")),
    st.recursive(
        st.one_of(
            st.none(),
            st.booleans(),
            st.integers(-5, 5),
            st.just(9007199254740993),
            st.sampled_from((0.5, 3.0, 4.5e10)),
            st.sampled_from(("db", "DB-1", "host up", "db12 host down", "aab", "Ω", "")),
        ),
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(("host", "a b", "list", "flag", "n")), inner, max_size=4),
        ),
        max_leaves=6,
    ),
)


@given(conditions, fields)
@settings(max_examples=400)
def test_compiled_conditions_agree_with_reading_the_tree(text: str, event: Mapping[str, object]) -> None:
    condition = pcl.compile(text)
    looked = scene(event, count=lambda *_: 3)
    expected = slowly(condition.tree, scene(event, count=lambda *_: 3))
    assert condition.holds(looked) is expected
    assert condition.holds(looked) is expected  # with everything read before
    if pcl.always(condition) is not None:
        assert pcl.always(condition) is expected
    if expected:
        assert condition.would_hold(looked)


def slowly(node: Node, looked: pcl.Scene) -> bool:
    """The meaning of a tree, written down once more without caches, shortcuts and special shapes."""
    match node:
        case And():
            return all(slowly(part, looked) for part in node.parts)
        case Or():
            return any(slowly(part, looked) for part in node.parts)
        case Not():
            return not slowly(node.of, looked)
        case Exists():
            return value_of(node.path, looked) is not missing
        case Bare():
            return value_of(node.value, looked) is True
        case Within():
            return build(node)(looked)
        case Matches():
            return slow_matches(node, looked)
        case Compare():
            return slow_compare(value_of(node.left, looked), node.sign, value_of(node.right, looked))


missing = object()


def value_of(value: Any, looked: pcl.Scene) -> Any:
    if isinstance(value, Now):
        return looked.now_time()
    if isinstance(value, Threshold):
        return 3
    if not isinstance(value, Path):
        return (
            getattr(value, "value", None)
            if hasattr(value, "value")
            else datetime.fromtimestamp(value.moment / 1e6, UTC)
        )
    roots: dict[str, Any] = {"event": looked.event, "raw_event": {"payload": {"n": [7]}}, "cache_var": CACHE}
    found: Any = roots[value.root]
    steps: Any = value.steps[1:]
    for step in steps:
        kind = list if isinstance(step, int) else Mapping
        try:
            found = found[step] if isinstance(found, kind) else missing
        except (IndexError, KeyError):
            found = missing
    return found


def slow_matches(node: Matches, looked: pcl.Scene) -> bool:
    sides = [value_of(node.left, looked), value_of(node.right, looked)]
    if any(side is None or side is missing for side in sides):
        return False
    left, right = (as_text(side) or "" for side in sides)
    if node.how.name == "REGEX":
        flags = "(?sm)" if node.exactly else "(?ism)"
        return re2.search(flags + right, cut(left)) is not None
    if not node.exactly:
        left, right = left.casefold(), right.casefold()
    return right in left if node.how.name == "PART" else left == right


def slow_compare(left: Any, sign: str, right: Any) -> bool:
    if left is None or right is None or left is missing or right is missing:
        return False
    numbers = [isinstance(side, int | float) and not isinstance(side, bool) for side in (left, right)]
    if all(numbers) and type(left) is not type(right):
        as_floats = all(abs(side) <= 2**53 for side in (left, right) if isinstance(side, float))
        left, right = (float(left), float(right)) if as_floats else (int(left), int(right))
    elif (not all(numbers) and (any(numbers) or type(left) is not type(right))) or (
        sign != "==" and not all(numbers) and not isinstance(left, datetime)
    ):
        return False
    found: bool = {
        "==": lambda: left == right,
        ">": lambda: left > right,
        ">=": lambda: left >= right,
        "<": lambda: left < right,
        "<=": lambda: left <= right,
    }[sign]()
    return found


REGEX_PIECES = (
    "abc",
    "host",
    "-",
    " ",
    ".",
    "\\.",
    "\\d",
    "\\x41",
    "[a-c]",
    "[^]x]",
    "[[:alpha:]]",
    "(",
    ")",
    "(?:",
    "(?i)",
    "(?-i)",
    "(?P<n>",
    "|",
    "*",
    "+",
    "?",
    "{2}",
    "{0,1}",
    "{",
    "^",
    "$",
    "é",
    "K",
    "s",
    "\\Q",
    "\\b",
    "\\pL",
)


@given(
    st.lists(st.sampled_from(REGEX_PIECES), max_size=8).map("".join),
    st.lists(st.sampled_from((*"abc xA-.é1", "abc", "HOST", "host", "\u212a", "ſ", "\n")), max_size=12).map("".join),
)
@settings(max_examples=800)
def test_where_the_needed_text_is_not_the_regex_finds_nothing(regex: str, text: str) -> None:
    try:
        pattern = compile_pattern(regex, CONDITION_FLAGS)
    except pcl.PclError:
        return
    needed = needed_text(regex)
    if pattern.search(text.encode()) is not None and needed is not None:
        assert needed in text.casefold()


@pytest.mark.parametrize(
    ("regex", "needed"),
    [
        ("db[0-9]+-server", "-server"),
        ("^(CRITICAL|SEVERE): Disk", ": disk"),
        ("abcd?", "abc"),
        ("abcd+e", "abcd"),
        ("abcd{0,2}", "abc"),
        ("a|bcd", None),
        ("ab", None),
        ("(abc)", None),
        ("(?i)Ab\\.c", "ab.c"),
        ("\\x41bcd", None),
        ("\\Qabc\\E", None),
        ("[abc", None),
        ("", None),
    ],
)
def test_which_text_a_regex_needs(regex: str, needed: str | None) -> None:
    assert needed_text(regex) == needed
