"""Webhooks over a real socket: signed, vetted, and what each way of failing means."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_network

import pytest

from tests.connectors.certificates import Certificates
from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Reason, SendResult
from tocsin.connectors._kit.egress import EgressPolicy
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors.webhook.sender import WebhookSender
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.directory.model import Channel
from tocsin.kernel.time import SECOND, Moment
from tocsin.testing.fake_http import (
    FakeAnswer,
    Fault,
    acts_then_closes,
    acts_then_hangs,
    closes,
    hangs,
    is_slow,
    says,
)
from tocsin.testing.fake_webhook import FakeWebhook

HERE = WebhookSettings(egress=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)))
PAGE = OutboundMessage(
    id="QMESSAGE1234567",
    channel=Channel.WEBHOOK,
    address="",
    payload={"type": "page", "summary": "Disk full — 磁盘", "incident": {"number": 42}},
    callback_token="signed-callback-token",
)


@pytest.fixture
def sender() -> Iterator[WebhookSender]:
    one = WebhookSender(HERE, time.monotonic, seconds=0.5)
    yield one
    one.close()


@pytest.fixture
def page(receiver: FakeWebhook) -> OutboundMessage:
    return replace(PAGE, address=receiver.url, secret=receiver.secret)


def test_a_webhook_arrives_signed(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    result = sender.send(page, now)
    hook = receiver.wait_for()
    assert result == SendResult(Outcome.SENT, detail="the receiver answered 204")
    assert (hook.id, hook.payload) == (PAGE.id, PAGE.payload)
    assert hook.headers["content-type"] == "application/json"
    assert hook.headers["webhook-timestamp"] == str(now // SECOND)
    assert receiver.secret not in str(hook.headers)


def test_every_attempt_has_the_same_id(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    receiver.faults.next(acts_then_closes())
    outcomes = [sender.send(replace(page, attempt=attempt), now + attempt * SECOND).outcome for attempt in (1, 2)]
    assert outcomes == [Outcome.RETRY, Outcome.SENT]
    assert [(hook.id, hook.repeat) for hook in receiver.hooks] == [(PAGE.id, False), (PAGE.id, True)]


def test_the_wrong_secret_is_refused_and_not_shown(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    secret = "whsec_d3JvbmcgaG9yc2Ugd3Jvbmcgc3RhYmxl"
    result = sender.send(replace(page, secret=secret), now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CREDENTIALS)
    assert "no signature matches" in result.detail
    assert secret not in repr(result)
    assert receiver.hooks == []


def test_without_a_secret_it_goes_unsigned(sender: WebhookSender, now: Moment) -> None:
    with FakeWebhook(wall_clock, secret="") as open_receiver:
        assert sender.send(replace(PAGE, address=open_receiver.url), now).outcome is Outcome.SENT
        assert "webhook-signature" not in open_receiver.hooks[0].headers


def test_a_receiver_with_the_old_or_the_new_secret_takes_it(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    both = "whsec_bmV3IHNlY3JldCBuZXcgc2VjcmV0 " + receiver.secret
    assert sender.send(replace(page, secret=both), now).outcome is Outcome.SENT


@pytest.mark.parametrize(
    ("fault", "outcome", "reason"),
    [
        (says(302), Outcome.REFUSED, Reason.CONFIGURATION),
        (says(400), Outcome.REFUSED, Reason.CONTENT),
        (says(410), Outcome.REFUSED, Reason.GONE),
        (says(429, retry_after="5"), Outcome.RETRY, Reason.RATE),
        (says(500), Outcome.RETRY, Reason.PROVIDER),
        (says(503, retry_after="5"), Outcome.RETRY, Reason.PROVIDER),
        (hangs(3), Outcome.RETRY, Reason.NETWORK),
        (closes(), Outcome.RETRY, Reason.NETWORK),
        (acts_then_hangs(3), Outcome.RETRY, Reason.NETWORK),
        (is_slow(0.2), Outcome.SENT, Reason.NONE),
    ],
)
def test_each_way_of_failing_has_one_meaning(
    sender: WebhookSender,
    receiver: FakeWebhook,
    page: OutboundMessage,
    now: Moment,
    fault: Fault,
    outcome: Outcome,
    reason: Reason,
) -> None:
    receiver.faults.next(fault)
    result = sender.send(page, now)
    assert (result.outcome, result.reason) == (outcome, reason)
    waits = bool(fault.answer and fault.answer.headers)
    assert result.retry_after_seconds == (5 if waits else None)


def test_a_redirect_is_not_followed(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    with FakeWebhook(wall_clock, secret=receiver.secret) as elsewhere:
        receiver.faults.next(Fault(acts=False, answer=FakeAnswer(307, headers={"location": elsewhere.url})))
        assert sender.send(page, now).outcome is Outcome.REFUSED
        assert elsewhere.hooks == []


def test_what_the_receiver_echoes_of_our_secrets_is_hidden(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    bare = receiver.secret.removeprefix("whsec_")
    receiver.faults.next(says(400, f"bad {receiver.secret} {bare} signed-callback-token\n\x1b[31m"))
    result = sender.send(page, now)
    assert bare not in repr(result)
    assert "signed-callback-token" not in repr(result)
    assert result.detail.isprintable()


def test_a_receiver_says_little_of_itself(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    receiver.faults.next(says(500, "x" * 100_000))
    assert len(sender.send(page, now).detail) < 200


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": object()}, {"x": b"bytes"}])
def test_a_payload_that_is_no_json_is_refused(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment, payload: dict[str, object]
) -> None:
    result = sender.send(replace(page, payload=payload), now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.CONFIGURATION)
    assert (receiver.hooks, receiver.rejected) == ([], [])


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/hook",
        "http://localhost:{port}/hook",
        "http://localhost.:{port}/hook",
        "http://[::1]:{port}/hook",
        "http://[::ffff:127.0.0.1]:{port}/hook",
        "http://[::ffff:7f00:1]:{port}/hook",
        "http://[64:ff9b::7f00:1]:{port}/hook",
        "http://0.0.0.0:{port}/hook",
        "http://[::]:{port}/hook",
        "http://2130706433:{port}/hook",
        "http://0x7f.1:{port}/hook",
        "http://0177.0.0.1:{port}/hook",
        "http://127.1:{port}/hook",
        "http://127.0.0.1.:{port}/hook",
        "http://１２７.0.0.1:{port}/hook",
        "http://127。0。0。1:{port}/hook",
        "http://hooks.example@127.0.0.1:{port}/hook",
        "http://127.0.0.1:{port}#@hooks.example/",
        "http://127.0.0.1:{port}\\@hooks.example/",
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/latest/meta-data/",
    ],
)
def test_no_spelling_of_an_inside_address_is_reached(receiver: FakeWebhook, now: Moment, url: str) -> None:
    sender = WebhookSender(WebhookSettings(egress=EgressPolicy(plain_http=True)), time.monotonic)
    result = sender.send(replace(PAGE, address=url.format(port=receiver.port), secret=receiver.secret), now)
    assert (result.outcome, result.reason) == (Outcome.REFUSED, Reason.EGRESS)
    assert (receiver.hooks, receiver.rejected) == ([], [])


def test_a_name_that_is_vetted_as_one_address_is_not_used_as_another(receiver: FakeWebhook, now: Moment) -> None:
    """The rebinding attack: a public address when asked first, an inside one when asked again."""
    asked: list[str] = []

    def lookup(host: str) -> Sequence[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) == 1 else ["127.0.0.1"]

    policy = EgressPolicy(allow=(ip_network("192.0.2.0/24"),), plain_http=True)  # a net that leads nowhere
    sender = WebhookSender(WebhookSettings(egress=policy), time.monotonic, resolver=Resolver(lookup), seconds=0.3)
    address = f"http://rebind.example:{receiver.port}/hook"
    first = sender.send(replace(PAGE, address=address, secret=receiver.secret), now)
    assert (first.outcome, first.reason) == (Outcome.RETRY, Reason.NETWORK)  # it went to the vetted one, in vain
    assert asked == ["rebind.example."]
    second = sender.send(replace(PAGE, address=address, secret=receiver.secret), now)
    assert (second.outcome, second.reason) == (Outcome.REFUSED, Reason.EGRESS)
    assert receiver.hooks == []


def test_by_https_to_a_name(certificates: Certificates, now: Moment) -> None:
    with FakeWebhook(wall_clock, tls=certificates.good) as receiver:
        resolver = Resolver(lambda _: ["127.0.0.1"])
        sender = WebhookSender(HERE, time.monotonic, resolver=resolver, tls=certificates.client)
        page = replace(PAGE, address=f"https://hooks.example:{receiver.port}/hook", secret=receiver.secret)
        assert sender.send(page, now).outcome is Outcome.SENT
        sender.close()
        untrusting = WebhookSender(HERE, time.monotonic, resolver=resolver)
        assert untrusting.send(page, now).reason is Reason.TLS


def test_one_dead_receiver_does_not_hold_up_another(
    sender: WebhookSender, receiver: FakeWebhook, page: OutboundMessage, now: Moment
) -> None:
    dead = sender.send(replace(page, address="http://127.0.0.1:9/hook"), now)
    assert (dead.outcome, dead.reason) == (Outcome.RETRY, Reason.NETWORK)
    assert sender.send(page, now).outcome is Outcome.SENT
