"""The timeline reads as sentences, the ladder foretells what the engine then does, and everybody learns why."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, get_args, get_type_hints

import pytest

from tests.web.defined_scene import starts, workflow, workflow_step
from tests.web.place import Place, policy_of
from tests.web.scenes import pass_
from tests.web.test_incident_pages import words
from tocsin.directory.model import Urgency
from tocsin.escalation.messages import LastResortReached, LevelReached
from tocsin.incidents.messages import Acknowledge, AddNote, NoteAdded, Reassign, SetUrgency, Snooze
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.time import DAY, HOUR, MILLISECOND, MINUTE, SECOND
from tocsin.kernel.wording import compact, listed, span_words
from tocsin.runtime.reads import TimelineEntry, TimelineFilter
from tocsin.storage.codec import FACTS
from tocsin.web.ladder import Ladder, Scene, calls_ahead, ladder_of
from tocsin.web.names import ConfigNames, isolated
from tocsin.web.timeline import SENTENCES, Show, lines_of, masked
from tocsin.web.times import Times, stopwatch, zone_of
from tocsin.web.why import whys_of


def entries(place: Place, incident: Incident) -> list[TimelineEntry]:
    return list(place.desk.reads.timeline(TimelineFilter(incident_id=incident.id), limit=1000).items)


def scene(place: Place, number: int = 1) -> Scene:
    incident = place.incident(number)
    config, times = place.desk.config(), Times(place.desk.clock.now(), zone_of("Etc/UTC"))
    names = ConfigNames(config, times.clock, place.desk.reads.incidents_by_id)
    policy = config.policies.get(incident.policy_id)
    pages = place.desk.reads.pages_of(incident.id)
    return Scene(incident, policy, config, pages, entries(place, incident), names, times)


def ladder(place: Place, number: int = 1) -> Ladder:
    return ladder_of(scene(place, number))


def why(place: Place, who: str, reader: str = "erin") -> str:
    found = {one.name: " ".join(one.sentences) for one in whys_of(scene(place), place.people[reader].id)}
    return found[who]


@pytest.fixture
def fire(place: Place) -> Place:
    place.alarm("PaymentsService", "errors", "Payments fail")
    place.desk.clock.moment += 38 * MILLISECOND
    place.desk.settle()
    return place


class PlainNames:
    """Calls everything by its id."""

    def actor(self, actor: Actor) -> str:
        return actor.id or "Tocsin"

    def person(self, user_id: str) -> str:
        return user_id

    def service(self, service_id: str) -> str:
        return service_id

    def priority(self, priority_id: str) -> str:
        return priority_id

    def incident(self, incident_id: str) -> str:
        return f"#{incident_id}"

    def at(self, moment: int) -> str:
        return f"at {moment}"


def made_up(kind: type[Any]) -> Any:
    """A fact with something in every field."""
    hints, values = get_type_hints(kind), {}
    assert is_dataclass(kind)
    for field in fields(kind):
        hint = hints[field.name]
        options = [one for one in get_args(hint) if one is not type(None)] or [hint]
        first = options[0]
        if hasattr(first, "__members__"):
            values[field.name] = next(iter(first))
        elif first is int:
            values[field.name] = 3 * MINUTE
        elif first is bool:
            values[field.name] = True
        elif is_dataclass(first) and str(hint).startswith("tuple"):
            values[field.name] = (made_up(first),)  # type: ignore[arg-type]
        elif str(hint).startswith("tuple"):
            values[field.name] = ("PALICE", "PBOB")
        else:
            values[field.name] = {"channel": "sms", "user_id": "PALICE"}.get(field.name, field.name)
    return kind(**values)


@pytest.mark.parametrize("kind", sorted(FACTS))
def test_every_fact_is_a_sentence(kind: str) -> None:
    fact = made_up(FACTS[kind])
    for actor in (Actor(ActorKind.USER, "PALICE", Via.VOICE), SYSTEM):
        sentence = SENTENCES[type(fact)](actor, fact, PlainNames())
        assert sentence == sentence.strip()
        assert sentence[0].isupper() or sentence[0] == "#"
        assert "None" not in sentence
        assert "  " not in sentence


def test_people_come_first_with_the_door_they_came_by(fire: Place) -> None:
    fire.desk.run(fire.as_("bob", Via.VOICE), Acknowledge(incident_id=fire.incident(1).id))
    lines = lines_of(scene(fire).entries, scene(fire).names, Show.ALL, newest_first=True)
    newest = next(line for line in lines if line.kind == "incident.acknowledged")
    assert (newest.who, newest.sentence) == ("Bob", "Bob acknowledged by phone call")
    assert newest.by_person


def test_attempts_hang_under_their_page(fire: Place) -> None:
    lines = lines_of(scene(fire).entries, scene(fire).names, Show.PAGES, newest_first=False)
    page = next(line for line in lines if line.kind == "page.started")
    assert [attempt.words for attempt in page.attempts] == ["sent after 38 ms"]
    assert not any(line.kind == "page.sent" for line in lines)


def test_filters_show_what_they_name(fire: Place) -> None:
    fire.desk.run(fire.as_("bob"), AddNote(incident_id=fire.incident(1).id, text="Looking"))
    made = scene(fire)
    people = lines_of(made.entries, made.names, Show.PEOPLE, newest_first=True)
    assert [(line.who, line.note) for line in people] == [("Bob", "Looking")]
    alerts = lines_of(made.entries, made.names, Show.ALERTS, newest_first=True)
    assert [line.kind for line in alerts] == ["incident.triggered"]


def test_a_note_that_no_person_wrote_says_who_did(fire: Place) -> None:
    (_, integration), *_ = fire.services.values()
    for actor in (SYSTEM, Actor(ActorKind.INTEGRATION, integration.id)):
        fire.desk.run(actor, AddNote(incident_id=fire.incident(1).id, text="By a rule"))
    made = scene(fire)
    notes = [line for line in lines_of(made.entries, made.names, Show.ALL, newest_first=False) if line.note]
    assert [(line.who, line.sentence) for line in notes[-2:]] == [("", "Tocsin wrote"), ("", "Prometheus wrote")]


def test_silence_is_drawn_between_its_neighbours(fire: Place) -> None:
    fire.desk.run(fire.as_("alice"), Acknowledge(incident_id=fire.incident(1).id))
    fire.desk.clock.moment += 25 * MINUTE
    fire.desk.run(fire.as_("alice"), AddNote(incident_id=fire.incident(1).id, text="Still looking"))
    made = scene(fire)
    lines = lines_of(made.entries, made.names, Show.ALL, newest_first=True)
    assert lines[0].silence_before == "25 min"
    assert not any(line.silence_before for line in lines[1:])


def ran(place: Place, *names: str) -> Scene:
    """The incident after Alice started a workflow: steps of these names, those with a "?" are none that there is."""
    steps = (workflow_step(name, "x" if "?" in name else "add-note", note="Seen") for name in names)
    flow = workflow(place, "Respond", *steps)
    starts(place, flow, "manual")
    place.client("alice").act("/incidents/1/workflow", workflow=flow.id)
    for _ in range(len(names)):
        place.desk.clock.moment += 2 * SECOND
        place.desk.run(place.as_("bob"), AddNote(incident_id=place.incident(1).id, text="Meanwhile"))
        place.desk.advance(0)
    return scene(place)


def test_the_steps_of_a_workflow_are_under_its_start(fire: Place) -> None:
    made = ran(fire, "Say so", "Call a room?", "Say more")
    for show in (Show.ALL, Show.CHANGES, Show.PEOPLE):
        lines = lines_of(made.entries, made.names, show, newest_first=True)
        assert not any(line.kind in ("workflow.step_ended", "workflow.completed") for line in lines), show
        (start,) = (line for line in lines if line.kind == "workflow.started")
        assert start.steps is not None
        assert [one.kind for one in start.steps.lines] == ["workflow.step_ended"] * 3 + ["workflow.completed"]
        assert [one.sentence for one in start.steps.not_done] == [start.steps.lines[1].sentence]
        assert (start.steps.count, start.steps.over_at) == (3, start.steps.lines[-1].at)
    for show in (Show.PAGES, Show.ALERTS):
        assert not any(line.steps for line in lines_of(made.entries, made.names, show, newest_first=True)), show
    kinds = [one.fact.kind for one in made.entries]
    assert kinds.count("workflow.step_ended") == 3, "what is stored, and exported, stays in its order"


def test_what_a_workflow_did_is_said_in_one_line_and_kept_below(fire: Place) -> None:
    ran(fire, "Say so", "Call a room?", "Say more")
    page = fire.client("alice").get("/incidents/1").text
    item = page.partition("Alice</bdi></b> started the workflow")[2].partition("</li>")[0]
    open_part, _, folded = item.partition("<details>")
    assert "Step “Call a room?” of “Respond” was not done" in words(open_part)
    assert "Say so" not in open_part
    assert re.match(r"<summary>3 steps in \S+ m?s</summary>", folded.strip())
    assert words(folded).count("Step “") == 3
    assert "The workflow “Respond” is over: 2 steps done, 1 not" in words(folded)


def test_a_workflow_that_still_runs_and_one_without_steps(fire: Place) -> None:
    made = ran(fire, "Say so", "Say more")
    cut = next(place for place, one in enumerate(made.entries) if one.fact.kind == "workflow.step_ended") + 1
    (start,) = (one for one in lines_of(made.entries[:cut], made.names, Show.CHANGES, newest_first=True) if one.steps)
    assert start.steps is not None
    assert (start.steps.count, start.steps.over_at) == (1, None)
    later = lines_of(made.entries[cut - 1 :], made.names, Show.CHANGES, newest_first=False)
    assert later[0].kind == "workflow.step_ended", "its start is not among what was read: it stands for itself"
    flow = workflow(fire, "Empty")
    starts(fire, flow, "manual")
    fire.client("alice").act("/incidents/1/workflow", workflow=flow.id)
    page = words(fire.client("alice").get("/incidents/1").text)
    assert "started the workflow “Empty” The workflow “Empty” is over: 0 steps done" in page
    assert "0 steps in" not in page


def test_silence_is_measured_from_what_is_folded_too(fire: Place) -> None:
    made = ran(fire, "Say so")
    start = next(one for one in made.entries if one.fact.kind == "workflow.started")
    step = next(one for one in made.entries if one.fact.kind == "workflow.step_ended")
    note = next(one for one in made.entries if isinstance(one.fact, NoteAdded))
    at = start.at
    told = (
        start,
        replace(note, at=at + MINUTE),
        replace(step, at=at + 30 * MINUTE),
        replace(note, at=at + 35 * MINUTE),
        replace(note, at=at + 50 * MINUTE),
    )
    lines = lines_of(told, made.names, Show.ALL, newest_first=False)
    assert [line.silence_before for line in lines] == ["", "", "", "15 min"]


def test_a_secret_address_is_shown_in_part() -> None:
    assert masked("+12025550101") == "…0101"
    assert masked("alice@example.com") == "a…@example.com"
    assert masked("https://hooks.example.com/secret/path") == "hooks.example.com"


def actual_calls(place: Place) -> list[tuple[int, int, int]]:
    """Level, pass and moment of every call that happened."""
    return [
        (entry.fact.level, entry.fact.pass_number, entry.at)
        for entry in entries(place, place.incident(1))
        if isinstance(entry.fact, LevelReached)
    ]


def use(place: Place, *levels: tuple[int, Any], loops: int = 0) -> None:
    policy = policy_of(place, "Other", *levels, loops=loops)
    place.service("PaymentsService 2", policy)
    place.services["PaymentsService"] = place.services["PaymentsService 2"]


def handing_over(place: Place) -> Any:
    """A rotation that changes hands in 17 minutes, and again every 12 hours."""
    start = place.desk.clock.now() + 17 * MINUTE - 12 * HOUR
    return place.rota("Hands over", "alice", "carol", start=start, turn=12 * 3600)


def unreachable(place: Place) -> None:
    use(place, (5, place.schedule), (10, "bob"), (15, "carol"), loops=1)
    place.desk.save(replace(place.people["bob"], active=False), "active")


SHAPES: dict[str, Callable[[Place], None]] = {
    "as it is": lambda _place: None,
    "one pass": lambda place: use(place, (5, place.schedule), (10, "bob")),
    "five levels": lambda place: use(place, (1, "alice"), (2, "bob"), (3, "carol"), (4, "bob"), (5, "erin"), loops=1),
    "a hand-over in between": lambda place: use(place, (5, handing_over(place)), (10, "bob"), loops=2),
    "somebody who can't be reached": unreachable,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_ladder_foretells_what_happens(place: Place, shape: str) -> None:
    SHAPES[shape](place)
    place.alarm("PaymentsService", "errors", "Payments fail")
    made = scene(place)
    foretold = [(call.level, call.pass_number, call.at) for call in calls_ahead(made) if call.user_ids]
    people = [call.user_ids for call in calls_ahead(made) if call.user_ids]
    words_before = ladder_of(made).words
    place.desk.advance(4 * HOUR)
    assert actual_calls(place)[1:] == foretold
    happened = entries(place, place.incident(1))
    assert [entry.fact.user_ids for entry in happened if isinstance(entry.fact, LevelReached)][1:] == people
    resort = next(entry for entry in happened if isinstance(entry.fact, LastResortReached))
    assert made.times.minute(resort.at) in words_before


def test_passes_are_counted_as_people_count_them(fire: Place) -> None:
    made = ladder(fire)
    assert (made.passes, made.pass_number) == (4, 1)
    assert "4 passes, this is 1 of 4" in words(fire.client("alice").get("/incidents/1").text)
    last = "last try at 03:59 (Carol, pass 4 of 4); at 04:14 the team’s managers are told."
    assert made.words == f"If nobody answers: {last}"


def test_the_ladder_while_it_calls(fire: Place) -> None:
    pass_(fire, 6 * MINUTE)
    past, here, ahead = ladder(fire).rungs
    assert (past.state, past.result, past.how) == ("past", "No answer", "text sent, phone call delivered")
    assert (here.state, here.people, here.until) == ("here", ("Bob",), fire.incident(1).timer_at)
    assert here.how == "text delivered, phone call planned", "in the order of time"
    assert (ahead.state, ahead.people, ahead.how) == ("ahead", ("Carol",), "text at once, phone call after 2 min")


def test_the_ladder_once_answered(fire: Place) -> None:
    pass_(fire, 6 * MINUTE)
    called = ladder(fire).rungs[1].at
    pass_(fire, 21 * SECOND)
    fire.desk.run(fire.as_("bob"), Acknowledge(incident_id=fire.incident(1).id))
    made = ladder(fire)
    assert [rung.state for rung in made.rungs] == ["past", "past", "idle"]
    assert made.rungs[1].result == "Answered"
    assert (made.rungs[1].at, made.rungs[1].answered_at) == (called, fire.desk.clock.now())
    page = words(fire.client("alice").get("/incidents/1").text)
    assert "No answer called 02:14:07" in page
    assert "Answered 02:20:28" in page
    assert made.words == "Bob has it. Nobody else will be called."


def test_the_ladder_in_its_other_words(fire: Place) -> None:
    incident_id = fire.incident(1).id
    fire.desk.run(fire.as_("bob"), Snooze(incident_id=incident_id, seconds=3600))
    assert ladder(fire).words.endswith("The snooze ends at 03:14; then it pages again.")
    fire.desk.run(fire.as_("bob"), Reassign(incident_id=incident_id, user_ids=(fire.people["carol"].id,)))
    assert ladder(fire).words == "It was given to Carol by name; nobody else is called while a page gets through."
    fire.alarm("PaymentsService", "other", "Other")
    fire.desk.run(fire.as_("bob"), SetUrgency(incident_id=fire.incident(2).id, urgency=Urgency.LOW))
    assert ladder(fire, 2).words == "Low urgency: Alice was told; nobody further is called by itself."


def test_nobody_answers_at_all(fire: Place) -> None:
    fire.desk.advance(3 * HOUR)
    made = ladder(fire)
    assert made.words.startswith("Nobody answered. The last resort was called (round")


def test_everybody_learns_why(fire: Place) -> None:
    pass_(fire, 6 * MINUTE)
    fire.desk.run(fire.as_("bob", Via.SMS), Acknowledge(incident_id=fire.incident(1).id))
    place = "on call in Payments primary (level 1 of Payments, pass 1 of 4)"
    assert why(fire, "Alice").startswith(f"Alice was paged: {place}. Text at 02:14:07 (sent after 38 ms")
    bob = why(fire, "Bob")
    assert "Bob was paged: named in level 2 of Payments, pass 1 of 4." in bob
    assert "No phone call, because answered by Bob." in bob
    assert "Bob acknowledged at 02:20:" in bob
    assert "by text." in bob
    assert why(fire, "Carol") == why(fire, "Carol", "carol")
    assert why(fire, "Carol").startswith("Carol was not called: Bob acknowledged at 02:20:")
    assert why(fire, "Carol").endswith("before level 3 had its turn.")
    assert why(fire, "Erin") == "You were not paged: the policy Payments does not call you."


def test_the_reader_comes_first(fire: Place) -> None:
    found = whys_of(scene(fire), fire.people["carol"].id)
    assert (found[0].name, found[0].me) == ("Carol", True)
    assert "is called at 02:29:07 unless somebody answers" in found[0].sentences[0]


SPANS = {
    0: "0 ms",
    -5: "0 ms",
    38 * MILLISECOND: "38 ms",
    1_900 * MILLISECOND: "1.9 s",
    2 * SECOND: "2 s",
    41 * SECOND: "41 s",
    60 * SECOND: "1 min",
    250 * SECOND: "4 min 10 s",
    3 * HOUR: "3 h",
    2 * DAY + 5 * HOUR: "2 d 5 h",
}


def test_spans_in_words() -> None:
    assert {span: span_words(span) for span in SPANS} == SPANS


def test_small_words() -> None:
    lists: list[list[str]] = [[], ["A"], ["A", "B"], ["A", "B", "C"]]
    assert [listed(names) for names in lists] == ["nobody", "A", "A and B", "A, B and C"]
    assert [compact(span) for span in (5 * SECOND, 3 * MINUTE, 5 * HOUR, 3 * DAY)] == ["5 s", "3 min", "5 h", "3 d"]
    assert [stopwatch(span) for span in (5 * SECOND, 272 * SECOND, 3872 * SECOND)] == ["0:05", "4:32", "1:04:32"]
    assert isolated("Bob") == "Bob"
    assert isolated("محمد") == "\u2068محمد\u2069"
    times = Times(20_000 * DAY, zone_of("No/Where"))
    assert times.minute(20_000 * DAY - HOUR) == "Thu 23:00"
    assert times.minute(20_000 * DAY - 30 * DAY) == "4 Sep 00:00"
    assert times.minute(19_000 * DAY) == "8 Jan 2022 00:00"
