"""The fake phone provider is as strict as the real one, keeps what happened, and can be driven from outside."""

from __future__ import annotations

import http.client
import json
import threading
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from tests.connectors.conftest import wall_clock
from tocsin.testing.fake_phones import Bucket, FakePhones
from tocsin.testing.fake_phones_calls import CallState
from tocsin.testing.fake_phones_server import FakePhonesServer

ALICE = "+12025550101"
BASIC = "Basic QUNmYWtlOmZha2UtdG9rZW4="
FORM = {"To": ALICE, "From": "+15005550006", "Body": "Disk full"}
ACCOUNT = "/2010-04-01/Accounts/ACfake"


@pytest.fixture
def quiet(provider: FakePhonesServer) -> FakePhonesServer:
    provider.phones.receipts = ()
    return provider


def call(
    provider: FakePhonesServer, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
) -> tuple[int, Any]:
    connection = http.client.HTTPConnection(provider.base_url.removeprefix("http://"), timeout=5)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        raw = answer.read()
        return answer.status, json.loads(raw or b"null")
    finally:
        connection.close()


def post(provider: FakePhonesServer, resource: str, form: dict[str, str], basic: str = BASIC) -> tuple[int, Any]:
    headers = {"Authorization": basic, "Content-Type": "application/x-www-form-urlencoded"}
    return call(provider, "POST", f"{ACCOUNT}/{resource}.json", urlencode(form), headers)


def test_a_text_is_taken_and_timed(quiet: FakePhonesServer) -> None:
    before = wall_clock()
    status, said = post(quiet, "Messages", FORM)
    text = quiet.phones.texts(ALICE)[0]
    assert (status, said["sid"], said["status"]) == (201, text.sid, "queued")
    assert before <= text.received_at <= wall_clock()
    assert quiet.phones.requests == [(text.received_at, "Messages", ALICE)]


@pytest.mark.parametrize("basic", ["", "Basic x", "Bearer fake-token", BASIC[:-2]])
def test_wrong_credentials_are_refused(quiet: FakePhonesServer, basic: str) -> None:
    assert post(quiet, "Messages", FORM, basic)[1]["code"] == 20003
    assert quiet.phones.texts(ALICE) == []


@pytest.mark.parametrize(
    ("resource", "changes", "code"),
    [
        ("Messages", {"To": ""}, 21604),
        ("Messages", {"To": "12025550101"}, 21211),
        ("Messages", {"From": ""}, 21603),
        ("Messages", {"Body": " "}, 21602),
        ("Messages", {"Body": "x" * 1601}, 21617),
        ("Calls", {}, 21205),
        ("Calls", {"Url": "/relative"}, 21205),
        ("Faxes", {}, 20404),
    ],
)
def test_what_the_provider_would_refuse_is_refused(
    quiet: FakePhonesServer, resource: str, changes: dict[str, str], code: int
) -> None:
    status, said = post(quiet, resource, {**FORM, **changes})
    assert (status // 100, said["code"]) == (4, code)


def test_another_account_is_not_found(quiet: FakePhonesServer) -> None:
    headers = {"Authorization": BASIC}
    assert call(quiet, "POST", "/2010-04-01/Accounts/ACother/Messages.json", urlencode(FORM), headers)[0] == 404


def test_a_lying_provider_takes_texts_and_loses_them(quiet: FakePhonesServer) -> None:
    quiet.phones.lies = True
    assert post(quiet, "Messages", FORM)[0] == 201
    assert quiet.phones.texts(ALICE) == []


def test_a_rate_limit_fills_and_empties() -> None:
    bucket = Bucket(per_second=2, burst=3)
    assert [bucket.take(1_000_000) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(1_500_000) for _ in range(2)] == [True, False]


def test_waiting_ends_as_soon_as_something_fits(quiet: FakePhonesServer) -> None:
    threading.Timer(0.05, lambda: post(quiet, "Messages", FORM)).start()
    assert quiet.phones.wait_for_text(ALICE, lambda text: "Disk" in text.body).body == "Disk full"
    with pytest.raises(TimeoutError):
        quiet.phones.wait_for_text(ALICE, lambda text: "CPU" in text.body, timeout=0.01)


def test_the_feed_shows_every_phone(quiet: FakePhonesServer) -> None:
    quiet.phones.add_phone(ALICE, "Alice")
    quiet.phones.add_phone("+12025550102", "Bob")
    version = call(quiet, "GET", "/phones")[1]["version"]
    post(quiet, "Messages", FORM)
    feed = call(quiet, "GET", f"/phones?after={version}")[1]
    assert [(phone["name"], len(phone["texts"])) for phone in feed["phones"]] == [("Alice", 1), ("Bob", 0)]
    assert feed["phones"][0]["texts"][0]["body"] == "Disk full"
    assert feed["version"] > version


def test_a_call_can_be_answered_from_outside(quiet: FakePhonesServer) -> None:
    twiml = "<Response><Say>Disk full</Say><Hangup/></Response>"
    post(quiet, "Calls", {"To": ALICE, "From": "+15005550006", "Twiml": twiml})
    assert call(quiet, "POST", f"/phones/{quote(ALICE)}/answer") == (200, {"heard": ["Disk full"]})
    assert quiet.phones.calls(ALICE)[0].state is CallState.ENDED
    status, said = call(quiet, "POST", f"/phones/{quote(ALICE)}/press", json.dumps({"digits": "4"}))
    assert (status, "ended" in said["error"]) == (409, True)


def test_a_phone_without_calls_cannot_answer(quiet: FakePhonesServer) -> None:
    assert call(quiet, "POST", f"/phones/{quote(ALICE)}/answer")[0] == 409
    assert call(quiet, "POST", f"/phones/{quote(ALICE)}/dance")[0] == 404
    assert call(quiet, "GET", "/elsewhere")[0] == 404


def test_faults_can_be_scripted_from_outside(quiet: FakePhonesServer) -> None:
    assert call(quiet, "POST", "/faults", json.dumps({"status": 503, "times": 2}))[0] == 200
    assert [post(quiet, "Messages", FORM)[0] for _ in range(3)] == [503, 503, 201]
    assert call(quiet, "GET", "/phones")[0] == 200


def test_receipts_that_nobody_takes_are_noted() -> None:
    phones = FakePhones(wall_clock)
    with FakePhonesServer(phones, wall_clock) as provider:
        post(provider, "Messages", {**FORM, "StatusCallback": "http://127.0.0.1:9/status"})
    assert len(phones.callback_failures) == 2


def test_it_can_be_stopped_while_somebody_waits(quiet: FakePhonesServer) -> None:
    """Stopping breaks connections; a test that forgets one must not hang for ever."""
    connection = http.client.HTTPConnection(quiet.base_url.removeprefix("http://"), timeout=5)
    connection.request("GET", "/phones")
    connection.getresponse().read()
    quiet.stop()
    with pytest.raises((http.client.HTTPException, OSError)):
        _ask_again(connection)
    connection.close()


def _ask_again(connection: http.client.HTTPConnection) -> None:
    connection.request("GET", "/phones")
    connection.getresponse()
