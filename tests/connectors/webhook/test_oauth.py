"""Deliveries with an access token: fetched once, kept until it runs out, anew when it is refused, never shown."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest

from tests.connectors.conftest import wall_clock
from tocsin.connectors._kit.egress import EgressPolicy
from tocsin.connectors._kit.resolve import Resolver
from tocsin.connectors.webhook.courier import Brought, WebhookCourier
from tocsin.connectors.webhook.oauth import Login
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.deliveries.model import DeliveryResult
from tocsin.kernel.time import Moment
from tocsin.testing.fake_http import FakeAnswer, FakeHttpServer, FakeRequest, Fault, hangs, says
from tocsin.testing.fake_oauth import FakeClient, FakeTokenServer

HERE = WebhookSettings(egress=EgressPolicy(allow=(ip_network("127.0.0.0/8"),)))
SECRET = "the-secret-of-the-client"
BODY = b"{}"


class Ticks:
    """Seconds that pass when told to, on top of those that really pass."""

    def __init__(self) -> None:
        self.more = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.more


class Receiver:
    """Takes what comes with a good token, and answers 401 to everything else."""

    def __init__(self, tokens: FakeTokenServer) -> None:
        self.taken: list[str] = []
        self.turned_away = 0
        self._tokens = tokens
        self.http = FakeHttpServer(self._answer, wall_clock)

    def _answer(self, request: FakeRequest) -> FakeAnswer:
        given = request.headers.get("authorization", "")
        if not self._tokens.is_good(given):
            self.turned_away += 1
            return FakeAnswer(401, f"{given} is not good".encode())
        self.taken.append(given)
        return FakeAnswer(204)


@pytest.fixture
def tokens() -> Iterator[FakeTokenServer]:
    with FakeTokenServer(wall_clock) as server:
        server.clients["tocsin"] = FakeClient(SECRET, frozenset({"read", "write"}))
        yield server


@pytest.fixture
def receiver(tokens: FakeTokenServer) -> Iterator[Receiver]:
    one = Receiver(tokens)
    with one.http:
        yield one


@pytest.fixture
def ticks() -> Ticks:
    return Ticks()


@pytest.fixture
def courier(ticks: Ticks) -> Iterator[WebhookCourier]:
    one = WebhookCourier(HERE, ticks, seconds=0.5)
    yield one
    one.close()


Bring = Callable[..., Brought]


@pytest.fixture
def bring(courier: WebhookCourier, receiver: Receiver, tokens: FakeTokenServer, now: Moment) -> Bring:
    def one(**login: str) -> Brought:
        values = {"token_url": tokens.url, "client_id": "tocsin", "secret": SECRET, "scope": "read write", **login}
        return courier.bring(receiver.http.url, {"Authorization": "Bearer x"}, BODY, now, login=Login(**values))

    return one


def test_one_token_is_used_until_it_runs_out(
    bring: Bring, tokens: FakeTokenServer, receiver: Receiver, ticks: Ticks
) -> None:
    assert [bring().result for _ in range(3)] == [DeliveryResult.DELIVERED] * 3
    assert receiver.taken == [f"Bearer {tokens.issued[0].token}"] * 3
    assert (len(tokens.issued), tokens.issued[0].scope) == (1, "read write")
    ticks.more = 3600 - 31
    bring()
    assert len(tokens.issued) == 1
    ticks.more = 3600 - 29
    bring()
    assert len(tokens.issued) == 2, "before the receiver thinks that it is old"


def test_a_refused_token_is_fetched_anew_once(bring: Bring, tokens: FakeTokenServer, receiver: Receiver) -> None:
    bring()
    tokens.revoke()
    assert bring().result is DeliveryResult.DELIVERED
    assert (receiver.turned_away, len(tokens.issued)) == (1, 2)
    tokens.lives_seconds = 0
    tokens.revoke()
    found = bring()
    assert (found.result, found.status) == (DeliveryResult.DROPPED, 401), "the second time is the last"
    assert receiver.turned_away == 3
    assert "token-" not in found.detail


def test_each_client_has_its_own_token(bring: Bring, tokens: FakeTokenServer, receiver: Receiver) -> None:
    tokens.clients["other"] = FakeClient("another-secret")
    bring()
    bring(client_id="other", secret="another-secret", scope="")
    bring()
    assert [one.rsplit("-", 1)[1] for one in receiver.taken] == ["tocsin", "other", "tocsin"]
    assert len(tokens.issued) == 2


@pytest.mark.parametrize(
    ("login", "said"),
    [
        ({"secret": "wrong-secret"}, 'no access token: the token server answered 401: {"error": "invalid_client"}'),
        ({"scope": "admin"}, 'no access token: the token server answered 400: {"error": "invalid_scope"}'),
    ],
)
def test_without_a_token_nothing_is_sent_and_it_is_tried_again(
    bring: Bring, receiver: Receiver, login: dict[str, str], said: str
) -> None:
    found = bring(**login)
    assert (found.result, found.status, found.detail) == (DeliveryResult.RETRY, None, said)
    assert (receiver.taken, receiver.turned_away) == ([], 0)


@pytest.mark.parametrize(
    "fault",
    [
        says(503),
        hangs(2),
        says(200, {"token_type": "bearer"}),
        says(200, {"access_token": "a b\r\nX-Evil: 1"}),
        says(200, {"access_token": "x", "token_type": "mac"}),
        says(200, ["access_token"]),
        Fault(acts=False, answer=FakeAnswer(200, b"[" * 50_000)),
        Fault(acts=False, answer=FakeAnswer(307, headers={"location": "http://127.0.0.1:1/"})),
    ],
)
def test_an_answer_that_is_no_token_is_none(
    bring: Bring, tokens: FakeTokenServer, receiver: Receiver, fault: Fault
) -> None:
    tokens.faults.next(fault)
    found = bring()
    assert found.result is DeliveryResult.RETRY
    assert found.detail.startswith("no access token: ")
    assert receiver.turned_away == 0
    assert bring().result is DeliveryResult.DELIVERED, "the next time it works"


def test_a_token_that_lives_longer_than_numbers_reach_is_one(bring: Bring, tokens: FakeTokenServer) -> None:
    tokens.faults.next(
        Fault(acts=False, answer=FakeAnswer(200, b'{"access_token": "x", "expires_in": 1%s}' % (b"0" * 400)))
    )
    assert bring().result is DeliveryResult.DELIVERED, "with the one that is fetched after the first was refused"


@pytest.mark.parametrize("url", ["https://127.0.0.1/token", "https://metadata.example/token", "http://93.184.216.34/"])
def test_tokens_are_never_fetched_inside(receiver: Receiver, now: Moment, url: str) -> None:
    courier = WebhookCourier(WebhookSettings(), time.monotonic, resolver=Resolver(lambda _host: ["169.254.169.254"]))
    login = Login(url, "tocsin", SECRET)
    found = courier.bring("https://hooks.example.com/", {}, BODY, now, login=login)
    assert (found.result, found.status) == (DeliveryResult.DROPPED, None)
    assert courier.sign_in(login).startswith("no access token: ")


def test_secrets_stay_secret(bring: Bring, tokens: FakeTokenServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    tokens.faults.next(says(400, {"echo": SECRET}))
    assert SECRET not in bring().detail
    bring()
    assert SECRET not in caplog.text
    assert tokens.issued[0].token not in caplog.text
    assert SECRET not in repr(Login("https://x/", "a", SECRET))
