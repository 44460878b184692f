"""Where a description names a runbook."""

from __future__ import annotations

import pytest

from tocsin.directory.runbooks import runbook_in


@pytest.mark.parametrize(
    ("description", "found"),
    [
        ("Runbook: https://wiki.example.com/a", "https://wiki.example.com/a"),
        (
            "Takes the money.\nRUNBOOK:https://wiki.example.com/a?b=c#d\nOwner: Payments",
            "https://wiki.example.com/a?b=c#d",
        ),
        ("(runbook: http://wiki.example.com/a).", "http://wiki.example.com/a"),
        ('<a href="x">Runbook: https://wiki.example.com/a</a>', "https://wiki.example.com/a"),
        ("See the runbook: ask Bob", ""),
        ("https://wiki.example.com/a", ""),
        ("Runbook: javascript:alert(1)", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_the_address_after_the_word(description: str | None, found: str) -> None:
    assert runbook_in(description) == found
