"""Templates filled in, and what regular expressions hand to variables and extractions."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.events import pcl
from tocsin.events.pcl.patterns import FOUND_CHARS, WORK_STEPS

EVENT = {
    "summary": "Disk full",
    "severity": None,
    "custom_details": {"host": "db1", "n": 5, "x": 0.5, "yes": True, "if": {"k": [1, 2]}},
    "template": "{{event.summary}}",
}
VARIABLES = {"host": "web-7", "odd name": "odd", "nested": "{{event.summary}}"}


def scene() -> pcl.Scene:
    return pcl.Scene(EVENT, now=0, raw=lambda: {"a": {"b": ["x"]}}, cache_var={"seen": 3}.get)


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("{{event.summary}}", "Disk full"),
        ("[{{ event.custom_details.host }}] {{event.summary}}!", "[db1] Disk full!"),
        ("{{variables.host}}/{{cache_var.seen}}/{{raw_event.a.b}}", 'web-7/3/["x"]'),
        ("{{raw_event.a.b[0]}}", "x"),
        ("{{event.custom_details['if'].k[1]}}", "2"),
        ("{{event.custom_details['if']}}", '{"k":[1,2]}'),
        ("{{event.custom_details.n}} {{event.custom_details.x}} {{event.custom_details.yes}}", "5 0.5 true"),
        ("{{variables.odd name}}", "odd"),
        # nothing there, or nothing that could be
        ("<{{event.missing}}{{event.severity}}{{variables.none}}{{cache_var.none}}{{raw_event.z}}>", "<>"),
        ("<{{}}{{ }}{{summary}}{{variables}}{{variables.}}{{now}}{{'text'}}{{event.summary exists}}{{1+1}}>", "<>"),
        ("{{event.summary | upper}}{{ self.__class__ }}{{event.__class__}}{{event.summary.upper}}", ""),
        # braces that are none
        ("{{event.summary", "{{event.summary"),
        ("event.summary}}", "event.summary}}"),
        ("{event.summary}", "{event.summary}"),
        ("{{{event.summary}}}", "{Disk full}"),
        ("{{ {{event.summary}}", "{{ Disk full"),
        ("{% if x %}${event.summary}%s{0}", "{% if x %}${event.summary}%s{0}"),
        # what was filled in is not looked at again
        ("{{event.template}}", "{{event.summary}}"),
        ("{{variables.nested}}", "{{event.summary}}"),
        ("{{{event.template}}}", "{{{event.summary}}}"),
    ],
)
def test_templates(template: str, text: str) -> None:
    assert pcl.render(template, scene(), VARIABLES) == text


def test_a_rendered_text_is_cut() -> None:
    assert pcl.render("{{event.summary}}{{event.summary}}", scene(), limit=12) == "Disk fullDis"
    assert pcl.render("{{event.summary}}", scene(), limit=0) == ""
    long = pcl.Scene({"a": "x" * 50_000}, now=0)
    assert len(pcl.render("{{event.a}}" * 1000, long)) == 65_536


def test_a_template_follows_the_event() -> None:
    looked = scene()
    assert pcl.render("{{event.summary}}", looked) == "Disk full"
    looked.set(pcl.parse_path("event.summary"), "Disk fine")
    assert pcl.render("{{event.summary}}", looked) == "Disk fine"


def test_places_that_lead_nowhere_are_named() -> None:
    assert pcl.unknown_places("{{event.a}} {{summary}} {{variables.x}} {{ 1 + 1 }} {{x") == ("summary", "1 + 1")


@given(st.text(), st.text())
def test_any_template_is_rendered(template: str, field: str) -> None:
    looked = pcl.Scene({"f": field}, now=0)
    assert isinstance(pcl.render(template, looked), str)
    assert pcl.render("{{event.f}}", looked) == field


@pytest.mark.parametrize(
    ("regex", "text", "found"),
    [
        ("db[0-9]+", "on db12-server", "db12"),
        ("(db)([0-9]+)", "on db12-server", "db12"),
        ("host=(\\w+) .*code=(\\d+)", "host=a1 x code=502!", "a1502"),
        ("(a)|(b)", "xb", "b"),
        ("(?:a)b", "ab", "ab"),
        ("(x)?b", "ab", ""),
        ("", "abc", ""),
        ("DB", "db", None),
        ("(?i)DB", "db", "db"),
        ("a.b", "a\nb", None),
        ("^b", "a\nb", None),
        ("(?ms)^b.c", "a\nb\nc", "b\nc"),
        (".*", "", ""),
        ("gr(ö|o)ße", "die größe", "ö"),
        ("(", "(", None),
        ("\ud800", "x", None),
        (".", "\ud800", "?"),
        ("x" * 3000, "x", None),
    ],
)
def test_what_a_regex_hands_over(regex: str, text: str, found: str | None) -> None:
    assert pcl.captures(regex, text) == found


def test_a_regex_is_checked_when_it_is_saved() -> None:
    pcl.check_regex("(a|b)+")
    for regex in ("(", "(?<=a)b", "x" * 3000, "\ud800", ".{900}"):
        with pytest.raises(pcl.PclError):
            pcl.check_regex(regex)


def test_groups_within_groups_do_not_multiply_the_text() -> None:
    text = "é" * 40_000
    found = pcl.captures("(" * 200 + ".*" + ")" * 200, text)
    assert found is not None
    assert len(found.encode()) <= FOUND_CHARS


def test_no_regex_takes_more_than_the_length_of_the_text() -> None:
    """Backtracking would need longer than the world has existed for the first one."""
    began = time.process_time()
    pcl.captures("(a*)*(a*)*b", "a" * 60_000)
    pcl.captures("(x+x+)+y", "x" * 60_000)
    assert time.process_time() - began < 5


def test_a_large_regex_sees_the_beginning_of_a_long_text() -> None:
    """How far is a matter of its size, so that every search is over in the same time."""
    large, small = "(.{0,400}z)", "(z)"
    most = WORK_STEPS // pcl.check_regex(large).programsize
    assert 2_000 < most < 4_000
    assert pcl.captures(large, "a" * (most - 1) + "z") == "a" * 400 + "z"
    assert pcl.captures(large, "a" * most + "z") is None
    assert pcl.captures(small, "a" * 65_000 + "z") == "z"
    condition = pcl.compile("event.summary matches regex '.{0,400}z'")
    assert condition.holds(pcl.Scene({"summary": "a" * 1_000 + "z"}, now=0))
    assert not condition.holds(pcl.Scene({"summary": "a" * 4_000 + "z"}, now=0))


def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    pcl.captures("(((", "x")
    pcl.captures("(a|b)*a(a|b){200}c", "ab" * 20_000)
    with pytest.raises(pcl.PclError):
        pcl.compile("event.a matches regex '((('")
    assert capfd.readouterr() == ("", "")
