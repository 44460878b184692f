"""The log says that nobody can be paged: when it is found, every hour, and when it is over."""

from __future__ import annotations

from pathlib import Path

import structlog

from tests.app.providing import providers_of
from tocsin.app.nobody import Warner
from tocsin.app.readiness import why_nobody
from tocsin.app.settings import from_environment
from tocsin.directory.model import Channel, ContactMethod, Role
from tocsin.storage.database import OutOfReach
from tocsin.testing.world import World

HALF_AN_HOUR = 1800.0


def test_it_is_said_once_an_hour_and_when_it_is_over() -> None:
    why = ["no way to send is set up"]
    warner = Warner(lambda: why[0])
    with structlog.testing.capture_logs() as said:
        for passed in (5.0, 30.0, HALF_AN_HOUR, HALF_AN_HOUR):
            warner.look(passed)
        assert [one["event"] for one in said] == ["nobody_can_be_paged"] * 2
        assert said[0]["why"] == why[0]
        why[0] = "nobody has a contact method"
        warner.look(30.0)
        why[0] = ""
        warner.look(30.0)
        warner.look(30.0)
    assert [one["event"] for one in said[2:]] == ["nobody_can_be_paged", "somebody_can_be_paged"]


def test_a_database_out_of_reach_is_others_news() -> None:
    def away() -> str:
        raise OutOfReach("gone")

    with structlog.testing.capture_logs() as said:
        Warner(away).look(5.0)
    assert said == []


def test_why_says_what_to_do(tmp_path: Path) -> None:
    world = World(tmp_path)

    def why(**environment: str) -> str:
        return why_nobody(world.config, providers_of(from_environment(environment, data=world.folder)))

    assert why() == "there is nobody yet: `tocsin setup` makes the first owner"
    olga = world.person("olga", role=Role.OWNER)
    assert (
        "no way to send is set up: an owner sets one up at /connections, or whoever runs Tocsin sets TOCSIN_SMTP_URL"
        in why()
    )
    for contact in world.config.contacts_of[olga.id]:
        world.delete(contact)
    assert "nobody has a contact method" in why(TOCSIN_SMTP_URL="smtp://localhost")
    world.save(ContactMethod(id="", user_id=olga.id, channel=Channel.EMAIL, address="olga@example.com"))
    assert why(TOCSIN_SMTP_URL="smtp://localhost") == ""
    world.close()
