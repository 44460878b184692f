"""Text from monitors and people is text: it never becomes markup, a script, or a link that runs something."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.web.place import Place
from tocsin.events.model import Action, Event
from tocsin.incidents.messages import AddNote, SetTitle
from tocsin.web.render import environment, safe_url

ZOO = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg onload=alert(1)>",
    "</title></textarea></script><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{ 7 * 7 }} {% if 1 %} ${7*7}",
    "<!--<img src='--><img src=x onerror=alert(1)//'>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "\u202e\u2066evil\u0000\u0008\x1b[31m",
    "<a href='jAvAsCrIpT:alert(1)'>x</a>",
    "]]><![CDATA[<script>alert(1)</script>",
    "a" * 1024,
]
PAGES = ("/", "/incidents", "/incidents/1", "/alerts", "/alerts?tab=events", "/find?q=e", "/alerts/events/1")


class Shape(HTMLParser):
    """The structure of a page: its tags, what could run, where links lead."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: Counter[str] = Counter()
        self.running: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        for name, value in attrs:
            if name.startswith("on") or name in {"style", "srcdoc"}:
                self.running.append(f"{tag} {name}")
            if name in ("href", "src", "action", "formaction"):
                before = re.split(r"[/?#]", (value or "").strip().lower())[0]
                scheme = before.split(":")[0] if ":" in before else ""
                if scheme not in ("", "http", "https", "mailto"):
                    self.running.append(f"{tag} {name}={value}")

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def shape(html: str) -> Shape:
    reader = Shape()
    reader.feed(html)
    return reader


def hostile(place: Place, text: str) -> None:
    """An incident whose every field holds the text."""
    integration = place.services["PaymentsService"][1]
    script = "javascript:alert(1)"
    alarm = Event(
        action=Action.TRIGGER,
        integration_id=integration.id,
        dedup_key=text[:255] or "key",
        received_at=place.desk.clock.now(),
        summary=text,
        source=text,
        component=text,
        group=text,
        event_class=text,
        details={text: text, "nested": {"a": [text]}},
        links=({"href": text, "text": text}, {"href": script}),
        images=({"src": text, "alt": text, "href": script},),
        client=text,
        client_url=text,
        runbook_url=text,
    )
    place.desk.receive(alarm)
    incident = place.incident(1)
    place.desk.run(place.as_("alice"), SetTitle(incident_id=incident.id, title=text or "x"))
    place.desk.run(place.as_("alice"), AddNote(incident_id=incident.id, text=text[:2000] or "x"))


@pytest.mark.parametrize("text", ZOO)
def test_hostile_text_is_shown_as_it_is_and_runs_nothing(place: Place, text: str) -> None:
    place.site = replace(place.site, raw_event=lambda _seq: text.encode("utf-8", "replace"))
    hostile(place, text)
    browser = place.client("alice")
    for path in PAGES:
        html = browser.get(path).text
        found = shape(html)
        assert found.running == [], path
        assert found.tags["script"] == html.count('<script defer src="/static/'), path
        assert found.tags["img"] == 0, path
    shown = "".join(shape(browser.get("/incidents/1").text).text)
    assert text.strip()[:200].replace("\x00", "\ufffd") in shown or "\u202e" in text


@given(text=st.text(max_size=200).filter(lambda text: text.strip() != ""))
@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_any_text_leaves_the_structure_of_a_page_alone(text: str) -> None:
    source = '<p title="{{ text }}" data-x="{{ text }}">{{ text }}</p><a href="{{ text|url }}">x</a>'
    found = shape(environment().from_string(source).render(text=text))
    assert (found.tags, found.running) == (Counter({"p": 1, "a": 1}), [])


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://example.com/a?b=c#d", True),
        ("http://10.0.0.1:9090/graph", True),
        ("mailto:alice@example.com", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        (" javascript:alert(1)", False),
        ("\tjavascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("vbscript:x", False),
        ("//evil.example", False),
        ("/relative", False),
        ("https://[bad", False),
        ("https:", False),
        ("", False),
        (None, False),
        (7, False),
    ],
)
def test_links_lead_to_the_web_or_to_mail(url: object, safe: bool) -> None:
    assert bool(safe_url(url)) is safe


def test_names_of_people_and_things_are_text_too(place: Place) -> None:
    evil = "<b onmouseover=alert(1)>Bob</b>"
    place.desk.save(replace(place.people["bob"], name=evil), "name")
    place.desk.save(replace(place.services["PaymentsService"][0], name=evil, description=evil), "name", "description")
    place.desk.save(replace(place.schedule, name=evil), "name")
    place.alarm("PaymentsService", "errors", "Payments fail")
    browser = place.client("bob")
    for path in ("/", "/incidents", "/incidents/1", "/on-call", "/services", "/me", "/incidents/new", "/find?q=bob"):
        found = shape(browser.get(path).text)
        assert found.running == []
        assert "<b onmouseover=alert(1)>Bob</b>" in "".join(found.text), path
