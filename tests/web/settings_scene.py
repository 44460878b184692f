"""A scene of the settings: people who can and can't be reached, one who left, teams that own things, keys, a backup."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.web.place import Place
from tocsin.app.machine import NEEDED
from tocsin.app.settings import NAMES
from tocsin.directory.model import ApiKey, Channel, Membership, Role, Team, TeamRole, User
from tocsin.directory.sending import MailServer
from tocsin.kernel.actor import SYSTEM
from tocsin.kernel.time import DAY, HOUR, MINUTE, Moment
from tocsin.kernel.values import replace
from tocsin.paging.messages import RecordAttempt, SendTestPage
from tocsin.paging.model import Result
from tocsin.web.machine import BackupSeen, BeatSeen, Machine, RoleSeen, SettingSeen, Source, WaySeen, WaySource

LONG = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Junior"
ARABIC = "محمد عبد الرحمن بن يوسف القحطاني"

PAGES = {
    "people": "/people",
    "people-all": "/people?show=all&q=e",
    "people-none": "/people?q=nobody+is+called+so",
    "person": "/people/{alice}",
    "person-long": "/people/{long}",
    "person-left": "/people/{left}",
    "leave": "/people/{bob}/leave",
    "leave-nobody": "/people/{left}/leave",
    "teams": "/teams",
    "team-page": "/teams/{team}",
    "keys": "/keys",
    "connections": "/connections",
    "way-mail": "/connections/mail",
    "way-test": "/connections/mail?test={mail_test}",
    "way-phone": "/connections/phone",
    "system": "/system",
    "find-things": "/find?q=pay",
    "find-none": "/find?q=zzz",
}
"""What there is to see."""


def settle(place: Place) -> None:
    """Add all of it."""
    place.desk.save(User(id="", name=LONG, email=f"{'w' * 40}@a-very-long-name-of-a-company.example.com",
                         job_title="Principal engineer of settlement, reconciliation and chargeback"))  # fmt: skip
    place.desk.save(User(id="", name=ARABIC, email="mohammed@example.com", invited=True))
    platform: Team = place.desk.save(Team(id="", name="Platform", parent_id=place.team.id, chat_group="@platform"))
    left = place.person("lea", shown="Lea")
    for user in (left, place.people["bob"]):
        place.desk.save(Membership(team_id=platform.id, user_id=user.id, role=TeamRole.MANAGER))
    place.desk.save(replace(platform, lead_id=left.id), "lead_id")
    place.desk.save(replace(place.desk.config().users[left.id], active=False), "active")
    _keys(place)
    place.site = replace(place.site, machine=lambda: machine(place.desk.clock.now()), backups=Shelf(place),
                         mail_invitation=lambda _user, _url: None, ways_seen=lambda: WAYS)  # fmt: skip
    place.desk.save(MailServer(host="smtp.a-very-long-name-of-a-company.example.com", user="tocsin@example.com",
                               secret="s1.key.sealed", mail_from="Tocsin of Payments <alarm@example.com>"))  # fmt: skip
    place.messages["way-test"] = _tried(place)


WAYS = {
    "mail": WaySeen(WaySource.PAGE, ("TOCSIN_SMTP_URL", "TOCSIN_MAIL_FROM")),
    "phone": WaySeen(
        WaySource.ENVIRONMENT,
        ("TOCSIN_TWILIO_AUTH_TOKEN", "TOCSIN_TWILIO_FROM"),
        "",
        "https://tocsin.example/twilio/sms",
    ),
}


def _tried(place: Place) -> str:
    """A test by mail that the server refused."""
    erin = place.people["erin"]
    mail = next(one for one in place.desk.config().contacts_of[erin.id] if one.channel is Channel.EMAIL)
    before = list(place.desk.sent)
    message_id: str = place.desk.run(place.as_("erin"), SendTestPage(contact_id=mail.id))
    place.desk.sent = before
    said = "the mail server answered login with 535: 5.7.8 Username and password not accepted. Learn more at our site"
    place.desk.run(SYSTEM, RecordAttempt(message_id=message_id, attempt=1, result=Result.REFUSED, detail=said))
    return message_id


def _keys(place: Place) -> None:
    keys = (
        ApiKey(id="", name="Terraform", digest="1", role=Role.ADMIN, hint="tcs_AbCd...wXyZ"),
        ApiKey(id="", name="Dashboard of the warehouse robots in Rotterdam and Antwerp", digest="2", role=Role.OBSERVER,
               hint="tcs_EfGh...4711", team_ids=(place.team.id,)),
        ApiKey(id="", name="Alice’s laptop", digest="3", role=Role.RESPONDER, hint="tcs_IjKl...0815",
               user_id=place.people["alice"].id),
        ApiKey(id="", name="Old", digest="4", role=Role.ADMIN, hint="tcs_MnOp...0000", revoked_at=1),
    )  # fmt: skip
    made = [place.desk.save(key, actor=place.as_("erin")) for key in keys]
    now = place.desk.clock.now()
    place.store.note_uses({f"key:{made[0].id}": now - 3 * MINUTE, f"key:{made[2].id}": now - 40 * DAY})
    place.site = replace(place.site, keys_used=lambda: place.store.uses("key"))


def machine(now: Moment) -> Machine:
    """A machine that has run for some days."""
    return Machine(
        tocsin="1.4.0", python="3.13.1", database="SQLite 3.51.1", revision="0012", folder="/var/lib/tocsin",
        database_bytes=734_003_200, log_bytes=1_288_490_188, disk_free=41_000_000_000, disk_total=107_000_000_000,
        roles=(RoleSeen("edge", 4711, now - 9 * DAY), RoleSeen("engine", 4712, now - 9 * DAY)),
        beat=BeatSeen(is_set_up=True, at=now - 12_000_000, result="sent"), timers=38, outbox=1, events=1_204_331,
        events_kept_days=90, needed=NEEDED,
        settings=(
            SettingSeen("TOCSIN_DATA_DIR", NAMES["TOCSIN_DATA_DIR"], "/var/lib/tocsin", Source.ENVIRONMENT),
            SettingSeen("TOCSIN_PORT", NAMES["TOCSIN_PORT"], "", Source.DEFAULT),
            SettingSeen("TOCSIN_SMTP_URL", NAMES["TOCSIN_SMTP_URL"], "mail.example.com", Source.ENVIRONMENT,
                        is_hidden=True),
            SettingSeen("TOCSIN_TWILIO_AUTH_TOKEN", NAMES["TOCSIN_TWILIO_AUTH_TOKEN"], "", Source.ENVIRONMENT,
                        is_hidden=True),
            SettingSeen("TOCSIN_PUBLIC_URL", NAMES["TOCSIN_PUBLIC_URL"],
                        "https://tocsin.internal.a-very-long-name-of-a-department.example.com", Source.ENVIRONMENT),
        ),
    )  # fmt: skip


class Shelf:
    """Two backups, and what is asked of it."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.begun = 0

    def last(self) -> BackupSeen | None:
        """The newest."""
        return self.here()[0]

    def here(self) -> Sequence[BackupSeen]:
        """Both."""
        now = self._place.desk.clock.now()
        return (
            BackupSeen("tocsin-20260105-021407.backup", now - 26 * HOUR, 88_080_384),
            BackupSeen("tocsin-20251230-021407.backup", now - 7 * DAY, 80_740_352),
        )

    def running_since(self) -> Moment | None:
        """When one was begun."""
        return self._place.desk.clock.now() - MINUTE if self.begun else None

    def problem(self) -> str:
        """None."""
        return ""

    def begin(self) -> None:
        """Counts."""
        self.begun += 1

    def file(self, name: str) -> Path | None:
        """A file of the installation stands for it."""
        return next(iter(self._place.folder.iterdir())) if name in {one.name for one in self.here()} else None


def places(place: Place) -> dict[str, Any]:
    """Ids for the addresses."""
    users = place.desk.config().users.values()
    by_name = {user.name: user.id for user in users}
    return {
        "alice": by_name.get("Alice", ""),
        "mail_test": place.messages.get("way-test", ""),
        "bob": by_name.get("Bob", ""),
        "long": next((user.id for user in users if user.name == LONG and user.active), ""),
        "left": by_name.get("Lea", ""),
        "key": next((key.id for key in place.desk.config().api_keys.values() if key.name == "Terraform"), ""),
    }
