"""Every page by the rules of axe: WCAG 2.2 A and AA, and its good practices, once in each scheme and at each width."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, Page

from scripts import npm, shots
from tests.web import scenes, sign_in_scene
from tests.web.serving import served, session_of

SOURCE: Final = Path(__file__).parent / "axe"
BUILD: Final = npm.ROOT / "build" / "axe"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN: Final = """rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})
  .then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html.slice(0, 160)).slice(0, 3)]))"""

AT_REST = """for (const one of document.querySelectorAll('main .selection'))
  if (getComputedStyle(one).position === 'sticky') one.style.position = 'static'"""
"""A bar that sticks stands where it ends: which row it half covers is a matter of how far one has scrolled."""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def axe() -> str:
    """The rules as a script."""
    if not npm.fetched(SOURCE, BUILD):
        pytest.skip("NOT TESTED: axe-core could not be fetched from the npm registry")
    return (BUILD / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


def objections(page: Page, axe: str) -> list[Any]:
    """What axe objects to on this page, with everything unfolded."""
    page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
    page.evaluate(AT_REST)
    page.evaluate(axe)
    found: list[Any] = page.evaluate(RUN, list(RULES))
    return found


def found_on(browser: Browser, address: str, session: str, paths: dict[str, str], axe: str, **looks: Any) -> list[Any]:
    """The same, page by page."""
    context = browser.new_context(**looks)
    found: list[Any] = []
    for name, path in paths.items():
        context.clear_cookies()
        if name != "sign-in":
            context.add_cookies([{"name": "tocsin", "value": session, "url": address}])
        page = context.new_page()
        page.goto(address + path)
        found += [(name, *one) for one in objections(page, axe)]
        page.close()
    context.close()
    return found


LOOKS = pytest.mark.parametrize(("size", "scheme"), [("wide", "light"), ("narrow", "dark")])


def looks_of(size: str, scheme: str) -> dict[str, Any]:
    """How a browser is made that looks so."""
    width, height = shots.SIZES[size]
    return {"viewport": {"width": width, "height": height}, "color_scheme": scheme}


@LOOKS
@pytest.mark.parametrize("scene", ["empty", "full", *shots.OWN])
def test_axe_objects_to_nothing(tmp_path: Path, browser: Browser, axe: str, scene: str, size: str, scheme: str) -> None:
    place = (shots.MAKERS.get(scene) or getattr(scenes, scene))(tmp_path)
    numbers = shots.places(place)
    pages = shots.OWN.get(scene, shots.PAGES)
    paths = {name: path.format(**numbers) for name, path in pages.items() if name not in shots.DEMO}
    with served(place.app()) as address:
        session = session_of(place, shots.looks_at(place, scene))
        assert found_on(browser, address, session, paths, axe, **looks_of(size, scheme)) == []
    place.close()


@LOOKS
def test_axe_objects_to_nothing_where_people_sign_in(
    tmp_path: Path, browser: Browser, axe: str, size: str, scheme: str
) -> None:
    scene = sign_in_scene.scene(tmp_path)
    found: list[Any] = []
    with served(scene.place.app()) as address:
        for name in sign_in_scene.PAGES:
            context = browser.new_context(**looks_of(size, scheme))
            found += [(name, *one) for one in objections(scene.go(context, name, address), axe)]
            context.close()
    assert found == []
    scene.place.close()
