"""Everything that a page says can be said in another language, and every catalogue says all of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from scripts.messages import LOCALE, found, updated
from scripts.shots import PAGES
from tests.web import defined_scene, pseudo, scenes, schedule_scene, shifts_scene, sign_in_scene
from tests.web.place import Browser, Place
from tocsin.runtime.attempts import HERE, Visitor
from tocsin.runtime.second_factor import STEP, code_at
from tocsin.web import agents, language

CATALOGUES = [name for name in language.LANGUAGES if name != language.SOURCE]
DRAWN = re.compile(r'\s(?:[xyr]|[xyc][12xy]|width|height)="[^"]*,[^"]*"')
"""A number of a drawing as people of a language write it: it would be drawn wrong."""

PLACES = re.compile(r"%\((\w+)\)s|%%")


def entries(name: str) -> list[Message]:
    with (LOCALE / f"{name}.po").open("rb") as file:
        return [one for one in read_po(file, locale=name) if one.id]


def forms(message: Message, *, translated: bool) -> list[str]:
    value = message.string if translated else message.id
    return [value] if isinstance(value, str) else list(value or ())


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_catalogue_has_exactly_the_sentences_that_there_are(name: str) -> None:
    text = (LOCALE / f"{name}.po").read_bytes()
    assert updated(name, text) == text, "run: make messages"


@pytest.mark.parametrize("name", CATALOGUES)
def test_every_sentence_is_translated(name: str) -> None:
    assert [one.id for one in entries(name) if not all(forms(one, translated=True) or [""])] == []
    assert [one.id for one in entries(name) if one.fuzzy] == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_a_translation_has_the_same_places(name: str) -> None:
    """A form for one may leave its number out."""
    wrong = []
    for message in entries(name):
        known = {place for form in forms(message, translated=False) for place in PLACES.findall(form)}
        for form in forms(message, translated=True):
            left = known ^ set(PLACES.findall(form))
            if left - ({"num", "count"} if message.pluralizable else set()):
                wrong.append((message.id, form))
    assert wrong == []


@pytest.mark.parametrize("name", CATALOGUES)
def test_what_surrounds_a_piece_of_a_sentence_stays(name: str) -> None:
    """An optional part begins with the space that parts it from the rest, in every language."""
    wrong = [
        (source, form)
        for message in entries(name)
        for source, form in zip(forms(message, translated=False), forms(message, translated=True), strict=False)
        if form and (source[:1] == " ") != (form[:1] == " ")
    ]
    assert wrong == []


def test_there_is_something_to_translate() -> None:
    assert len(found()) > 800
    assert found()["given to others"] == ("given to others", True)


def usual(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = scenes.usual(folder)
    return place, "alice", {name: path.format(**scenes.numbers(place)) for name, path in PAGES.items()}


def demo(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = scenes.usual(folder)
    scenes.staged(place, scenes.Show(3, scenes.numbers(place)["fire"]))
    return place, "alice", {"phones": PAGES["phones"], "end": PAGES["end"]}


def empty(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = scenes.empty(folder)
    return place, "erin", {name: path for name, path in PAGES.items() if "{" not in path and "/demo/" not in path}


def defined(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = defined_scene.defined(folder)
    known = defined_scene.places(place)
    return place, "erin", {name: path.format(**known) for name, path in defined_scene.PAGES.items()}


def scheduled(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = schedule_scene.schedules(folder)
    known = schedule_scene.places(place)
    return place, "alice", {name: path.format(**known) for name, path in schedule_scene.PAGES.items()}


def rostered(folder: Path) -> tuple[Place, str, dict[str, str]]:
    place = shifts_scene.rostered(folder)
    known = shifts_scene.places(place)
    return place, "alice", {name: path.format(**known) for name, path in shifts_scene.PAGES.items()}


@pytest.mark.parametrize("scene", [usual, demo, empty, defined, scheduled, rostered], ids=lambda one: str(one.__name__))
def test_no_page_says_anything_in_english_only(
    scene: Callable[[Path], tuple[Place, str, dict[str, str]]], tmp_path: Path
) -> None:
    place, who, pages = scene(tmp_path)
    assert offenders(place, who, pages) == {}
    place.close()


def test_no_page_of_signing_in_says_anything_in_english_only(tmp_path: Path) -> None:
    scene = sign_in_scene.scene(tmp_path)
    visitors = (sign_in_scene.HOME, sign_in_scene.PHONE, Visitor("testclient", "curl"), agents.NAMES)
    data, found = pseudo.data_of(scene.place, sign_in_scene.Keycloak.name, visitors), {}
    with pseudo.spoken():
        for name in sign_in_scene.PAGES:
            path, cookies = scene.way(name)
            browser = scene.place.client("", base="http://localhost")
            browser.headers["accept-language"] = pseudo.NAME
            for cookie, value in cookies.items():
                browser.cookies.set(cookie, value)
            found[name] = pseudo.untranslated(_pressed(scene, browser, name, browser.get(path).text), data)
    assert {name: left for name, left in found.items() if left} == {}
    scene.place.close()


def _pressed(scene: sign_in_scene.Scene, browser: Browser, name: str, html: str) -> str:
    """What the page's form answers, on those that are come to by one; else the page."""
    csrf = re.findall(r'name="csrf" value="(\w+)"', html)
    if name in ("wrong", "locked", "sent"):
        by = "link" if name == "sent" else "password"
        form = {"email": "carol@example.com", "password": "guessed", "by": by}
        for _ in range(HERE.most if name == "locked" else 0):
            browser.act("/sign-in", csrf=csrf[0], **form)
        html = browser.act("/sign-in", csrf=csrf[0], **form).text
        assert html.count('class="problem"') + html.count('class="notice"') > 0
    elif name in ("code-wrong", "set-up-wrong", "recovery"):
        secret = re.findall(r'class="secret">([A-Z2-7 ]+)<', html)
        right = name == "recovery" and code_at(secret[0].replace(" ", ""), scene.place.desk.clock.now() // STEP)
        html = browser.act("/sign-in/code", csrf=csrf[0], code=right or "1234567").text
        assert ('class="codes"' in html) is (name == "recovery")
    elif name == "recovery-new":
        html = browser.act("/me/recovery-new", csrf=csrf[0]).text
        assert 'class="codes"' in html
    return html


def test_what_is_in_english_only_is_found() -> None:
    names = re.compile(r"(?<!\w)(?:Web shop|shop)(?!\w)")
    page = """<html><head><title>Web shop · ⟦Services⟧</title></head><body>
        <p>⟦The service ⟧Web shop⟦ is well.⟧</p> <p>shop.example.com/a, TOCSIN_PORT, a.yml, 81 MB, summary "db"</p>
        <p translate="no">incident_key <b title="kept">raw</b></p> <code>curl</code> <p>typed</p>
        <p title="A title">Not ⟦said⟧ in shop</p> <input placeholder="Type"> <input placeholder="key" translate="no">
        <script>var word;</script> and/or</body></html>"""
    assert pseudo.untranslated(page, names, typed=["typed"]) == ["A title", "Not in", "Type", "and/or"]


def offenders(place: Place, who: str, pages: dict[str, str], inside: str = "html") -> dict[str, list[str]]:
    data = pseudo.data_of(place)
    found: dict[str, list[str]] = {}
    with pseudo.spoken():
        for name, path in pages.items():
            browser = place.client("" if name == "sign-in" else who)
            answer = browser.get(path, headers={"accept-language": pseudo.NAME})
            typed = [value for _name, value in parse_qsl(urlsplit(path).query)]
            left = pseudo.untranslated(answer.text, data, inside, typed) + DRAWN.findall(answer.text)
            if left:
                found[name] = left
    return found
