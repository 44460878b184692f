"""Which language a reader gets, and how sentences find their words."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from gettext import NullTranslations

import pytest
from markupsafe import Markup

from tocsin.incidents.messages import IncidentAcknowledged
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.time import HOUR, MILLISECOND, parse_iso
from tocsin.kernel.wording import door, listed, nphrase, phrase, sentence_case, span_words
from tocsin.storage.codec import dump, plain
from tocsin.web import language
from tocsin.web.render import emphasised, environment
from tocsin.web.times import Times, zone_of


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


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("%(name)s", "&lt;i&gt;"),
        ("%(name)s%(name)s", "&lt;i&gt;&lt;i&gt;"),
        ("<b>%(name)s</b>", "<b>&lt;i&gt;</b>"),
        ("100%% of %(name)s", "100% of &lt;i&gt;"),
        ("%%(name)s", "%(name)s"),
        ("%%%(name)s", "%&lt;i&gt;"),
        ("%(name)r", "&#39;&lt;i&gt;&#39;"),
    ],
)
@pytest.mark.parametrize("used", ["{{ %s }}", "{%% set kept = %s %%}{{ kept }}", "{{ %s|safe }}", "{{ [%s]|first }}"])
def test_a_sentence_of_a_template_is_markup_however_it_is_made_and_used(sentence: str, shown: str, used: str) -> None:
    made = environment().from_string(used % f'_("{sentence}", name=name)')
    assert made.render(name="<i>") == shown


def test_a_sentence_without_its_value_fails_when_it_is_shown() -> None:
    made = environment().from_string('{% if wanted %}{{ _("Who is %(name)s?") }}{% endif %}')
    assert made.render(wanted=False) == ""
    with pytest.raises(KeyError):
        made.render(wanted=True)


@pytest.mark.parametrize("macro", ["person", "state", "icon"])
def test_what_is_kept_of_a_text_is_not_shown_for_markup_that_reads_like_it(macro: str) -> None:
    made = environment().from_string(f"{{{{ {macro}('', name{', name' if macro == 'state' else ''}) }}}}")
    assert "<i>" in made.render(name=Markup("<i>kept</i>"))
    assert "<i>" not in made.render(name="<i>kept</i>")
    assert "<i>" in made.render(name=Markup("<i>kept</i>"))


def test_phrases_of_the_stations_are_said_wherever_a_template_shows_them(monkeypatch: pytest.MonkeyPatch) -> None:
    german = Words({"%(who)s left%(how)s": "%(who)s ging%(how)s", " by %(way)s": " per %(way)s", "mail": "<Post>"})
    monkeypatch.setattr(language, "catalogue", lambda name: german if name == "de" else NullTranslations())
    left = phrase("%(who)s left%(how)s", who="<Bob>", how=phrase(" by %(way)s", way=phrase("mail")))
    assert left == "<Bob> left by mail"
    page = environment().from_string(
        '{{ left }}|{{ _("%(left)s!", left=left) }}|{% trans %}{{ left }}.{% endtrans %}|'
        '{% set kept = _("%(left)s?", left=left) %}{{ kept }}'
    )
    english = "&lt;Bob&gt; left by mail"
    assert page.render(left=left) == f"{english}|{english}!|{english}.|{english}?"
    with language.speaking("de"):
        said = "&lt;Bob&gt; ging per &lt;Post&gt;"
        assert page.render(left=left) == f"{said}|{said}!|{said}.|{said}?"


def test_a_template_says_its_sentences_in_the_language_that_is_spoken() -> None:
    """Each language has templates of its own, whichever was spoken first."""
    text = '{{ _("Now") }}|{{ pgettext("on call", "Next") }}|{{ _("Next") }}|{% trans %}All incidents{% endtrans %}'
    for spoken, said in (("en", "Now|Next|Next|All incidents"), ("de", "Jetzt|Als Nächstes|Weiter|Alle Vorfälle")) * 2:
        with language.speaking(spoken):
            assert environment().from_string(text).render() == said


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


@pytest.mark.parametrize(
    ("kept", "told"),
    [
        ("given to others", "an andere gegeben"),
        ("named in level 2 of Zahlung, pass 1 of 4", "genannt in Stufe 2 von Zahlung, Durchgang 1 von 4"),
        (
            "on call in Erste (level 1 of Zahlung, pass 1 of 4)",
            "in Bereitschaft in Erste (Stufe 1 von Zahlung, Durchgang 1 von 4)",
        ),
        (
            "answered by Bob; whether it went out before the crash is not known",
            "beantwortet von Bob; ob es vor dem Absturz hinausging, ist nicht bekannt",
        ),
        ("named in level 2 of All of Europe, pass 1 of 4", "genannt in Stufe 2 von All of Europe, Durchgang 1 von 4"),
        ("dropped by the rule “Noise” of Web", "verworfen durch die Regel „Noise“ von Web"),
        ("resolve: no open alert has this key", "lösen: kein offener Alarm hat diesen Schlüssel"),
        ("550 5.1.1 no such mailbox", "550 5.1.1 no such mailbox"),
        ("", ""),
    ],
)
def test_what_records_keep_in_english_is_found_again(kept: str, told: str) -> None:
    with language.speaking("de"):
        assert language.said(phrase(kept)) == told
    assert language.said(phrase(kept)) == kept


def test_parts_of_a_sentence_are_said_in_its_language() -> None:
    actor = Actor(ActorKind.USER, "alice", Via.VOICE)
    sentence = phrase("%(who)s acknowledged%(door)s%(until)s", who="Alice", door=door(actor), until="")
    with language.speaking("de"):
        assert language.said(sentence) == "Alice hat per Anruf quittiert"
        assert language.said(sentence_case(phrase("given to others"))) == "An andere gegeben"
        assert language.said(listed(["Alice", "Bob", phrase("nobody")])) == "Alice, Bob und niemand"
        assert language.said(span_words(1_900 * MILLISECOND)) == "1,9 s"
        assert language.said(nphrase("%(num)s incident", "%(num)s incidents", 2)) == "2 Vorfälle"
    assert sentence == "Alice acknowledged by phone call"
    assert listed(["Alice", "Bob", phrase("nobody")]) == "Alice, Bob and nobody"
    assert span_words(1_900 * MILLISECOND) == "1.9 s"


def test_a_name_in_a_sentence_can_be_bold_and_is_escaped() -> None:
    sentence = phrase("%(who)s wrote: %(text)s", who="<Bob>", text="a & b")
    with language.speaking("de"):
        assert emphasised(sentence) == "<b><bdi>&lt;Bob&gt;</bdi></b> hat geschrieben: a &amp; b"
    assert emphasised("no <phrase>") == "no &lt;phrase&gt;"


def test_a_phrase_is_stored_as_its_english() -> None:
    fact = IncidentAcknowledged(incident_id=phrase("level %(level)s", level=2))
    assert type(plain(fact)["incident_id"]) is str
    assert '"level 2"' in dump(fact)


def test_days_stand_as_the_language_writes_them_and_clocks_have_24_hours() -> None:
    times = Times(parse_iso("2026-01-06T14:14:07+00:00"), zone_of("Etc/UTC"))
    moments = [parse_iso(f"{day}T13:05:00+00:00") for day in ("2026-01-06", "2026-01-05", "2025-12-03", "2026-05-03")]
    assert [times.minute(one) for one in moments] == ["13:05", "Mon 13:05", "3 Dec 2025 13:05", "3 May 13:05"]
    with language.speaking("de"):
        assert [times.minute(one) for one in moments] == ["13:05", "Mo 13:05", "3. Dez. 2025 13:05", "3. Mai 13:05"]
        assert "vor 1 Tg. 2 h" in times.at(moments[1] - HOUR)


def test_a_word_that_is_meant_in_several_ways_is_said_in_several() -> None:
    with language.speaking("de"):
        assert (language.gettext("Next"), language.pgettext("on call", "Next")) == ("Weiter", "Als Nächstes")
        assert (language.gettext("Open"), language.pgettext("to do", "Open")) == ("Offen", "Öffnen")
    assert language.pgettext("on call", "Next") == "Next"
