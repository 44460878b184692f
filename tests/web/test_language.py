"""Which language a reader gets, and how sentences find their words."""

from __future__ import annotations

import pytest

from tocsin.web import language
from tocsin.web.render import environment


@pytest.mark.parametrize(
    ("chosen", "accepted", "gets"),
    [
        ("", "", "en"),
        ("", "de", "de"),
        ("", "de-AT,en;q=0.5", "de"),
        ("", "fr,de;q=0.3,en;q=0.7", "en"),
        ("", "*;q=broken,;;,de", "de"),
        ("de", "en", "de"),
        ("xx", "de", "de"),
        ("", "de" * 10_000, "en"),
    ],
)
def test_what_was_chosen_counts_then_what_the_browser_asks_for(chosen: str, accepted: str, gets: str) -> None:
    assert language.wanted(chosen, accepted) == gets


def test_values_in_a_sentence_of_a_template_are_escaped() -> None:
    made = environment().from_string('{{ _("Who is %(name)s?", name=name) }}{% trans %}<b>{{ name }}</b>{% endtrans %}')
    assert made.render(name="<i>") == "Who is &lt;i&gt;?<b>&lt;i&gt;</b>"


@pytest.mark.parametrize(("count", "said"), [(1, "1 code is left"), (7, "7 codes are left")])
def test_a_template_says_how_many(count: int, said: str) -> None:
    text = "{% trans count=n %}{{ count }} code is left{% pluralize %}{{ count }} codes are left{% endtrans %}"
    assert environment().from_string(text).render(n=count) == said


def test_a_language_is_spoken_only_inside() -> None:
    with language.speaking("de"):
        assert language.current() == "de"
    assert language.current() == "en"


@pytest.mark.parametrize("name", language.LANGUAGES)
def test_every_language_has_its_catalogue(name: str) -> None:
    assert language.catalogue(name).ngettext("one", "many", 2) == "many"
