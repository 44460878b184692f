"""Screenshots of every page into build/shots: each scene, wide and narrow, light and dark.

    make shots ARGS="usual full --only now,incident --wide"

From a seeded installation in this process, so that two runs differ only where pages do. Uses the system's Chromium.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "build" / "shots"
sys.path.insert(0, str(ROOT))

from tests.web import (  # noqa: E402 - found beside this folder, not installed
    defined_scene,
    scenes,
    schedule_scene,
    shifts_scene,
    sign_in_scene,
)
from tests.web.place import Place  # noqa: E402
from tests.web.serving import chromium, served, session_of  # noqa: E402
from tocsin.web.language import COOKIE  # noqa: E402

FONTS = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>/usr/share/fonts</dir>
<cachedir>{cache}</cachedir>
<match><test name="family"><string>Segoe UI</string></test><edit name="family" mode="assign" binding="strong">
<string>Inter</string><string>Roboto</string><string>Noto Sans</string><string>DejaVu Sans</string></edit></match>
</fontconfig>"""
"""A screenshot shows what most people have: a modern system font, where one is installed."""

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}
SCENES = (
    *("empty", "calm", "usual", "answered", "full", "crowd", "defined", "schedules", "shifts", "shifts-full"),
    *("demo", "demo-over", "sign-in"),
)
DEMO = ("phones", "end")
SHOWS = {"demo": "usual", "demo-over": "answered"}
"""Scenes of the demo, and what they are staged in."""

PAGES = {
    "now": "/",
    "incidents": "/incidents",
    "incidents-all": "/incidents?view=all",
    "incidents-none": "/incidents?q=nothing+is+called+like+this",
    "incidents-select": "/incidents?select=1",
    "incidents-filtered": "/incidents?urgency=high&sort=urgent&q=e",
    "incident": "/incidents/{fire}",
    "incident-held": "/incidents/{held}",
    "incident-over": "/incidents/1",
    "new": "/incidents/new",
    "alerts": "/alerts",
    "alerts-open": "/alerts?state=open",
    "events": "/alerts?tab=events",
    "suppressed": "/alerts?tab=suppressed",
    "event": "/alerts/events/3",
    "alert": "/alerts/{alert}",
    "oncall": "/on-call",
    "services": "/services",
    "services-two": "/services?page=2",
    "me": "/me",
    "find": "/find?q=pay",
    "phones": "/demo/phones",
    "end": "/demo/end",
    "not-found": "/incidents/9999",
    "sign-in": "/sign-in",
}

VIEWS = {
    "incidents-unanswered": "/incidents?view=unanswered",
    "incidents-mine": "/incidents?view=mine",
    "incidents-team": "/incidents?view=team",
}
"""The list of incidents again, with other rows: to look at. Tests that hold every page hold the list."""

MAKERS = {
    "defined": defined_scene.defined,
    "schedules": schedule_scene.schedules,
    "shifts": shifts_scene.rostered,
    "shifts-full": shifts_scene.crowded,
}
OWN = {
    "defined": defined_scene.PAGES,
    "schedules": schedule_scene.PAGES,
    "shifts": shifts_scene.PAGES,
    "shifts-full": shifts_scene.PAGES,
}
"""Scenes with a builder and pages of their own."""


def looks_at(place: Place, scene: str) -> str:
    """Who looks at a scene: whoever it is about, else an owner."""
    return "alice" if "alice" in place.people and scene not in ("defined", "schedules") else "erin"


def places(place: Place) -> dict[str, Any]:
    """The ids and numbers that addresses of pages hold."""
    found: dict[str, Any] = {**scenes.numbers(place)}
    for other in (defined_scene, shifts_scene, schedule_scene):
        found |= {name: value for name, value in other.places(place).items() if value or name not in found}
    return found


@dataclass(frozen=True)
class Shot:
    """One picture to make."""

    scene: str
    page: str
    path: str
    size: str
    scheme: str

    @property
    def file(self) -> Path:
        return OUT / self.scene / f"{self.page}-{self.size}-{self.scheme}.png"


def wanted(options: argparse.Namespace, scene: str, numbers: dict[str, Any]) -> Iterator[Shot]:
    """The pictures of one scene."""
    shared = {**PAGES, **VIEWS}
    pages = {**shared, **defined_scene.PAGES, **shifts_scene.PAGES, **schedule_scene.PAGES}
    usual = OWN.get(scene, shared)
    if scene == "sign-in":
        pages = usual = sign_in_scene.PAGES
    only = options.only.split(",") if options.only else [page for page in usual if scene in SHOWS or page not in DEMO]
    sizes = [
        size for size in SIZES if not (options.wide and size != "wide") and not (options.narrow and size != "narrow")
    ]
    schemes = ["light"] if options.light else ["dark"] if options.dark else ["light", "dark"]
    for page in only:
        path = pages[page].format(**numbers)
        for size in sizes:
            for scheme in schemes:
                yield Shot(scene, page, path, size, scheme)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", nargs="*", default=SCENES)
    parser.add_argument("--only", default="", help="names of pages, separated by commas")
    parser.add_argument("--language", default="", help="the pages' language, as in their cookie: de")
    for flag in ("wide", "narrow", "light", "dark", "viewport"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        fonts = Path(folder) / "fonts.conf"
        fonts.write_text(FONTS.format(cache=Path(folder) / "fontcache"), encoding="utf-8")
        os.environ["FONTCONFIG_FILE"] = str(fonts)
        for scene in options.scenes:
            take(options, scene, Path(folder))
    return 0


def take(options: argparse.Namespace, scene: str, folder: Path) -> None:
    """All pictures of one scene."""
    home = folder / scene
    home.mkdir()
    if scene == "sign-in":
        take_sign_in(options, home)
        return
    make = MAKERS.get(scene) or getattr(scenes, SHOWS.get(scene, scene))
    place = make(home)
    numbers = places(place)
    session = session_of(place, looks_at(place, scene))
    if scene in SHOWS:
        scenes.staged(place, scenes.Show(3, numbers["fire"]) if scene == "demo" else scenes.Show(9, 5))
    with served(place.app()) as address, sync_playwright() as playwright:
        browser = chromium(playwright)
        for shot in wanted(options, scene, numbers):
            context = looking(browser, shot, options.language, address)
            if shot.page != "sign-in":
                context.add_cookies([{"name": "tocsin", "value": session, "url": address}])
            page = context.new_page()
            page.goto(address + shot.path)
            keep(page, shot, options)
        browser.close()
    place.close()


def take_sign_in(options: argparse.Namespace, home: Path) -> None:
    """The pages of signing in: each is come to in a way of its own."""
    scene = sign_in_scene.scene(home)
    with served(scene.place.app()) as found, sync_playwright() as playwright:
        address = found.replace("127.0.0.1", "localhost")  # where browsers allow passkeys
        browser = chromium(playwright)
        for shot in wanted(options, "sign-in", dict.fromkeys(("token", "alice"), "")):
            keep(scene.go(looking(browser, shot, options.language, address), shot.page, address), shot, options)
        browser.close()
    scene.place.close()


def looking(browser: Browser, shot: Shot, language: str, address: str) -> BrowserContext:
    """A browser as wide and as dark as the picture."""
    width, height = SIZES[shot.size]
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if shot.scheme == "dark" else "light",
        device_scale_factor=2 if shot.size == "narrow" else 1,
        has_touch=shot.size == "narrow",
        is_mobile=shot.size == "narrow",
    )
    if language:
        context.add_cookies([{"name": COOKIE, "value": language, "url": address}])
    return context


def keep(page: Page, shot: Shot, options: argparse.Namespace) -> None:
    """Write the picture, and close the browser that it is of."""
    shot.file.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=shot.file, full_page=not options.viewport)
    print(shot.file.relative_to(ROOT))
    page.context.close()


if __name__ == "__main__":
    sys.exit(main())
