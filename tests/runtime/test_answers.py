"""Answers that cross from the engine to an edge: what was refused arrives as it was said."""

from __future__ import annotations

import pytest

from tocsin.incidents.messages import Acknowledge
from tocsin.kernel.errors import Conflict, Invalid
from tocsin.kernel.wording import Phrase, nphrase, phrase
from tocsin.runtime.answers import read_answer, refused

COMMAND = Acknowledge(incident_id="Q1")


def test_a_refusal_arrives_with_its_phrases() -> None:
    said = phrase("%(who)s has %(what)s", who="Bob", what=nphrase("%(num)s page", "%(num)s pages", 3))
    with pytest.raises(Conflict) as caught:
        read_answer(COMMAND, refused(Conflict(said, details=(said, "plain"), reason="busy")))
    message, first = caught.value.message, caught.value.details[0]
    assert (message, caught.value.details, caught.value.reason) == ("Bob has 3 pages", (said, "plain"), "busy")
    for one in (message, first):
        assert isinstance(one, Phrase)
        assert (one.template, one.values["what"].many) == ("%(who)s has %(what)s", "%(num)s pages")


def test_a_refusal_in_plain_words_arrives_as_plain_words() -> None:
    with pytest.raises(Invalid, match="100 % wrong") as caught:
        read_answer(COMMAND, refused(Invalid("100 % wrong")))
    assert caught.value.message == "100 % wrong"
