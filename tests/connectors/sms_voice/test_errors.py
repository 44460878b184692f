"""Every HTTP status of the phone provider has one meaning, and known codes sharpen it."""

from __future__ import annotations

import pytest

from tocsin.connectors._kit.contract import Outcome, Reason
from tocsin.connectors.sms_voice.errors import CODES, meaning

RETRY = {408, 409, 421, 425, 429, 504} | set(range(500, 600)) - {501, 504, 505} | set(range(100, 200))
RETRY -= {504}


def test_every_status() -> None:
    for status in range(100, 600):
        outcome = meaning(status).outcome
        if 200 <= status <= 299:
            assert outcome is Outcome.SENT
        elif status == 504:
            assert outcome is Outcome.UNKNOWN
        else:
            assert outcome is (Outcome.RETRY if status in RETRY else Outcome.REFUSED), status


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, Reason.CONTENT),
        (401, Reason.CREDENTIALS),
        (403, Reason.CREDENTIALS),
        (404, Reason.CONFIGURATION),
        (302, Reason.CONFIGURATION),
        (429, Reason.RATE),
        (500, Reason.PROVIDER),
        (503, Reason.PROVIDER),
    ],
)
def test_the_reason_names_what_to_look_at(status: int, reason: Reason) -> None:
    assert meaning(status).reason is reason


@pytest.mark.parametrize(
    ("status", "code", "outcome", "reason"),
    [
        (400, 21211, Outcome.REFUSED, Reason.ADDRESS),
        (400, 21408, Outcome.REFUSED, Reason.CONFIGURATION),
        (400, 21610, Outcome.REFUSED, Reason.OPTED_OUT),
        (400, 21614, Outcome.REFUSED, Reason.ADDRESS),
        (400, 21611, Outcome.RETRY, Reason.RATE),
        (400, 30034, Outcome.REFUSED, Reason.CONFIGURATION),
        (401, 20003, Outcome.REFUSED, Reason.CREDENTIALS),
        (429, 20429, Outcome.RETRY, Reason.RATE),
        (400, 99999, Outcome.REFUSED, Reason.CONTENT),
    ],
)
def test_a_known_code_sharpens_a_4xx(status: int, code: int, outcome: Outcome, reason: Reason) -> None:
    found = meaning(status, code)
    assert (found.outcome, found.reason) == (outcome, reason)


def test_no_code_makes_trouble_of_the_provider_permanent_or_a_failure_a_success() -> None:
    for code in CODES:
        assert meaning(500, code).outcome is Outcome.RETRY
        assert meaning(201, code).outcome is Outcome.SENT
        assert meaning(400, code).outcome is not Outcome.SENT


def test_every_code_has_a_sentence_without_a_name_of_a_person_or_number() -> None:
    assert all(found.sentence and not any(char.isdigit() for char in found.sentence) for found in CODES.values())
