"""What the provider sends us: forgeries are refused, and receipts only ever move forward."""

from __future__ import annotations

import itertools
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors.sms_voice.inbound import (
    FORM_BYTES,
    Delivery,
    StatusUpdate,
    is_signed,
    read_form,
    read_status,
    read_text,
    signature,
)
from tocsin.connectors.sms_voice.settings import phone_settings
from tocsin.kernel.errors import Invalid, NotAllowed

TOKEN = "12345"
SETTINGS = phone_settings("ACfake", TOKEN, "+15005550006", public_url="https://tocsin.example/base")
PATH = "/twilio/sms?x=1"
URL = "https://tocsin.example/base/twilio/sms?x=1"
FIELDS = [
    ("AccountSid", "ACfake"),
    ("MessageSid", "SM1"),
    ("From", "+12025550101"),
    ("To", "+15005550006"),
    ("Body", "47 r"),
]

# The worked example of the provider's documentation.
EXAMPLE_URL = "https://mycompany.com/myapp.php?foo=1&bar=2"
EXAMPLE = [
    ("Digits", "1234"),
    ("To", "+18005551212"),
    ("From", "+14158675309"),
    ("Caller", "+14158675309"),
    ("CallSid", "CA1234567890ABCDE"),
]
EXAMPLE_SIGNATURE = "RSOYDt4T1cUTdK1PDd93/VVr8B8="


def test_the_signature_is_the_providers() -> None:
    assert signature("12345", EXAMPLE_URL, EXAMPLE) == EXAMPLE_SIGNATURE
    assert is_signed("12345", EXAMPLE_URL, EXAMPLE, EXAMPLE_SIGNATURE)


def test_repeated_fields_count_once() -> None:
    twice = [*EXAMPLE, ("Digits", "1234"), ("Digits", "9")]
    assert signature("12345", EXAMPLE_URL, twice) == signature("12345", EXAMPLE_URL, [*EXAMPLE, ("Digits", "9")])


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("https://a.example/x", "https://a.example:443/x"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("http://a.example/x", "http://a.example:80/x"),
        ("http://a.example:8080/x", "http://a.example:8080/x"),
    ],
)
def test_the_default_port_may_be_written_or_not(ours: str, theirs: str) -> None:
    assert is_signed(TOKEN, ours, EXAMPLE, signature(TOKEN, theirs, EXAMPLE))


def test_another_port_host_path_query_or_scheme_does_not_fit() -> None:
    given_signature = signature(TOKEN, URL, FIELDS)
    for url in (
        "https://tocsin.example:8443/base/twilio/sms?x=1",
        "https://evil.example/base/twilio/sms?x=1",
        "https://tocsin.example/twilio/sms?x=1",
        "https://tocsin.example/base/twilio/sms",
        "http://tocsin.example/base/twilio/sms?x=1",
    ):
        assert not is_signed(TOKEN, url, FIELDS, given_signature)


def test_without_a_token_nothing_is_signed() -> None:
    assert not is_signed("", URL, FIELDS, signature("", URL, FIELDS))


def test_a_signed_form_is_read() -> None:
    form = read_form(SETTINGS, PATH, urlencode(FIELDS).encode(), signature(TOKEN, URL, FIELDS))
    text = read_text(form)
    assert (text.provider_id, text.sender, text.recipient, text.body) == ("SM1", "+12025550101", "+15005550006", "47 r")
    assert not text.opted_out


@given(st.integers(0, len(FIELDS) - 1), st.text(min_size=1, max_size=5))
def test_a_changed_field_is_refused(index: int, more: str) -> None:
    given_signature = signature(TOKEN, URL, FIELDS)
    changed = [(name, value + more if at == index else value) for at, (name, value) in enumerate(FIELDS)]
    with pytest.raises(NotAllowed):
        read_form(SETTINGS, PATH, urlencode(changed, errors="replace").encode(), given_signature)


@pytest.mark.parametrize("forged", ["", "x", "AAAA", "RSOYDt4T1cUTdK1PDd93/VVr8B8=", "\ud800", "é" * 50])
def test_a_forged_signature_is_refused(forged: str) -> None:
    with pytest.raises(NotAllowed):
        read_form(SETTINGS, PATH, urlencode(FIELDS).encode(), forged)


def test_a_form_of_another_account_is_refused() -> None:
    fields = [("AccountSid", "ACother"), *FIELDS[1:]]
    with pytest.raises(NotAllowed, match="account"):
        read_form(SETTINGS, PATH, urlencode(fields).encode(), signature(TOKEN, URL, fields))


def test_a_form_is_only_for_the_path_that_it_was_signed_for() -> None:
    with pytest.raises(NotAllowed):
        read_form(SETTINGS, "/twilio/status/other", urlencode(FIELDS).encode(), signature(TOKEN, URL, FIELDS))


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", "Body=é".encode(), b"Body=%ff", b"x" * (FORM_BYTES + 1), b"&".join([b"a=b"] * 500)]
)
def test_what_is_no_form_is_refused(body: bytes) -> None:
    with pytest.raises(Invalid):
        read_form(SETTINGS, PATH, body, "x")


def test_a_stop_that_the_carrier_acted_on_is_told() -> None:
    assert read_text({**dict(FIELDS), "OptOutType": "STOP"}).opted_out


def test_a_text_without_sender_is_refused() -> None:
    with pytest.raises(Invalid, match="From"):
        read_text({"MessageSid": "SM1", "To": "+15005550006"})


def text_status(status: str, code: str = "") -> StatusUpdate:
    return read_status({"MessageSid": "SM1", "MessageStatus": status} | ({"ErrorCode": code} if code else {}))


def call_status(status: str, **more: str) -> StatusUpdate:
    return read_status({"CallSid": "CA1", "CallStatus": status, **more})


TEXT_STATUSES = ["accepted", "queued", "sending", "sent", "delivered", "read"]
CALL_STATUSES = ["queued", "initiated", "ringing", "in-progress", "completed"]


def fold(updates: list[StatusUpdate]) -> tuple[int, Delivery]:
    rank, delivery = 0, Delivery.PENDING
    for update in updates:
        if update.rank > rank:
            rank, delivery = update.rank, update.delivery
    return rank, delivery


@pytest.mark.parametrize("statuses", [TEXT_STATUSES, CALL_STATUSES])
def test_ranks_rise_along_the_way(statuses: list[str]) -> None:
    read = text_status if statuses is TEXT_STATUSES else call_status
    ranks = [read(status).rank for status in statuses]
    assert ranks == sorted(set(ranks))
    assert all(first < second for first, second in itertools.pairwise(ranks))


@given(
    st.lists(st.sampled_from([*TEXT_STATUSES, "undelivered", "failed", "canceled", "nonsense"]), max_size=12),
    st.randoms(),
)
def test_shuffled_and_repeated_receipts_end_alike(statuses: list[str], random: object) -> None:
    updates = [text_status(status) for status in statuses]
    shuffled = updates * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert fold(shuffled) == fold(sorted(updates, key=lambda update: update.rank))


def test_a_word_that_we_do_not_know_changes_nothing() -> None:
    assert text_status("teleported").rank == 0


@pytest.mark.parametrize(
    ("code", "retryable", "words"),
    [
        ("30003", True, "off or out of reach"),
        ("30005", False, "no longer in use"),
        ("30007", False, "filtered"),
        ("39999", True, "39999"),
        ("", True, "undelivered"),
    ],
)
def test_a_failed_text_says_why_and_whether_to_try_again(code: str, retryable: bool, words: str) -> None:
    update = text_status("undelivered", code)
    assert update.delivery is Delivery.FAILED
    assert update.retryable is retryable
    assert words in update.detail


@pytest.mark.parametrize("status", ["busy", "no-answer", "failed", "canceled"])
def test_a_call_that_nobody_took_has_failed(status: str) -> None:
    update = call_status(status)
    assert (update.delivery, update.retryable) == (Delivery.FAILED, True)


def test_a_machine_is_nobody() -> None:
    assert call_status("completed").delivery is Delivery.DELIVERED
    assert call_status("completed", AnsweredBy="human").delivery is Delivery.DELIVERED
    assert call_status("completed", AnsweredBy="machine_start").delivery is Delivery.FAILED
    assert call_status("in-progress", AnsweredBy="machine_start").delivery is Delivery.PENDING


def test_a_receipt_without_its_message_is_refused() -> None:
    with pytest.raises(Invalid):
        read_status({"MessageStatus": "sent"})
    with pytest.raises(Invalid):
        read_status({})


def test_without_a_public_url_nothing_can_be_signed_for_us() -> None:
    settings = replace(SETTINGS, public_url="")
    with pytest.raises(NotAllowed):
        read_form(settings, PATH, urlencode(FIELDS).encode(), signature(TOKEN, URL, FIELDS))
