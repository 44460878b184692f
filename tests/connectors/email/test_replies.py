"""Every SMTP reply in every phase has one meaning."""

from __future__ import annotations

import pytest

from tocsin.connectors._kit.contract import Outcome, Reason
from tocsin.connectors.email.replies import Phase, meaning

EARLY = [phase for phase in Phase if phase is not Phase.DOT]


@pytest.mark.parametrize("phase", EARLY)
def test_before_the_dot_4xx_is_later_5xx_is_no_and_nonsense_is_later(phase: Phase) -> None:
    for code in [-1, *range(1000)]:
        outcome, reason = meaning(code, phase)
        assert outcome is (Outcome.REFUSED if 500 <= code <= 599 else Outcome.RETRY)
        assert reason is not Reason.NONE


def test_after_the_dot_only_a_clear_yes_is_sent_and_nonsense_leaves_it_open() -> None:
    for code in [-1, *range(1000)]:
        expected = {2: Outcome.SENT, 4: Outcome.RETRY, 5: Outcome.REFUSED}.get(code // 100, Outcome.UNKNOWN)
        assert meaning(code, Phase.DOT)[0] is expected


@pytest.mark.parametrize(
    ("code", "phase", "reason"),
    [
        (550, Phase.RECIPIENT, Reason.ADDRESS),
        (554, Phase.DOT, Reason.CONTENT),
        (552, Phase.DATA, Reason.CONTENT),
        (550, Phase.SENDER, Reason.CONFIGURATION),
        (554, Phase.GREETING, Reason.CONFIGURATION),
        (535, Phase.LOGIN, Reason.CREDENTIALS),
        (530, Phase.SENDER, Reason.CREDENTIALS),
        (502, Phase.TLS, Reason.TLS),
        (454, Phase.TLS, Reason.TLS),
        (421, Phase.SENDER, Reason.PROVIDER),
        (451, Phase.RECIPIENT, Reason.PROVIDER),
    ],
)
def test_the_reason_names_what_to_look_at(code: int, phase: Phase, reason: Reason) -> None:
    assert meaning(code, phase)[1] is reason
