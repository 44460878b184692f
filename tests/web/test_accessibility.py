"""Every page by the rules of axe: WCAG 2.2 A and AA, and its good practices, once in each scheme and at each width."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from playwright.sync_api import Browser, sync_playwright

from scripts import npm, shots
from tests.web import defined_scene, scenes
from tests.web.serving import chromium, served, session_of

SOURCE: Final = Path(__file__).parent / "axe"
BUILD: Final = npm.ROOT / "build" / "axe"
RULES: Final = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
RUN: Final = """rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})
  .then(found => found.violations.map(one => [one.id, one.nodes.map(node => node.html.slice(0, 160)).slice(0, 3)]))"""

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def axe() -> str:
    """The rules as a script."""
    if not npm.fetched(SOURCE, BUILD):
        pytest.skip("NOT TESTED: axe-core could not be fetched from the npm registry")
    return (BUILD / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


def found_on(browser: Browser, address: str, session: str, paths: dict[str, str], axe: str, **looks: Any) -> list[Any]:
    """What axe objects to, page by page, with everything unfolded."""
    context = browser.new_context(**looks)
    objections: list[Any] = []
    for name, path in paths.items():
        context.clear_cookies()
        if name != "sign-in":
            context.add_cookies([{"name": "tocsin", "value": session, "url": address}])
        page = context.new_page()
        page.goto(address + path)
        page.evaluate("for (const one of document.querySelectorAll('main details')) one.open = true")
        page.evaluate(axe)
        objections += [(name, *one) for one in page.evaluate(RUN, list(RULES))]
        page.close()
    context.close()
    return objections


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", shots.SIZES)
@pytest.mark.parametrize("scene", ["empty", "full", "defined"])
def test_axe_objects_to_nothing(tmp_path: Path, browser: Browser, axe: str, scene: str, size: str, scheme: str) -> None:
    make = defined_scene.defined if scene == "defined" else getattr(scenes, scene)
    place = make(tmp_path)
    numbers = {**scenes.numbers(place), **defined_scene.places(place)}
    pages = defined_scene.PAGES if scene == "defined" else shots.PAGES
    paths = {name: path.format(**numbers) for name, path in pages.items() if name not in shots.DEMO}
    width, height = shots.SIZES[size]
    who = "alice" if "alice" in place.people and scene != "defined" else "erin"
    with served(place.app()) as address:
        looks: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
        assert found_on(browser, address, session_of(place, who), paths, axe, **looks) == []
    place.close()
