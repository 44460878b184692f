"""Which language a reader gets, and how sentences find their words."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from gettext import NullTranslations

import pytest

from tocsin.kernel.wording import nphrase, phrase
from tocsin.web import language
from tocsin.web.render import environment


class Words(NullTranslations):
    """A catalogue of a few sentences."""

    def __init__(self, words: Mapping[str, str]) -> None:
        super().__init__()
        self._words = words

    def gettext(self, message: str) -> str:
        """The sentence, as it is where it is not known."""
        return self._words.get(message, message)


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


def test_phrases_of_the_stations_are_said_wherever_a_template_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    german = Words({"%(who)s left%(how)s": "%(who)s ging%(how)s", " by %(way)s": " per %(way)s", "mail": "<Post>"})
    monkeypatch.setattr(language, "catalogue", lambda name: german if name == "de" else NullTranslations())
    left = phrase("%(who)s left%(how)s", who="<Bob>", how=phrase(" by %(way)s", way=phrase("mail")))
    assert left == "<Bob> left by mail"
    page = environment().from_string('{{ left }}|{{ _("%(left)s!", left=left) }}|{% trans %}{{ left }}.{% endtrans %}')
    english = "&lt;Bob&gt; left by mail"
    assert page.render(left=left) == f"{english}|{english}!|{english}."
    with language.speaking("de"):
        said = "&lt;Bob&gt; ging per &lt;Post&gt;"
        assert page.render(left=left) == f"{said}|{said}!|{said}."


@pytest.mark.parametrize(("num", "english"), [(1, "1 page"), (2, "2 pages"), (0, "0 pages")])
def test_a_phrase_with_a_number_has_two_forms(num: int, english: str) -> None:
    counted = nphrase("%(num)s page", "%(num)s pages", num)
    assert counted == english
    with language.speaking("de"):
        assert language.said(counted) == english, "what the catalogue lacks stays English"
    assert pickle.loads(pickle.dumps(counted)) == counted  # noqa: S301 - made here


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
