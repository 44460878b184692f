"""`tocsin watch`: never for one blip, once when the pager fails, again every half an hour, and once when it is back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tocsin.app.watch import AGAIN_SECONDS, EVERY_SECONDS, Recipient, Vigil, Watch, look_at
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, SendResult
from tocsin.directory.model import Channel
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import Moment
from tocsin.runtime.clock import SystemClock
from tocsin.testing.fake_http import FakeAnswer, FakeHttpServer, json_answer
from tocsin.testing.fake_mail import FakeMailServer
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_server import FakePhonesServer
from tocsin.testing.running import RunningServer, free_port
from tocsin.testing.world import ManualClock

BOB, OPS = "+12025550102", "ops@example.org"


def told(*looks: str) -> list[str]:
    """What a vigil says after each of these looks, a quarter of a minute apart."""
    vigil = Vigil("The pager")
    return [vigil.look(problem, number * EVERY_SECONDS) for number, problem in enumerate(looks)]


def test_one_blip_is_nothing() -> None:
    assert told("", "no", "", "no", "", "") == [""] * 6


def test_two_failures_in_a_row_are_told_once() -> None:
    said = told("", "no", "it is down", "it is down", "it is down")
    assert said[:2] + said[3:] == [""] * 4
    assert said[2] == "The pager has failed: it is down. While it fails, alarms may not reach anybody."


def test_it_is_told_when_it_is_back_and_then_begins_anew() -> None:
    said = told("no", "no", "no", "", "", "no", "no")
    assert said[3] == "The pager is well again after a minute."
    assert said[4:6] == ["", ""]
    assert said[6].startswith("The pager has failed")


def test_it_is_told_again_every_half_an_hour() -> None:
    looks = round(2 * AGAIN_SECONDS / EVERY_SECONDS) + 2
    said = [(number, text) for number, text in enumerate(told(*["no"] * looks)) if text]
    assert [number * EVERY_SECONDS for number, _ in said] == [
        EVERY_SECONDS,
        EVERY_SECONDS + AGAIN_SECONDS,
        EVERY_SECONDS + 2 * AGAIN_SECONDS,
    ]
    assert "for 30 minutes" in said[1][1]
    assert "for 60 minutes" in said[2][1]


class Way:
    """A provider that takes messages, or for some time does not."""

    channels = frozenset({Channel.SMS})

    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []
        self.taken: list[str] = []
        self.subjects: list[str] = []

    def send(self, message: OutboundMessage, _now: Moment) -> SendResult:
        outcome = self.outcomes.pop(0) if self.outcomes else Outcome.SENT
        if outcome is Outcome.SENT:
            self.taken.append(message.text)
            self.subjects.append(message.subject)
        return SendResult(outcome)

    def close(self) -> None:
        """Nothing to close."""


def test_what_a_provider_does_not_take_is_tried_at_the_next_look() -> None:
    looks = ["no", "no", "no", "no", ""]
    way, clock = Way(), ManualClock()
    way.outcomes = [Outcome.RETRY, Outcome.RETRY]
    watch = Watch(
        "https://x",
        [Recipient(Channel.SMS, BOB)],
        {Channel.SMS: way},
        clock=clock,
        ids=IdSource(random.Random(1)),
        look=lambda _: looks.pop(0),
    )
    taken = []
    while looks:
        watch.turn()
        clock.moment += round(EVERY_SECONDS * 1e6)
        taken.append(len(way.taken))
    assert taken == [0, 0, 0, 1, 2]
    assert "well again" in way.taken[1]


def test_mail_tells_failure_and_return_apart_and_nobody_is_rung_up_for_good_news() -> None:
    looks = ["no", "no", ""]
    mail, phone = Way(), Way()
    watch = Watch(
        "https://x",
        [Recipient(Channel.EMAIL, OPS), Recipient(Channel.VOICE, BOB)],
        {Channel.EMAIL: mail, Channel.VOICE: phone},
        clock=ManualClock(),
        ids=IdSource(random.Random(1)),
        look=lambda _: looks.pop(0),
    )
    while looks:
        watch.turn()
    assert mail.subjects == ["Failing: the pager at https://x", "Well again: the pager at https://x"]
    assert ["has failed" in text for text in phone.taken] == [True]


# -- looking


def health(answer: FakeAnswer) -> Iterator[str]:
    server = FakeHttpServer(lambda _: answer, SystemClock().now)
    server.start()
    yield server.url
    server.stop()


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (json_answer({"status": "ok", "problems": []}), ""),
        (json_answer({"status": "unwell", "problems": ["a timer is 20 s overdue"]}, 503), "a timer is 20 s overdue"),
        (json_answer({"status": "unwell"}, 503), "it says that it is unwell"),
        (json_answer({"status": "ok"}, 500), "it says that it is unwell"),
        (
            FakeAnswer(200, b"<html>Sign in to the hotel's network"),
            "something else answers at its address (status 200)",
        ),
        (FakeAnswer(302, b"", headers={"location": "/"}), "something else answers at its address (status 302)"),
        (FakeAnswer(cut=True), "it does not answer (RemoteProtocolError)"),
    ],
    ids=["well", "unwell", "unwell without a reason", "500", "hotel", "moved", "cut"],
)
def test_looking(answer: FakeAnswer, says: str) -> None:
    for url in health(answer):
        assert look_at(url) == says


def test_nobody_is_there() -> None:
    assert look_at(f"http://127.0.0.1:{free_port()}").startswith("it does not answer")


# -- the process


@pytest.fixture
def provider() -> Iterator[FakePhonesServer]:
    """The watcher's own provider."""
    clock = SystemClock().now
    server = FakePhonesServer(FakePhones(clock), clock)
    server.start()
    yield server
    server.stop()


def start_watch(provider: FakePhonesServer, url: str, *words: str, **settings: str) -> subprocess.Popen[bytes]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    environment = {
        **inherited,
        "TOCSIN_TWILIO_BASE_URL": provider.base_url,
        "TOCSIN_TWILIO_ACCOUNT_SID": provider.phones.account_sid,
        "TOCSIN_TWILIO_AUTH_TOKEN": provider.phones.auth_token,
        "TOCSIN_TWILIO_FROM": "+12025550199",
        **settings,
    }
    command = [sys.executable, "-m", "tocsin.cli.main", "watch", url, "--every", "0.3", *words]
    return subprocess.Popen(command, env=environment)


@pytest.mark.slow
def test_a_pager_that_dies_is_told_and_so_is_its_return(tmp_path: Path, provider: FakePhonesServer) -> None:
    phones = provider.phones
    phones.add_phone(BOB, "Bob")
    mail = FakeMailServer(SystemClock().now)
    mail.start()
    with RunningServer(tmp_path / "data") as server:
        words = ("--page", BOB, "--page", OPS)
        settings = {"TOCSIN_SMTP_URL": mail.url, "TOCSIN_MAIL_FROM": "watch@example.org"}
        watch = start_watch(provider, server.url, *words, **settings)
        try:
            threading.Event().wait(2)
            assert phones.texts(BOB) == []
            server.kill("all")
            server.wait_until(lambda: len(phones.texts(BOB)) == 1, "bob is told")
            assert "has failed" in phones.texts(BOB)[0].body
            server.start()
            server.wait_until(lambda: len(phones.texts(BOB)) == 2, "bob is told that it is back")
            assert "well again" in phones.texts(BOB)[1].body
            server.wait_until(lambda: len(mail.mails) == 2, "ops got mail about both")
            assert {one.recipients for one in mail.mails} == {(OPS,)}
        finally:
            watch.send_signal(signal.SIGTERM)
            assert watch.wait(10) == 0
            mail.stop()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["https://tocsin.example.org"], "Name somebody"),
        (["tocsin.example.org", "--page", BOB], "URL is the pager's address"),
        (["https://tocsin.example.org", "--page", "bob"], "neither a number"),
        (["https://tocsin.example.org", "--call", OPS], "not a number"),
        (["https://tocsin.example.org", "--page", OPS], "email is not set up"),
    ],
    ids=["nobody", "no url", "no address", "call a mail", "no mail server"],
)
def test_what_can_not_work_is_said_at_the_start(words: list[str], says: str) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    command = [sys.executable, "-m", "tocsin.cli.main", "watch", *words]
    ran = subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=30)
    assert ran.returncode in (1, 2)
    assert says in ran.stderr
