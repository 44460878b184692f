"""Both directions at once: the fake provider's phones against routes built from `inbound` and `voice`, all signed."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.contract import OutboundMessage, Outcome
from tocsin.connectors.sms_voice import inbound, voice
from tocsin.connectors.sms_voice.replies import Reply, parse_reply
from tocsin.connectors.sms_voice.sender import PhoneSender
from tocsin.connectors.sms_voice.settings import PhoneSettings, phone_settings
from tocsin.directory.model import Channel
from tocsin.kernel.errors import NotAllowed
from tocsin.kernel.time import Moment
from tocsin.paging.model import Answer
from tocsin.testing.fake_http import FakeAnswer, FakeHttpServer, FakeRequest, acts_then_closes
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_calls import CallbackFailed, CallState
from tocsin.testing.fake_phones_server import FakePhonesServer

ALICE, BOB = "+12025550101", "+12025550102"
SPOKEN = "Incident 42 on Payments. Disk full."
TEXT = OutboundMessage(
    id="Q1", channel=Channel.SMS, address=ALICE, text="#42 Disk full", reply_code="47", callback_token="tok-text"
)
CALL = OutboundMessage(
    id="Q2", channel=Channel.VOICE, address=BOB, text="#42 Disk full", spoken=SPOKEN, callback_token="tok-call"
)


class Installation:
    """The routes as the application has them, without what is behind."""

    def __init__(self) -> None:
        self.http = FakeHttpServer(self.route, wall_clock)
        self.settings: PhoneSettings
        self.answers: list[tuple[str, Answer]] = []
        self.replies: list[tuple[str, Reply]] = []
        self.receipts: list[tuple[str, inbound.StatusUpdate]] = []
        self.refused = 0
        self.changed = threading.Condition()

    def route(self, request: FakeRequest) -> FakeAnswer:
        path = request.path + (f"?{request.query}" if request.query else "")
        try:
            form = inbound.read_form(self.settings, path, request.body, request.headers.get("x-twilio-signature", ""))
        except NotAllowed:
            self.refused += 1
            return FakeAnswer(403)
        with self.changed:
            self.changed.notify_all()
            return FakeAnswer(200, self.twiml(request, dict(form)).encode(), content_type="text/xml")

    def twiml(self, request: FakeRequest, form: dict[str, str]) -> str:
        _, _, kind, *rest = request.path.split("/")
        turn = voice.read_turn(request.query.removeprefix("n="))
        if kind == "sms":
            text = inbound.read_text(form)
            reply = parse_reply(text.body)
            self.replies.append((text.sender, reply))
            return voice.text_reply("You have it." if reply.answer else "")
        if kind == "status":
            self.receipts.append((rest[0], inbound.read_status(form)))
            return voice.text_reply()
        if rest[1:] == ["digits"]:
            answer = voice.read_digits(form["Digits"])
            if answer is None:
                return voice.after_key(self.settings, rest[0], SPOKEN, turn, form["Digits"])
            self.answers.append((rest[0], answer))
            return voice.goodbye(self.settings, "You have it. Nobody else will be called.")
        return voice.call_turn(self.settings, rest[0], SPOKEN, turn)

    def wait_for_receipts(self, count: int) -> list[tuple[str, str]]:
        with self.changed:
            self.changed.wait_for(lambda: len(self.receipts) >= count, 5)
        return [(token, update.status) for token, update in self.receipts]


@pytest.fixture
def installation(provider: FakePhonesServer) -> Iterator[Installation]:
    one = Installation()
    with one.http:
        one.settings = phone_settings(
            "ACfake", "fake-token", "+15005550006", base_url=provider.base_url, public_url=one.http.url
        )
        provider.phones.inbound_url = one.http.url + "/twilio/sms"
        yield one


@pytest.fixture
def phones(provider: FakePhonesServer) -> FakePhones:
    return provider.phones


@pytest.fixture
def sender(installation: Installation) -> Iterator[PhoneSender]:
    one = PhoneSender(installation.settings, time.monotonic)
    yield one
    one.close()


def test_alice_replies_with_the_code(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    assert sender.send(TEXT, now).outcome is Outcome.SENT
    body = phones.wait_for_text(ALICE).body
    code = body.partition("Reply ")[2].partition(" ")[0]
    assert phones.reply(ALICE, code).endswith("<Response><Message>You have it.</Message></Response>")
    assert installation.replies == [(ALICE, Reply(Answer.ACKNOWLEDGE, "47"))]


def test_a_text_reports_how_far_it_has_come(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(TEXT, now)
    assert installation.wait_for_receipts(2) == [("tok-text", "sent"), ("tok-text", "delivered")]
    assert installation.receipts[1][1].delivery is inbound.Delivery.DELIVERED
    phones.set_receipts(ALICE, "sent", "undelivered", error_code=30003)
    sender.send(TEXT, now)
    installation.wait_for_receipts(4)
    assert installation.receipts[3][1].retryable


def test_bob_hears_the_alarm_and_presses_4(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(CALL, now)
    phones.wait_for_call(BOB)
    heard = phones.answer(BOB)
    assert heard == [
        "Tocsin alert. Incident 4 2 on Payments. Disk full. Press 1 to acknowledge, 6 to resolve, star to repeat."
    ]
    assert phones.press(BOB, "1") == ["You have it. Nobody else will be called."]
    assert installation.answers == [("tok-call", Answer.ACKNOWLEDGE)]
    assert phones.calls(BOB)[0].state is CallState.ENDED
    statuses = [status for _, status in installation.wait_for_receipts(4)]
    assert statuses == ["initiated", "ringing", "in-progress", "completed"]


def test_star_repeats_and_a_wrong_key_is_told(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(CALL, now)
    first = phones.answer(BOB)
    assert phones.press(BOB, "*") == first
    assert phones.press(BOB, "9")[0].startswith("This key means nothing. Again.")
    assert installation.answers == []
    phones.press(BOB, "6")
    assert installation.answers == [("tok-call", Answer.RESOLVE)]


def test_a_call_that_nobody_answers_by_key_ends_after_three_rounds(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(CALL, now)
    heard = [*phones.answer(BOB), *phones.listen(BOB), *phones.listen(BOB), *phones.listen(BOB)]
    assert sum("Disk full." in words for words in heard) == 3
    assert heard[-1] == "No key was pressed. Goodbye."
    assert phones.calls(BOB)[0].state is CallState.ENDED
    assert installation.answers == []


def test_a_call_that_is_missed_or_declined(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(CALL, now)
    phones.miss(BOB)
    sender.send(CALL, now)
    phones.hang_up(BOB)
    statuses = [status for _, status in installation.wait_for_receipts(6)]
    assert statuses == ["initiated", "ringing", "no-answer", "initiated", "ringing", "busy"]


def test_an_answer_that_was_lost_shows_up_as_a_receipt(
    phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender = PhoneSender(installation.settings, time.monotonic)
    phones.faults.next(acts_then_closes())
    assert sender.send(TEXT, now).outcome is Outcome.UNKNOWN
    assert installation.wait_for_receipts(2)[-1] == ("tok-text", "delivered")
    sender.close()


def test_a_person_who_texts_stop_gets_no_more_until_they_text_start(
    sender: PhoneSender, phones: FakePhones, installation: Installation, now: Moment
) -> None:
    sender.send(TEXT, now)
    phones.reply(ALICE, "STOP")
    result = sender.send(TEXT, now)
    assert (result.outcome, "START" in result.detail) == (Outcome.REFUSED, True)
    phones.reply(ALICE, "start")
    assert sender.send(TEXT, now).outcome is Outcome.SENT
    assert [reply.answer for _, reply in installation.replies] == [None, None]


def test_a_forged_callback_does_nothing(phones: FakePhones, installation: Installation) -> None:
    url = installation.http.url + "/twilio/voice/tok-call/digits"
    fields = {"CallSid": "CA1", "CallStatus": "in-progress", "Digits": "4", "From": "x", "To": BOB}
    for signature in ("", "AAAA", phones.client.sign(url + "?n=2", fields)):
        with pytest.raises(CallbackFailed, match="403"):
            phones.client.post(url, fields, signature=signature)
    assert (installation.answers, installation.refused) == ([], 3)


def test_a_callback_cannot_be_moved_to_another_page(phones: FakePhones, installation: Installation) -> None:
    theirs = installation.http.url + "/twilio/voice/tok-other/digits"
    fields = {"AccountSid": "ACfake", "ApiVersion": "2010-04-01", "CallSid": "CA1", "Digits": "4"}
    with pytest.raises(CallbackFailed, match="403"):
        phones.client.post(
            installation.http.url + "/twilio/voice/tok-call/digits",
            fields,
            signature=phones.client.sign(theirs, fields),
        )
    assert installation.answers == []
