"""Reads from many threads while the engine writes: each sees a whole turn or nothing of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from tocsin.directory.model import Integration, Role, Service, User
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Action, Event
from tocsin.incidents.messages import AddNote
from tocsin.kernel.actor import SYSTEM, Actor, ActorKind, Via
from tocsin.kernel.time import DAY, HOUR, MINUTE
from tocsin.oncall import CustomShift, Layer, Override, Restriction, RestrictionKind, Schedule
from tocsin.runtime.reads import AuditFilter, Change, TimelineFilter
from tocsin.testing.desk import DirectDesk

EVENTS = 40


def test_threads_see_whole_turns(url: str | None, tmp_path: Path) -> None:
    with DirectDesk(tmp_path, url) as desk:
        alice = desk.save(User(id="", name="Alice", email="alice@example.com", role=Role.OWNER))
        rule = Rule(id="", delay_minutes=5, targets=(Target(kind=TargetKind.USER, id=alice.id),))
        policy = desk.save(Policy(id="", name="Policy", rules=(rule,)))
        service = desk.save(Service(id="", name="Service", policy_id=policy.id))
        integration = desk.save(Integration(id="", service_id=service.id, name="Monitor", key=""))
        reads = desk.reads

        def look(_number: int) -> int:
            """An incident that is listed has its alert, its first fact, its person and its page."""
            found = reads.incidents(limit=100)
            for incident in found.items[:3]:
                assert reads.alerts_of(incident.id).items
                kinds = [entry.fact.kind for entry in reads.timeline(TimelineFilter(incident_id=incident.id)).items]
                assert kinds[0] == "incident.triggered"
                assert "escalation.level_reached" in kinds
                assert incident.assignee_ids == (alice.id,)
                assert reads.pages_of(incident.id)
            return len(found.items)

        with ThreadPoolExecutor(12) as pool:
            looks = [pool.submit(look, number) for number in range(60)]
            for number in range(EVENTS):
                event = Event(
                    action=Action.TRIGGER,
                    integration_id=integration.id,
                    dedup_key=f"key{number}",
                    received_at=desk.clock.now(),
                    summary="Boom",
                )
                desk.receive(event)
                desk.clock.moment += 1
            assert all(0 <= one.result(30) <= EVENTS for one in looks)
        assert look(0) == EVENTS
        incident = reads.incidents(limit=1).items[0]
        desk.run(Actor(ActorKind.USER, alice.id), AddNote(incident_id=incident.id, text="Seen"))
        assert [note.text for note in reads.notes(incident.id)] == ["Seen"]
        assert reads.pulse().timers > 0
        assert reads.pulse().cursor.seq == EVENTS
        desk.advance(5 * MINUTE)
        assert reads.timeline(TimelineFilter(kinds=("escalation.exhausted",)), want_total=True).total == EVENTS


def test_the_audit_trail_is_read_newest_first_and_without_secrets(url: str | None, tmp_path: Path) -> None:
    with DirectDesk(tmp_path, url) as desk:
        alice = desk.save(User(id="", name="Alice", email="a@example.com", role=Role.OWNER, password_hash="hash"))
        desk.clock.moment += MINUTE
        desk.save(User(id=alice.id, name="Alicia", email="a@example.com"), "name")
        records = desk.reads.audit(AuditFilter(kinds=("user",), thing_id=alice.id)).items
        assert [record.after["name"] for record in records if record.after] == ["Alicia", "Alice"]
        assert records[1].before is None
        assert records[1].after is not None
        assert records[1].after["password_hash"] == "(secret)"
        assert desk.reads.audit(AuditFilter(before_seq=records[0].seq, kinds=("user",))).items == records[1:]
        assert len(desk.reads.audit(AuditFilter(since=desk.clock.now())).items) == 1
        assert len(desk.reads.audit(AuditFilter(until=desk.clock.now()), limit=2).items) == 2


def test_the_audit_trail_is_narrowed(url: str | None, tmp_path: Path) -> None:
    with DirectDesk(tmp_path, url) as desk:
        alice = desk.save(User(id="", name="Alice", email="a@example.com", role=Role.OWNER))
        bob = desk.save(User(id="", name="Bob", email="b@example.com"))
        by_alice = Actor(ActorKind.USER, alice.id, Via.WEB)
        desk.run(by_alice, SaveThing(thing_kind="user", thing=replace(bob, name="Bert"), fields=("name",)))
        (contact,) = desk.config().contacts_of[bob.id]
        desk.run(by_alice, DeleteThing(thing_kind="contact_method", thing_id=contact.id))

        def found(**wanted: Any) -> list[tuple[str, str]]:
            return [(one.kind, one.change.value) for one in desk.reads.audit(AuditFilter(**wanted)).items]

        parts = (("contact_method", "user_id"), ("notification_rule", "user_id"))
        every = found(kinds=("user",), thing_id=bob.id, parts=parts)
        rules = ("notification_rule", "create")
        assert [one for one in every if one[0] != "notification_rule"] == [
            ("contact_method", "delete"),
            ("user", "update"),
            *[one for one in every if one in (("contact_method", "create"), ("user", "create"))],
        ]
        assert every.count(rules) == 2
        assert found(actor_kind=ActorKind.USER, actor_id=alice.id, changes=(Change.UPDATE,)) == [("user", "update")]
        assert found(actor_id=bob.id) == []
        assert found(vias=(Via.WEB,), changes=(Change.UPDATE, Change.CREATE)) == [("user", "update")]
        assert found(actor_id="%", changes=(Change.UPDATE,)) == []


def test_a_gap_that_a_change_of_a_schedule_opens_is_on_record(url: str | None, tmp_path: Path) -> None:
    """Whoever makes the change, by whatever door; a gap that was there before is not named again."""
    with DirectDesk(tmp_path, url) as desk:
        alice = desk.save(User(id="", name="Alice", email="a@example.com", role=Role.OWNER))
        midnight = desk.clock.now() // DAY * DAY
        layer = Layer("", "All day", midnight, None, midnight, 86_400, (alice.id,))
        whole: Schedule = desk.save(Schedule("", "Whole", "Etc/UTC", (layer,)))
        desk.clock.moment = midnight + DAY
        some = (Restriction(RestrictionKind.DAILY, 2 * 3600, 22 * 3600),)
        cut = desk.save(replace(whole, layers=(replace(whole.layers[0], restrictions=some),)), "layers")
        live = [one for one in cut.layers if one.end is None]
        desk.clock.moment += MINUTE
        desk.save(replace(cut, layers=(replace(live[0], name="Renamed"),)), "layers")
        latest, opening, made = desk.reads.audit(AuditFilter(thing_id=whole.id)).items
        assert (latest.detail, made.detail) == (None, None)
        assert opening.detail is not None
        assert opening.detail["opened_gaps"][0] == [midnight + DAY, midnight + DAY + 2 * HOUR]
        assert (opening.detail["gaps"], len(opening.detail["opened_gaps"])) == (84, 20)


def test_a_gap_that_the_end_of_an_override_opens_is_on_record(url: str | None, tmp_path: Path) -> None:
    """Of an override, and of a custom shift with whoever stands in for it; where a layer serves there is none."""
    with DirectDesk(tmp_path, url) as desk:
        alice = desk.save(User(id="", name="Alice", email="a@example.com", role=Role.OWNER))
        bob = desk.save(User(id="", name="Bob", email="b@example.com", role=Role.RESPONDER))
        now = desk.clock.now()
        midnight = now // DAY * DAY
        office = (Restriction(RestrictionKind.DAILY, 9 * 3600, 8 * 3600),)
        layer = Layer("", "Office", midnight, None, midnight, 86_400, (alice.id,), office)
        layered: Schedule = desk.save(Schedule("", "Layers", "Etc/UTC", (layer,)))
        begin = midnight + 200 * DAY  # further away than a change of the schedule itself is looked at
        whole = desk.save(Override("", layered.id, bob.id, begin, begin + DAY, now))
        noon = begin + 2 * DAY + 12 * HOUR
        within = desk.save(Override("", layered.id, bob.id, noon, noon + HOUR, now))
        shifts: Schedule = desk.save(Schedule("", "Shifts", "Etc/UTC", (), shift_based=True))
        extra = desk.save(CustomShift("", shifts.id, alice.id, begin, begin + HOUR))
        cover = Override(
            "", shifts.id, bob.id, begin, begin + HOUR, now, custom_shift_id=extra.id, overridden_id=alice.id
        )
        stored = desk.save(cover)
        desk.save(replace(stored, user_id=""), "user_id")
        for kind, one in (("override", whole), ("override", within), ("custom_shift", extra)):
            desk.run(SYSTEM, DeleteThing(thing_kind=kind, thing_id=one.id))

        def opened(thing_id: str) -> list[object]:
            record = desk.reads.audit(AuditFilter(thing_id=thing_id), limit=1).items[0]
            found: list[object] = (record.detail or {}).get("opened_gaps", [])
            return found

        assert opened(whole.id) == [[begin, begin + 9 * HOUR], [begin + 17 * HOUR, begin + DAY]]
        assert opened(within.id) == []
        assert opened(extra.id) == [], "nobody served it by then"
        latest = desk.reads.audit(AuditFilter(thing_id=stored.id)).items
        assert [(one.detail or {}).get("opened_gaps") for one in latest] == [None, [[begin, begin + HOUR]], None]
