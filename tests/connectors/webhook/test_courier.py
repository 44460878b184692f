"""What brings deliveries, over a real socket: what each answer means, and where nothing ever goes."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from contextlib import closing
from ipaddress import ip_network

import pytest

from tests.connectors.certificates import Certificates
from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.egress import EgressPolicy
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors.webhook.courier import ANSWER_SECONDS, WebhookCourier
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.deliveries.model import DeliveryResult
from tocsin.dialects.pagerduty.write.webhooks import signature
from tocsin.kernel.time import Moment
from tocsin.testing.fake_http import FakeAnswer, Fault, acts_then_closes, closes, drips, hangs, is_slow, says
from tocsin.testing.fake_webhook import FakeSubscriber

HERE = WebhookSettings(egress=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)))
SECRET = "a-secret-of-forty-letters"
BODY = b'{"event": {"id": "Q1"}}'


@pytest.fixture
def subscriber() -> Iterator[FakeSubscriber]:
    with FakeSubscriber(wall_clock, secret=SECRET) as server:
        yield server


@pytest.fixture
def courier() -> Iterator[WebhookCourier]:
    one = WebhookCourier(HERE, time.monotonic, seconds=0.4)
    yield one
    one.close()


def headers(secret: str = SECRET, **more: str) -> dict[str, str]:
    signed = {"X-Webhook-Id": "Q1", "X-Webhook-Subscription": "P1", "X-PagerDuty-Signature": signature(secret, BODY)}
    return {**signed, **more}


def test_it_waits_five_seconds() -> None:
    assert ANSWER_SECONDS == 5.0


def test_a_delivery_arrives_as_it_was_signed(courier: WebhookCourier, subscriber: FakeSubscriber, now: Moment) -> None:
    brought = courier.bring(subscriber.url, headers(Custom="x"), BODY, now)
    assert (brought.result, brought.status) == (DeliveryResult.DELIVERED, 204)
    (hook,) = subscriber.hooks
    assert (hook.id, hook.payload, hook.headers["custom"]) == ("Q1", {"event": {"id": "Q1"}}, "x")


def test_a_wrong_signature_is_dropped_and_not_shown(
    courier: WebhookCourier, subscriber: FakeSubscriber, now: Moment
) -> None:
    brought = courier.bring(subscriber.url, headers("wrong"), BODY, now, secrets=["matches"])
    assert (brought.result, brought.status) == (DeliveryResult.DROPPED, 401)
    assert "no signature ***" in brought.detail


def test_a_user_name_in_the_url_travels_in_a_header(
    courier: WebhookCourier, subscriber: FakeSubscriber, now: Moment
) -> None:
    url = subscriber.url.replace("http://", "http://tocsin:p%40ss@")
    assert courier.bring(url, headers(), BODY, now).result is DeliveryResult.DELIVERED
    assert courier.bring(url, headers(Authorization="Bearer x"), BODY, now).result is DeliveryResult.DELIVERED
    sent = [hook.headers["authorization"] for hook in subscriber.hooks]
    assert sent == ["Basic " + base64.b64encode(b"tocsin:p@ss").decode(), "Bearer x"]


@pytest.mark.parametrize(
    ("fault", "result", "status"),
    [
        (says(200), DeliveryResult.DELIVERED, 200),
        (says(202), DeliveryResult.DELIVERED, 202),
        (says(301), DeliveryResult.DROPPED, 301),
        (says(400), DeliveryResult.DROPPED, 400),
        (says(404), DeliveryResult.DROPPED, 404),
        (says(408), DeliveryResult.DROPPED, 408),
        (says(410), DeliveryResult.DROPPED, 410),
        (says(429, retry_after="7"), DeliveryResult.RETRY, 429),
        (says(500), DeliveryResult.RETRY, 500),
        (says(501), DeliveryResult.RETRY, 501),
        (says(503), DeliveryResult.RETRY, 503),
        (hangs(2), DeliveryResult.RETRY, None),
        (closes(), DeliveryResult.RETRY, None),
        (acts_then_closes(), DeliveryResult.RETRY, None),
        (drips(0.2), DeliveryResult.RETRY, None),
        (is_slow(0.2), DeliveryResult.DELIVERED, 204),
    ],
)
def test_each_answer_has_one_meaning(
    courier: WebhookCourier,
    subscriber: FakeSubscriber,
    now: Moment,
    fault: Fault,
    result: DeliveryResult,
    status: int | None,
) -> None:
    subscriber.faults.next(fault)
    brought = courier.bring(subscriber.url, headers(), BODY, now)
    assert (brought.result, brought.status) == (result, status)
    assert brought.retry_after_seconds == (7 if status == 429 else None)


def test_redirects_are_not_followed(courier: WebhookCourier, subscriber: FakeSubscriber, now: Moment) -> None:
    there = FakeAnswer(307, headers={"location": subscriber.url})
    subscriber.faults.next(Fault(acts=False, answer=there))
    assert courier.bring(subscriber.url, headers(), BODY, now).result is DeliveryResult.DROPPED
    assert subscriber.hooks == []


def test_nothing_goes_inside(subscriber: FakeSubscriber, now: Moment) -> None:
    courier = WebhookCourier(WebhookSettings(), time.monotonic, resolver=Resolver(lambda _host: ["127.0.0.1"]))
    for url in (subscriber.url, f"http://hooks.example:{subscriber.port}/", "https://169.254.169.254/latest"):
        assert courier.bring(url, headers(), BODY, now).result is DeliveryResult.DROPPED
    assert subscriber.hooks == []


def test_a_name_or_a_port_that_is_not_there_is_tried_again(courier: WebhookCourier, now: Moment) -> None:
    def nowhere(_host: str) -> list[str]:
        raise OSError("no such name")

    lost = WebhookCourier(HERE, time.monotonic, resolver=Resolver(nowhere))
    assert lost.bring("https://hooks.example/", headers(), BODY, now).result is DeliveryResult.RETRY
    assert courier.bring("http://127.0.0.1:9/", headers(), BODY, now).result is DeliveryResult.RETRY


@pytest.mark.parametrize(
    ("kind", "result"),
    [
        ("expired", DeliveryResult.RETRY),
        ("wrong_name", DeliveryResult.DROPPED),
        ("self_signed", DeliveryResult.DROPPED),
        ("good", DeliveryResult.DELIVERED),
    ],
)
def test_an_expired_certificate_is_renewed_and_another_fault_stays(
    certificates: Certificates, now: Moment, kind: str, result: DeliveryResult
) -> None:
    with (
        closing(WebhookCourier(HERE, time.monotonic, tls=certificates.client)) as courier,
        FakeSubscriber(wall_clock, secret=SECRET, tls=getattr(certificates, kind)) as server,
    ):
        assert courier.bring(server.url, headers(), BODY, now).result is result


def test_a_receiver_that_speaks_no_tls_is_dropped(
    certificates: Certificates, subscriber: FakeSubscriber, now: Moment
) -> None:
    url = subscriber.url.replace("http://", "https://")
    with closing(WebhookCourier(HERE, time.monotonic, tls=certificates.client)) as courier:
        assert courier.bring(url, headers(), BODY, now).result is DeliveryResult.DROPPED
