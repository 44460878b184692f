"""What a person hears of an answer by phone says what came of it."""

from __future__ import annotations

import pytest

from tocsin.app.callbacks import what_came_of_it
from tocsin.paging.model import Answer


def test_what_was_answered_is_said() -> None:
    assert what_came_of_it(Answer.ACKNOWLEDGE, 1) == "You have it. Nobody else will be called."
    assert what_came_of_it(Answer.RESOLVE, 2) == "Resolved. 2 incidents."


@pytest.mark.parametrize("answer", list(Answer))
def test_an_answer_that_answered_nothing_is_no_success(answer: Answer) -> None:
    assert what_came_of_it(answer, 0).startswith("There is nothing open to ")
