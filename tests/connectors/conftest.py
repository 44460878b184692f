"""Loopback stand-ins for the connector tests."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.connectors.certificates import Certificates, make_certificates
from tocsin.kernel.time import Moment
from tocsin.testing.fake_mail import FakeMailServer
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_server import FakePhonesServer
from tocsin.testing.fake_webhook import FakeWebhook


def wall_clock() -> Moment:
    return time.time_ns() // 1000


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def now() -> Moment:
    return wall_clock()


@pytest.fixture
def provider() -> Iterator[FakePhonesServer]:
    with FakePhonesServer(FakePhones(wall_clock), wall_clock) as server:
        yield server


@pytest.fixture
def mail_server() -> Iterator[FakeMailServer]:
    with FakeMailServer(wall_clock) as server:
        yield server


@pytest.fixture
def receiver() -> Iterator[FakeWebhook]:
    with FakeWebhook(wall_clock) as server:
        yield server
