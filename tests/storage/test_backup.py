"""A backup holds everything as of one moment and restores on either database; damage is noticed beforehand."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.databases import fresh
from tests.storage.conftest import DATABASES
from tocsin.directory.feeds import CalendarFeed, FeedSubject
from tocsin.engine.people import on_call
from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import HOUR
from tocsin.oncall import CoverRequest
from tocsin.oncall.messages import AnswerCover
from tocsin.storage import backup, backup_write, tables
from tocsin.storage.backup import BackupDamaged, Manifest, verify
from tocsin.storage.backup_load import BESIDES, begin_log, load_log, load_main, require_empty
from tocsin.storage.backup_write import LEFT_OUT, write_backup
from tocsin.storage.database import Database, open_database
from tocsin.storage.log import LogReader, NewEntry
from tocsin.storage.log.postgres import PostgresLogReader, PostgresLogWriter
from tocsin.storage.log.sqlite import SqliteLogReader, SqliteLogWriter
from tocsin.storage.schema import (
    INSTALLATION_SECRET,
    create_schema,
    installation_secret,
    read_installation_secret,
)
from tocsin.testing.world import World, as_user

WHO = Actor(ActorKind.SYSTEM, "", Via.CLI)
NOW = 1_770_000_000_000_000


@pytest.fixture
def world(url: str | None, tmp_path: Path) -> Iterator[World]:
    """A pager in the middle of its work: alerts, incidents, pages held by their provider, timers."""
    made = World(tmp_path, database_url=url)
    alice, bob = made.person("alice"), made.person("bob")
    _, integration = made.service("payments", made.policy("payments", (5, alice), (5, bob)))
    for key in ("disk", "queue", "certificate", "ключ"):
        made.event(integration, key)
    made.advance(minutes=6)
    made.carrier.hold = True
    made.event(integration, "held")
    installation_secret(made.database, made.ids)
    yield made
    made.close()


def save(world: World, path: Path) -> Manifest:
    return write_backup(
        world.database, lambda: SqliteLogReader(world.folder / "log"), path, created_at=NOW, tocsin="0.1.0"
    )


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    kept = [table for table in tables.metadata.sorted_tables if table.name not in LEFT_OUT]
    with database.engine.connect() as connection:
        return {table.name: sorted(map(tuple, connection.execute(table.select())), key=repr) for table in kept}


def load(path: Path, database: Database, log: Path | str, epoch: str = "new") -> None:
    manifest = verify(path)
    require_empty(database)
    load_main(path, manifest, database, epoch=epoch, actor=WHO, now=NOW)
    with closing(begin_log(log, database, epoch=epoch, first=manifest.log.first)) as writer:
        load_log(path, manifest, writer)


@pytest.fixture(params=DATABASES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """Where to restore: the address of an empty database; None = the folder `restored`."""
    if request.param == "sqlite":
        yield None
        return
    with fresh(request.getfixturevalue("postgres_server")) as url:
        yield url


def test_everything_comes_back_on_either_database(world: World, target: str | None, tmp_path: Path) -> None:
    before = rows(world.database)
    save(world, tmp_path / "b")
    (tmp_path / "restored").mkdir()
    with closing(open_database(tmp_path / "restored", target)) as database:
        load(tmp_path / "b", database, tmp_path / "restored" / "log")
        after = rows(database)
    same = before.keys() - {"meta", "things", "audit"}
    assert {name: after[name] for name in same} == {name: before[name] for name in same}
    assert all(after[name] for name in ("alerts", "incidents", "pages", "messages", "timeline", "timers", "outbox"))
    changed = {"cursor", "config_version", "incident_number", INSTALLATION_SECRET}
    assert {row for row in after["meta"] if row[0] not in changed} == {
        row for row in before["meta"] if row[0] not in changed
    }
    assert set(before["audit"]) < set(after["audit"])
    assert set(before["things"]) - set(after["things"]) <= {row for row in before["things"] if row[0] == "settings"}


def test_a_restored_pager_pages_nobody_until_it_is_told_to(world: World, target: str | None, tmp_path: Path) -> None:
    save(world, tmp_path / "b")
    restored = tmp_path / "restored"
    restored.mkdir()
    with closing(open_database(restored, target)) as database:
        load(tmp_path / "b", database, restored / "log")
    copy = World(restored, seed=2, database_url=target, now=world.clock.now())
    try:
        integration = next(iter(copy.config.integrations.values()))
        copy.event(integration, "during the test")
        copy.advance(minutes=60)
        assert copy.carrier.received == []
        assert copy.config.settings.sending_fenced
        held = next(one for one in copy.incidents() if one.title == "held")
        copy.run(WHO, Acknowledge(incident_id=held.id))
        copy.save(replace(copy.config.settings, sending_fenced=False), "sending_fenced")
        copy.settle()
        said = [one.message.text for one in copy.carrier.received]
        assert any("during the test" in text for text in said)
        assert not any("held" in text for text in said), "answered meanwhile"
    finally:
        copy.close()


@pytest.mark.parametrize("holds_it", [False, True], ids=["new", "of before"])
def test_a_backup_signs_nobody_in(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, holds_it: bool
) -> None:
    """The secret that signs links stays where it is; one that an old file holds is not taken over."""
    secret = installation_secret(world.database, world.ids)
    if holds_it:
        monkeypatch.setattr(backup_write, "KEPT_BACK", frozenset({""}))
    save(world, tmp_path / "b")
    assert (secret.encode() in gzip.decompress((tmp_path / "b").read_bytes())) is holds_it
    restored = tmp_path / "restored"
    restored.mkdir()
    with closing(open_database(restored, None)) as database:
        load(tmp_path / "b", database, restored / "log")
        assert read_installation_secret(database) is None
        assert installation_secret(database, world.ids) != secret


def test_numbers_that_people_have_seen_are_not_given_again(world: World, target: str | None, tmp_path: Path) -> None:
    """Between the backup and the disaster the old pager went on."""
    save(world, tmp_path / "b")
    last = max(one.number for one in world.incidents())
    restored = tmp_path / "restored"
    restored.mkdir()
    with closing(open_database(restored, target)) as database:
        load(tmp_path / "b", database, restored / "log")
        facts = max(row[0] for row in rows(database)["timeline"])
    copy = World(restored, seed=2, database_url=target, now=world.clock.now())
    try:
        copy.event(next(iter(copy.config.integrations.values())), "new")
        newest = max(copy.incidents(), key=lambda one: one.number)
        assert newest.number > last + BESIDES
        assert newest.number % 1000 == 1
        with copy.database.engine.connect() as connection:
            given = [
                seq for (seq,) in connection.execute(tables.timeline.select().with_only_columns(tables.timeline.c.seq))
            ]
        assert [seq for seq in given if seq > facts]
        assert all(seq > facts + BESIDES - 1 for seq in given if seq > facts)
        assert copy.store.cursor().epoch == "new"
    finally:
        copy.close()


@pytest.mark.parametrize("dropped", [0, 12])
def test_the_log_keeps_its_numbers(
    dropped: int, target: str | None, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Also when its first segments are gone already, and from one kind to the other."""
    entries = [NewEntry(number, "s", "I", f"k{number}", bytes([number % 256, 0, 255])) for number in range(30)]
    with closing(SqliteLogWriter(tmp_path / "log", lambda: "old", segment_rows=5)) as writer:
        for start in range(0, 30, 5):
            writer.append(entries[start : start + 5])
        writer.drop_before(dropped)
    with closing(open_database(tmp_path, None)) as database:
        create_schema(database)
        write_backup(database, lambda: SqliteLogReader(tmp_path / "log"), tmp_path / "b", created_at=1, tocsin="x")
    restored = tmp_path / "restored"
    restored.mkdir()
    with closing(open_database(restored, target)) as database:
        load(tmp_path / "b", database, target or restored / "log")
    reader: LogReader = PostgresLogReader(target) if target else SqliteLogReader(restored / "log")
    first = 11 if dropped else 1
    with closing(reader):
        assert (reader.first(), reader.head(), reader.epoch) == (first, 30, "new")
        assert [entry[1:] for entry in reader.read(first - 1, 100)] == [tuple(entry) for entry in entries[first - 1 :]]
        assert reader.get(30) is not None
    again = PostgresLogWriter(target, str) if target else SqliteLogWriter(restored / "log", str)
    with closing(again):
        assert again.append(entries[:1]) == 31


def test_a_backup_is_of_one_moment_though_everything_goes_on(world: World, tmp_path: Path) -> None:
    """What is decided while the backup is written is in the log of the backup, but not in its main database."""
    integration = next(iter(world.config.integrations.values()))
    cursor = world.store.cursor().seq

    def open_log() -> LogReader:
        world.event(integration, "while it was written")
        return SqliteLogReader(world.folder / "log")

    manifest = write_backup(world.database, open_log, tmp_path / "b", created_at=NOW, tocsin="0.1.0")
    assert manifest.log.head == cursor + 1
    (tmp_path / "restored").mkdir()
    with closing(open_database(tmp_path / "restored", None)) as database:
        load(tmp_path / "b", database, tmp_path / "restored" / "log")
    copy = World(tmp_path / "restored", seed=2, now=world.clock.now())
    try:
        assert copy.store.cursor().seq == cursor
        copy.settle()
        assert "while it was written" in [one.title for one in copy.incidents()]
    finally:
        copy.close()


def test_only_a_whole_backup_takes_its_name(world: World, tmp_path: Path) -> None:
    def no_log() -> LogReader:
        raise OSError("the disk is full")

    path = tmp_path / "b"
    save(world, path)
    good = path.read_bytes()
    with pytest.raises(OSError, match="full"):
        write_backup(world.database, no_log, path, created_at=NOW, tocsin="0.1.0")
    assert path.read_bytes() == good
    assert sorted(one.name for one in tmp_path.glob("b*")) == ["b"]
    assert path.stat().st_mode & 0o777 == 0o600


def _cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def _flip(content: bytes) -> bytes:
    """One that matters: of two places where the same was said before, it does not matter which one is meant."""
    for at in range(len(content) // 2, len(content)):
        damaged = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        try:
            if gzip.decompress(damaged) == gzip.decompress(content):
                continue
        except (OSError, EOFError, zlib.error):
            pass
        return damaged
    raise AssertionError("nothing in it matters")


def _repacked(change: Callable[[list[tuple[str, bytes]]], list[tuple[str, bytes]]]) -> Callable[[bytes], bytes]:
    def run(content: bytes) -> bytes:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as tar:
            inside = [(info.name, tar.extractfile(info).read()) for info in tar]  # type: ignore[union-attr]
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for name, data in change(inside):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
        return out.getvalue()

    return run


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "cut off": _cut,
    "a bit flipped": _flip,
    "empty": lambda _: b"",
    "a text": lambda _: b"not a backup at all",
    "no tar": lambda _: gzip.compress(b"not a tar"),
    "no manifest": _repacked(lambda inside: inside[:-1]),
    "a table lost": _repacked(lambda inside: [one for one in inside if not one[0].startswith("main/timers")]),
    "a word changed": _repacked(lambda inside: [(n, d.replace(b"triggered", b"resolved!")) for n, d in inside]),
    "something added": _repacked(lambda inside: [*inside[:-1], ("main/extra/1.jsonl", b"[]"), inside[-1]]),
    "only a manifest": _repacked(lambda _: [(backup.MANIFEST, b"{}")]),
    "an empty manifest": _repacked(lambda inside: [*inside[:-1], (backup.MANIFEST, b"{}")]),
    "half a manifest": _repacked(lambda inside: [*inside[:-1], (backup.MANIFEST, b"{")]),
    "another order": _repacked(lambda inside: [inside[0], *inside[2:-1], inside[1], inside[-1]]),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("url", [None])
def test_damage_is_noticed(world: World, tmp_path: Path, damage: str) -> None:
    save(world, tmp_path / "b")
    (tmp_path / "b").write_bytes(DAMAGES[damage]((tmp_path / "b").read_bytes()))
    with pytest.raises(BackupDamaged):
        verify(tmp_path / "b")


def test_many_rows_are_read_and_written_in_pieces(tmp_path: Path, target: str | None) -> None:
    """More than one statement's and one member's worth, with a key of two columns too."""
    with closing(open_database(tmp_path, None)) as database:
        create_schema(database)
        with database.transaction() as connection:
            connection.execute(
                tables.timers.insert(),
                [{"key": f"k{number:06}", "due_at": number, "command": "x" * 2_000} for number in range(6_001)],
            )
            people = [{"incident_id": f"Q{one % 700}", "user_id": f"P{one}"} for one in range(4_500)]
            connection.execute(tables.incident_people.insert(), people)
        before = rows(database)
        manifest = write_backup(database, lambda: None, tmp_path / "b", created_at=1, tocsin="x")
    assert manifest.tables["timers"].rows == 6_001
    assert sum(member.name.startswith("main/timers") for member in manifest.members) > 1
    (tmp_path / "restored").mkdir()
    with closing(open_database(tmp_path / "restored", target)) as database:
        load(tmp_path / "b", database, target or tmp_path / "restored" / "log")
        after = rows(database)
    assert (after["timers"], after["incident_people"]) == (before["timers"], before["incident_people"])


def test_requests_and_calendars_go_on_where_they_were(world: World, target: str | None, tmp_path: Path) -> None:
    alice, bob = sorted(world.config.users.values(), key=lambda one: one.name)
    rota = world.rotation("Weeks", alice, bob)
    soon = world.clock.now() + HOUR
    wanted = CoverRequest(id="", schedule_id=rota.id, user_id=alice.id, start=soon, end=soon + HOUR, to_id=bob.id)
    request = world.save(wanted, actor=as_user(alice))
    feed = world.save(
        CalendarFeed(id="", user_id=bob.id, subject=FeedSubject.PERSON, subject_id=bob.id, digest="0a" * 32)
    )
    save(world, tmp_path / "b")
    restored = tmp_path / "restored"
    restored.mkdir()
    with closing(open_database(restored, target)) as database:
        load(tmp_path / "b", database, restored / "log")
    with closing(World(restored, database_url=target, now=world.clock.now())) as other:
        assert other.config.feed_by_digest == {feed.digest: feed}
        other.run(as_user(bob), AnswerCover(request_id=request.id, accept=True))
        assert on_call(other.config, rota.id, soon) == (bob.id,)
        assert other.records().timers[f"cover:{request.id}"] > soon
