"""Texts and calls over a real socket: what reaches the phone, and what each way of failing means."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Reason, SendResult
from tocsin.connectors.sms_voice.sender import PhoneSender, request, text_body
from tocsin.connectors.sms_voice.settings import PhoneSettings, phone_settings
from tocsin.directory.model import Channel
from tocsin.kernel.errors import Invalid
from tocsin.kernel.time import Moment
from tocsin.testing.fake_http import (
    Fault,
    acts_then_closes,
    acts_then_hangs,
    closes,
    drips,
    hangs,
    says,
)
from tocsin.testing.fake_phones import Bucket
from tocsin.testing.fake_phones_server import FakePhonesServer

ALICE = "+12025550101"
TOKEN = "fake-token"
TEXT = OutboundMessage(
    id="QMESSAGE1234567",
    channel=Channel.SMS,
    address=ALICE,
    text="#42 Payments: Disk full on db1",
    spoken="Incident 42 on Payments. Disk full on db1.",
    incident_ids=("QINCIDENT000001",),
    incident_number=42,
    reply_code="47",
    ack_url="https://tocsin.example/answer/link-token",
    callback_token="signed-callback-token",
)
CALL = replace(TEXT, channel=Channel.VOICE, reply_code="")


def settings_for(provider: FakePhonesServer, **changes: Any) -> PhoneSettings:
    settings = phone_settings("ACfake", TOKEN, "+15005550006", base_url=provider.base_url)
    return replace(settings, **changes)


@pytest.fixture
def sender(provider: FakePhonesServer) -> Iterator[PhoneSender]:
    one = PhoneSender(settings_for(provider, public_url="https://tocsin.example"), time.monotonic, seconds=0.5)
    provider.phones.receipts = ()
    yield one
    one.close()


def body_of(message: OutboundMessage, *, answerable: bool = True) -> str:
    return text_body(message, answerable=answerable)


def test_a_text_reaches_the_phone(sender: PhoneSender, provider: FakePhonesServer, now: Moment) -> None:
    result = sender.send(TEXT, now)
    text = provider.phones.wait_for_text(ALICE)
    assert result == SendResult(Outcome.SENT, provider_id=text.sid, detail="the provider took it")
    assert text.body == "#42 Payments: Disk full on db1\nReply 47 to acknowledge, 47r to resolve."
    assert text.fields == {
        "To": ALICE,
        "From": "+15005550006",
        "Body": text.body,
        "ValidityPeriod": "900",
        "StatusCallback": "https://tocsin.example/twilio/status/signed-callback-token",
    }


def test_a_call_rings_the_phone(sender: PhoneSender, provider: FakePhonesServer, now: Moment) -> None:
    result = sender.send(CALL, now)
    call = provider.phones.wait_for_call(ALICE)
    assert (result.outcome, result.provider_id) == (Outcome.SENT, call.sid)
    assert call.url == "https://tocsin.example/twilio/voice/signed-callback-token"
    assert call.status_url == "https://tocsin.example/twilio/status/signed-callback-token"
    assert provider.phones.texts(ALICE) == []


def test_a_call_asks_for_all_its_receipts(provider: FakePhonesServer) -> None:
    resource, fields = request(CALL, settings_for(provider, public_url="https://t.example", detect_machines=True))
    assert resource == "Calls"
    events = [value for name, value in fields if name == "StatusCallbackEvent"]
    assert events == ["initiated", "ringing", "answered", "completed"]
    assert ("MachineDetection", "Enable") in fields
    assert ("Timeout", "40") in fields


def test_without_a_public_url_a_call_speaks_and_a_text_links(provider: FakePhonesServer, now: Moment) -> None:
    provider.phones.receipts = ()
    sender = PhoneSender(settings_for(provider), time.monotonic)
    assert sender.send(CALL, now).outcome is Outcome.SENT
    heard = provider.phones.answer(ALICE)
    assert "Incident 4 2 on Payments." in heard[0]
    assert "Press" not in heard[0]
    assert sender.send(TEXT, now).outcome is Outcome.SENT
    assert provider.phones.texts(ALICE)[0].body.endswith("\nAnswer: https://tocsin.example/answer/link-token")
    sender.close()


def test_a_long_summary_is_cut_and_the_code_is_not() -> None:
    body = body_of(replace(TEXT, text="Disk “full” — " * 100))
    assert body.endswith("...\nReply 47 to acknowledge, 47r to resolve.")
    assert len(body) <= 306


def test_a_text_that_can_only_be_read_says_no_more() -> None:
    assert body_of(replace(TEXT, reply_code="", ack_url="")) == TEXT.text
    assert body_of(replace(TEXT, ack_url=""), answerable=False) == TEXT.text


def test_a_messaging_service_sends_texts_and_no_calls(provider: FakePhonesServer, now: Moment) -> None:
    provider.phones.receipts = ()
    service = "MG" + "0" * 32
    sender = PhoneSender(settings_for(provider, from_number=service), time.monotonic)
    assert sender.send(TEXT, now).outcome is Outcome.SENT
    assert provider.phones.texts(ALICE)[0].fields["MessagingServiceSid"] == service
    result = sender.send(CALL, now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CONFIGURATION)
    sender.close()


@pytest.mark.parametrize(
    ("fault", "outcome", "reason", "acted"),
    [
        (says(400, {"code": 21211, "message": "Invalid 'To' Phone Number"}), Outcome.REFUSED, Reason.ADDRESS, False),
        (says(400, {"code": 21610, "message": "unsubscribed"}), Outcome.REFUSED, Reason.OPTED_OUT, False),
        (says(400, {"code": 21611}), Outcome.RETRY, Reason.RATE, False),
        (says(400, ["not", "a", "dict"]), Outcome.REFUSED, Reason.CONTENT, False),
        (says(400, {"code": "21211"}), Outcome.REFUSED, Reason.CONTENT, False),
        (says(302), Outcome.REFUSED, Reason.CONFIGURATION, False),
        (says(404), Outcome.REFUSED, Reason.CONFIGURATION, False),
        (says(500), Outcome.RETRY, Reason.PROVIDER, False),
        (says(503), Outcome.RETRY, Reason.PROVIDER, False),
        (says(504), Outcome.UNKNOWN, Reason.PROVIDER, False),
        (says(429), Outcome.RETRY, Reason.RATE, False),
        (says(200), Outcome.SENT, Reason.NONE, False),
        (hangs(3), Outcome.UNKNOWN, Reason.NETWORK, False),
        (closes(), Outcome.UNKNOWN, Reason.NETWORK, False),
        (acts_then_hangs(3), Outcome.UNKNOWN, Reason.NETWORK, True),
        (acts_then_closes(), Outcome.UNKNOWN, Reason.NETWORK, True),
        (drips(0.05), Outcome.UNKNOWN, Reason.NETWORK, True),
    ],
)
def test_each_way_of_failing_has_one_meaning(
    sender: PhoneSender,
    provider: FakePhonesServer,
    now: Moment,
    fault: Fault,
    outcome: Outcome,
    reason: Reason,
    acted: bool,
) -> None:
    provider.phones.faults.next(fault)
    result = sender.send(TEXT, now)
    assert (result.outcome, result.reason) == (outcome, reason)
    assert len(provider.phones.texts(ALICE)) == acted
    assert sender.send(replace(TEXT, attempt=2), now).outcome is Outcome.SENT


def test_a_sequence_of_failures_then_health(sender: PhoneSender, provider: FakePhonesServer, now: Moment) -> None:
    provider.phones.faults.next(says(500), says(503), None, says(502))
    outcomes = [sender.send(TEXT, now).outcome for _ in range(5)]
    assert outcomes == [Outcome.RETRY, Outcome.RETRY, Outcome.SENT, Outcome.RETRY, Outcome.SENT]


@pytest.mark.parametrize(("wish", "seconds"), [("7", 7), ("", None), ("100000", 3600)])
def test_the_providers_wish_to_wait_is_passed_on(
    sender: PhoneSender, provider: FakePhonesServer, now: Moment, wish: str, seconds: int | None
) -> None:
    provider.phones.faults.next(says(429, {"code": 20429}, retry_after=wish))
    assert sender.send(TEXT, now).retry_after_seconds == seconds


def test_a_provider_with_a_rate_limit(sender: PhoneSender, provider: FakePhonesServer, now: Moment) -> None:
    provider.phones.limit = Bucket(per_second=0.001, burst=3)
    results = [sender.send(TEXT, now) for _ in range(5)]
    assert [result.outcome for result in results] == [Outcome.SENT] * 3 + [Outcome.RETRY] * 2
    assert (results[-1].reason, results[-1].retry_after_seconds) == (Reason.RATE, 1)


@pytest.mark.parametrize(
    "address", ["", "2025550101", "+0123", "+1202555010a", "+1202555010112345678", "+12025550101\n", "alice"]
)
def test_what_is_no_number_never_reaches_the_provider(
    sender: PhoneSender, provider: FakePhonesServer, now: Moment, address: str
) -> None:
    for message in (TEXT, CALL):
        result = sender.send(replace(message, address=address), now)
        assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.ADDRESS)
    assert provider.phones.requests == []


def test_wrong_credentials_are_said_and_not_shown(provider: FakePhonesServer, now: Moment) -> None:
    sender = PhoneSender(settings_for(provider, auth_token="wrong-horse"), time.monotonic)
    result = sender.send(TEXT, now)
    sender.close()
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CREDENTIALS)
    assert "20003" in result.detail
    assert "wrong-horse" not in repr(result)


def test_what_the_provider_echoes_of_our_secrets_is_hidden(
    sender: PhoneSender, provider: FakePhonesServer, now: Moment
) -> None:
    basic = "QUNmYWtlOmZha2UtdG9rZW4="
    echo = f"bad: {TOKEN} {basic} signed-callback-token {TEXT.ack_url}"
    provider.phones.faults.next(says(400, {"code": 99999, "message": echo}))
    result = sender.send(TEXT, now)
    assert result.detail.startswith("the provider answered 400, error 99999: bad: *** ")
    for secret in (TOKEN, basic, "signed-callback-token", "link-token"):
        assert secret not in repr(result)


def test_secrets_do_not_show(sender: PhoneSender, provider: FakePhonesServer) -> None:
    shown = repr(settings_for(provider)) + repr(TEXT) + repr(sender)
    for secret in (TOKEN, "signed-callback-token", "link-token"):
        assert secret not in shown


@pytest.mark.parametrize(
    ("base", "path"),
    [
        ("", "/2010-04-01/Accounts/AC1"),
        ("https://phone.example", "/2010-04-01/Accounts/AC1"),
        ("https://phone.example/", "/2010-04-01/Accounts/AC1"),
        ("https://phone.example/2010-04-01", "/2010-04-01/Accounts/AC1"),
        ("https://phone.example/2010-04-01/", "/2010-04-01/Accounts/AC1"),
        ("https://phone.example/api/laml", "/api/laml/2010-04-01/Accounts/AC1"),
    ],
)
def test_the_base_url_may_hold_the_version_or_a_path(base: str, path: str) -> None:
    assert phone_settings("AC1", "token", "+15005550006", base_url=base).account_path == path


@pytest.mark.parametrize("sender_number", ["+15005550006", "+1 (500) 555-0006", "12345", "Tocsin", "MG" + "a" * 32])
def test_senders_that_are_accepted(sender_number: str) -> None:
    assert phone_settings("AC1", "token", sender_number).from_number


@pytest.mark.parametrize(
    ("sid", "token", "sender_number", "base"),
    [
        ("", "token", "+15005550006", ""),
        ("AC/../x", "token", "+15005550006", ""),
        ("AC1", "", "+15005550006", ""),
        ("AC1", "token", "", ""),
        ("AC1", "token", "+0", ""),
        ("AC1", "token", "+15005550006", "ftp://x"),
        ("AC1", "token", "+15005550006", "https://u:hunter2@x"),
    ],
)
def test_settings_that_are_refused(sid: str, token: str, sender_number: str, base: str) -> None:
    with pytest.raises(Invalid) as caught:
        phone_settings(sid, token, sender_number, base_url=base)
    assert "hunter2" not in str(caught.value)


def test_it_is_quick(sender: PhoneSender, now: Moment) -> None:
    spans = []
    for number in range(30):
        before = time.perf_counter()
        assert sender.send(replace(TEXT, id=f"Q{number}"), now).outcome is Outcome.SENT
        spans.append(time.perf_counter() - before)
    print(f"text on loopback: median {statistics.median(spans) * 1000:.1f} ms")
    assert statistics.median(spans) < 0.03  # a Nagle stall would be 40 ms
