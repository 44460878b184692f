"""The last of each monitor, channel and delivery, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.databases import fresh
from tests.web.place import NIGHT
from tocsin.directory.model import Channel, Integration, Role, Service, User
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.events.model import Action, Event
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY, MINUTE
from tocsin.paging.messages import SendTestPage
from tocsin.paging.model import Result
from tocsin.storage import tables
from tocsin.testing.desk import DirectDesk


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DirectDesk]:
    if request.param == "sqlite":
        with DirectDesk(tmp_path, now=NIGHT) as found:
            yield found
        return
    with fresh(request.getfixturevalue("postgres_server")) as url, DirectDesk(tmp_path, url, now=NIGHT) as found:
        yield found


def test_the_last_of_each_channel(desk: DirectDesk) -> None:
    user: User = desk.save(User(id="", name="Erin", email="erin@example.com", role=Role.OWNER))
    (contact,) = desk.config().contacts_of[user.id]
    assert desk.reads.latest_of_channels() == {}
    for result in (Result.SENT, Result.SENT, Result.REFUSED):
        desk.advance(MINUTE)
        desk.run(SYSTEM, SendTestPage(contact_id=contact.id))
        desk.settle(result)
    latest = desk.reads.latest_of_channels()[Channel.EMAIL]
    assert latest.sent is not None
    assert latest.failed is not None
    assert (latest.sent.created_at, latest.failed.created_at) == (NIGHT + 2 * MINUTE, NIGHT + 3 * MINUTE)


def test_the_last_of_each_monitor(desk: DirectDesk) -> None:
    user: User = desk.save(User(id="", name="Erin", email="erin@example.com", role=Role.OWNER))
    level = Rule(id="", delay_minutes=5, targets=(Target(kind=TargetKind.USER, id=user.id),))
    policy: Policy = desk.save(Policy(id="", name="P", rules=(level,)))
    service: Service = desk.save(Service(id="", name="S", policy_id=policy.id))
    one, other = (desk.save(Integration(id="", service_id=service.id, name=name, key="")) for name in "ab")
    for minute in range(3):
        at = NIGHT + minute * MINUTE
        event = Event(action=Action.TRIGGER, integration_id=one.id, dedup_key="k", received_at=at, summary="s")
        desk.receive(event)
    latest = desk.reads.latest_of_monitors(NIGHT)
    assert latest[one.id].heard_at == NIGHT + 2 * MINUTE
    assert latest[one.id].quarantined_at is None
    assert other.id not in latest
    assert one.id in desk.reads.latest_of_monitors(NIGHT + 7 * DAY)
    assert desk.reads.latest_of_monitors(NIGHT + 8 * DAY) == {}
    for bad, good in ((2, 2), (3, 1)):  # the last success and the last error are both known, whichever came later
        with desk._writing.transaction() as connection:
            rows = tables.event_outcomes
            connection.execute(update(rows).where(rows.c.seq == bad).values(outcome="quarantined", reason="no JSON"))
            if bad == 3:
                connection.execute(update(tables.entrance_days).values(last_outcome="quarantined"))
        found = desk.reads.latest_of_monitors(NIGHT)[one.id]
        assert (found.quarantined_at, found.reason) == (NIGHT + (bad - 1) * MINUTE, "no JSON")
        assert found.heard_at == (NIGHT + 2 * MINUTE if good == 2 else NIGHT)


def test_what_the_database_is(desk: DirectDesk) -> None:
    facts = desk.reads.database_facts()
    assert facts.product.startswith(("SQLite 3.", "PostgreSQL "))
    assert facts.size > 10_000


def test_titles_are_searched_as_they_are(desk: DirectDesk) -> None:
    user: User = desk.save(User(id="", name="Erin", email="erin@example.com", role=Role.OWNER))
    level = Rule(id="", delay_minutes=5, targets=(Target(kind=TargetKind.USER, id=user.id),))
    policy: Policy = desk.save(Policy(id="", name="P", rules=(level,)))
    service: Service = desk.save(Service(id="", name="S", policy_id=policy.id))
    one = desk.save(Integration(id="", service_id=service.id, name="a", key=""))
    for title in ('A "quoted" title', "50% of c:\\disk", "Größe", "other"):
        event = Event(action=Action.TRIGGER, integration_id=one.id, dedup_key=title, received_at=NIGHT, summary=title)
        desk.receive(event)
    for letters, number in (('"QUOTED"', 1), ("0%", 2), ("c:\\D", 2), ("Größ", 3), ("OTHER", 4)):
        assert [incident.number for incident in desk.reads.incidents_titled(letters)] == [number], letters
    assert desk.reads.incidents_titled("%_") == ()
    assert len(desk.reads.incidents_titled("t", limit=1)) == 1
