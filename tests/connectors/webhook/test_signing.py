"""Signatures by Standard Webhooks, checked against its published example."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors.webhook.signing import TOLERANCE, secret_keys, sign, verify
from tocsin.kernel.time import SECOND

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
STAMP = 1614265330
BODY = b'{"test": 2432232314}'
SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
NOW = STAMP * SECOND


def test_the_published_example() -> None:
    assert sign(secret_keys(SECRET), ID, STAMP, BODY) == SIGNATURE


def test_two_secrets_give_two_signatures_and_either_is_enough() -> None:
    other = "whsec_" + base64.b64encode(b"another secret of the receiver").decode()
    both = sign(secret_keys(f"{other} {SECRET}"), ID, STAMP, BODY)
    assert both.split()[1] == SIGNATURE
    for secret in (SECRET, other):
        assert verify(secret_keys(secret), ID, str(STAMP), both, BODY, NOW)


@given(st.binary(min_size=1, max_size=64), st.text(max_size=30), st.integers(0, 10**10), st.binary(max_size=200))
def test_what_is_signed_verifies(key: bytes, message_id: str, stamp: int, body: bytes) -> None:
    message_id = message_id.encode("utf-8", "replace").decode()
    assert verify((key,), message_id, str(stamp), sign((key,), message_id, stamp, body), body, stamp * SECOND)


@pytest.mark.parametrize(
    ("message_id", "stamp", "signature", "body"),
    [
        ("msg_other", str(STAMP), SIGNATURE, BODY),
        (ID, str(STAMP + 1), SIGNATURE, BODY),
        (ID, str(STAMP), SIGNATURE, BODY + b" "),
        (ID, str(STAMP), SIGNATURE.replace("v1", "v2"), BODY),
        (ID, str(STAMP), SIGNATURE[:-2] + "A=", BODY),
        (ID, str(STAMP), "", BODY),
        (ID, str(STAMP), "v1,é", BODY),
        (ID, "", SIGNATURE, BODY),
        (ID, "soon", SIGNATURE, BODY),
        (ID, "-1", SIGNATURE, BODY),
        (ID, "9" * 400, SIGNATURE, BODY),
    ],
)
def test_anything_changed_does_not_verify(message_id: str, stamp: str, signature: str, body: bytes) -> None:
    assert not verify(secret_keys(SECRET), message_id, stamp, signature, body, NOW)


def test_an_old_or_early_timestamp_does_not_verify() -> None:
    for shift in (-TOLERANCE - SECOND, TOLERANCE + SECOND):
        assert not verify(secret_keys(SECRET), ID, str(STAMP), SIGNATURE, BODY, NOW + shift)


def test_without_keys_nothing_verifies() -> None:
    assert not verify((), ID, str(STAMP), SIGNATURE, BODY, NOW)


def test_secrets_come_in_two_forms() -> None:
    assert secret_keys("") == ()
    assert secret_keys("any old text") == (b"any", b"old", b"text")
    with pytest.raises(ValueError, match="base64"):
        secret_keys("whsec_not base64!")
