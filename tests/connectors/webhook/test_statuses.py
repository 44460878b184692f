"""Every HTTP status of a receiver has one meaning."""

from __future__ import annotations

import pytest

from tocsin.connectors._kit.contract import Outcome, Reason
from tocsin.connectors.webhook.statuses import meaning

RETRIED_4XX = {408, 409, 421, 423, 425, 429}
REFUSED_5XX = {501, 505}


def test_every_status() -> None:
    for status in range(100, 600):
        outcome, reason = meaning(status)
        match status // 100:
            case 2:
                expected = Outcome.SENT
            case 3:
                expected = Outcome.REFUSED
            case 4:
                expected = Outcome.RETRY if status in RETRIED_4XX else Outcome.REFUSED
            case 5:
                expected = Outcome.REFUSED if status in REFUSED_5XX else Outcome.RETRY
            case _:
                expected = Outcome.RETRY
        assert outcome is expected, status
        assert (reason is Reason.NONE) is (outcome is Outcome.SENT)


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (307, Reason.CONFIGURATION),
        (400, Reason.CONTENT),
        (401, Reason.CREDENTIALS),
        (410, Reason.GONE),
        (429, Reason.RATE),
        (502, Reason.PROVIDER),
    ],
)
def test_the_reason_names_what_to_look_at(status: int, reason: Reason) -> None:
    assert meaning(status)[1] is reason
