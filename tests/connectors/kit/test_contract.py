"""Every connector keeps the contract with the outbox pump."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.connectors._kit.contract import OutboundMessage, Outcome, Sender, SendResult
from tocsin.connectors._kit.text import DETAIL_CHARS
from tocsin.connectors.email.sender import EmailSender
from tocsin.connectors.email.settings import smtp_settings
from tocsin.connectors.sms_voice.sender import PhoneSender
from tocsin.connectors.sms_voice.settings import phone_settings
from tocsin.connectors.webhook.sender import WebhookSender
from tocsin.connectors.webhook.settings import WebhookSettings
from tocsin.directory.model import Channel
from tocsin.paging.model import Result

PASSWORD, TOKEN = "correct-horse", "battery-staple"
SECRETS = (PASSWORD, TOKEN, "secret-callback", "secret-link", "c2VjcmV0IHNlY3JldCBzZWNyZXQ=")


def everybody() -> Iterator[Sender]:
    """Each sender, aimed at a port where nobody listens."""
    nobody = "127.0.0.1:9"
    yield EmailSender(smtp_settings(f"smtp://user:{PASSWORD}@{nobody}", "alarm@example.org"), time.monotonic)
    yield PhoneSender(phone_settings("AC1", TOKEN, "+15005550006", base_url=f"http://{nobody}"), time.monotonic)
    yield WebhookSender(WebhookSettings(), time.monotonic)


SENDERS = list(everybody())


def test_together_they_serve_the_four_channels_of_this_house() -> None:
    channels = [channel for sender in SENDERS for channel in sender.channels]
    assert sorted(channels) == sorted([Channel.EMAIL, Channel.SMS, Channel.VOICE, Channel.WEBHOOK])


def test_outcomes_are_words_that_paging_knows() -> None:
    ours_alone = {Result.CANCELLED, Result.LOST}  # of messages that no sender reports on
    assert {outcome.value for outcome in Outcome} == {result.value for result in set(Result) - ours_alone}


messages = st.builds(
    OutboundMessage,
    id=st.text(max_size=30),
    channel=st.sampled_from([Channel.EMAIL, Channel.SMS, Channel.VOICE, Channel.WEBHOOK]),
    address=st.one_of(
        st.text(max_size=40),
        st.sampled_from(
            ["alice@example.com", "+12025550101", "https://127.0.0.1/", "https://[::1]/", "https://secret-link/"]
        ),
    ),
    subject=st.text(max_size=50),
    text=st.text(alphabet=st.characters(), max_size=200),
    spoken=st.text(alphabet=st.characters(), max_size=200),
    incident_ids=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    reply_code=st.text(max_size=4),
    ack_url=st.just("https://tocsin.example/secret-link"),
    callback_token=st.just("secret-callback"),
    secret=st.sampled_from(["", "whsec_c2VjcmV0IHNlY3JldCBzZWNyZXQ=", "whsec_secret-link!"]),
    payload=st.dictionaries(st.text(max_size=5), st.one_of(st.none(), st.floats(), st.text(), st.binary()), max_size=3),
)


@given(messages, st.integers(0, 4_000_000_000_000_000))
def test_whatever_the_message_a_sender_gives_a_result_without_secrets(message: OutboundMessage, now: int) -> None:
    for sender in SENDERS:
        if message.channel not in sender.channels:
            continue
        result = sender.send(message, now)
        assert isinstance(result, SendResult)
        assert result.outcome in (Outcome.RETRY, Outcome.REFUSED)
        assert 0 < len(result.detail) <= DETAIL_CHARS
        assert result.detail.isprintable()
        for secret in SECRETS:
            assert secret not in repr(result)
            assert secret not in repr(dataclasses.replace(message, address=""))


@pytest.mark.parametrize("sender", SENDERS, ids=lambda sender: type(sender).__name__)
def test_closing_twice_is_no_matter(sender: Sender) -> None:
    sender.close()
    sender.close()
