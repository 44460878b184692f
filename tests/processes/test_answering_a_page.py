"""A real server pages fake phones; people answer by text and by key, also while the engine is down."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tocsin.connectors.sms_voice.voice import text_reply
from tocsin.directory.model import Channel, Integration, User
from tocsin.incidents.model import Incident, Status
from tocsin.runtime.reads import IncidentFilter
from tocsin.testing.fake_phones_calls import CallbackClient, CallbackFailed
from tocsin.testing.running import RunningServer

ALICE, BOB, DAVE = "+12025550101", "+12025550102", "+12025550104"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with RunningServer(tmp_path_factory.mktemp("answering") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def people(server: RunningServer) -> tuple[User, User]:
    alice = server.person("alice", ALICE.removeprefix("+1"))
    bob = server.person("bob", BOB.removeprefix("+1"), Channel.VOICE)
    return alice, bob


@pytest.fixture(scope="module")
def texted(server: RunningServer, people: tuple[User, User]) -> Integration:
    integration = server.service("Texted", people[0])
    server.wait_for_key(integration)
    return integration


@pytest.fixture(scope="module")
def called(server: RunningServer, people: tuple[User, User]) -> Integration:
    integration = server.service("Called", people[1])
    server.wait_for_key(integration)
    return integration


def newest(server: RunningServer, integration: Integration) -> Incident:
    return newest_of(server, integration)[0]


def newest_of(server: RunningServer, integration: Integration) -> Sequence[Incident]:
    return server.reads.incidents(IncidentFilter(service_ids=(integration.service_id,)), limit=1).items


def test_a_text_is_answered_with_its_code(server: RunningServer, texted: Integration) -> None:
    server.event(texted, "disk", "Disk full")
    # Another test may have had her paged a moment ago: then this one comes with the bundle, a minute later.
    text = server.phones.wait_for_text(ALICE, lambda one: "Disk full" in one.body, timeout=75)
    code = text.body.split("Reply ")[1].split(" ")[0]
    assert "You have it" in server.phones.reply(ALICE, code)
    assert newest(server, texted).status is Status.ACKNOWLEDGED
    assert "Resolved" in server.phones.reply(ALICE, f"{code}r")
    assert newest(server, texted).status is Status.RESOLVED
    assert "resolved already" in server.phones.reply(ALICE, code)


def test_a_code_that_nobody_got_changes_nothing(server: RunningServer, texted: Integration) -> None:
    server.event(texted, "cpu", "CPU hot")
    server.wait_until(
        lambda: [one.title for one in newest_of(server, texted)] == ["CPU hot"],
        "the incident exists, perhaps as the first",
    )
    assert "No page" in server.phones.reply(ALICE, "98")
    assert newest(server, texted).status is Status.TRIGGERED
    server.event(texted, "cpu", action="resolve")


@pytest.mark.parametrize("word", ["HELP", "Start", "info!"])
def test_the_carrier_s_words_are_left_to_the_carrier(server: RunningServer, texted: Integration, word: str) -> None:
    assert "Not understood" in server.phones.reply(ALICE, "what is this")
    assert server.phones.reply(ALICE, word) == text_reply()


def test_a_key_press_acknowledges_and_says_so(server: RunningServer, called: Integration) -> None:
    server.event(called, "disk", "Disk full")
    server.phones.wait_for_call(BOB)
    heard = server.phones.answer(BOB)
    assert any("Disk full" in words for words in heard)
    said = server.phones.press(BOB, "1")
    assert any("You have it" in words for words in said)
    assert newest(server, called).status is Status.ACKNOWLEDGED


def test_forged_callbacks_are_refused(server: RunningServer, texted: Integration) -> None:
    forger = CallbackClient(server.phones.account_sid, "not the token")
    with pytest.raises(CallbackFailed, match="403"):
        forger.post(f"{server.url}/twilio/sms", {"MessageSid": "SM1", "From": ALICE, "To": "+1", "Body": "ack"})


def test_an_answer_while_the_engine_is_down_is_kept(server: RunningServer) -> None:
    queued = server.service("Queued", server.person("dave", DAVE.removeprefix("+1")))
    server.wait_for_key(queued)
    server.event(queued, "queue", "Queue stuck")
    text = server.phones.wait_for_text(DAVE)
    code = text.body.split("Reply ")[1].split(" ")[0]
    server.pause("engine")
    try:
        assert "in a moment" in server.phones.reply(DAVE, code)
    finally:
        server.kill("engine")
    server.wait_until(lambda: newest(server, queued).status is Status.ACKNOWLEDGED, "the kept answer acts")


def test_a_well_server_says_so(server: RunningServer) -> None:
    server.wait_until(lambda: server.get("/healthz")[0] == 200, "the server is well")
    status, body = server.get("/metrics")
    assert status == 200
    assert b"tocsin_healthy 1.0" in body


def test_the_data_folder_is_private(server: RunningServer) -> None:
    folder = Path(server.folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert (folder / "control.sock").stat().st_mode & 0o077 == 0
