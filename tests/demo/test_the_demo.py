"""The whole demo in a real browser: sign in, start, watch it escalate, answer on Bob's phone, read the end card.

`make demo AUTOPLAY=1` tells the same story without an audience.
"""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tocsin.testing.running import free_port

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
)


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[str]:
    """A running demo; its one-time sign-in link."""
    command = [sys.executable, "-u", "-m", "tocsin.cli.main", "demo", "--data", str(tmp_path / "demo")]
    command += ["--port", str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield next(line.split()[-1] for line in process.stdout if "sign in" in line)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def page() -> Iterator[Page]:
    """A browser's page."""
    program = next(filter(None, map(shutil.which, CHROMIUM)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield browser.new_page()
        browser.close()


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_visitor_plays_the_demo(demo: str, page: Page) -> None:
    page.goto(demo)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing is on fire").first).to_be_visible()

    page.get_by_role("link", name="Phones", exact=True).click()
    page.get_by_role("button", name="Start the incident").click()
    alice = page.get_by_label("Alice’s phone")
    expect(alice.get_by_text("12 % of payments fail")).to_be_visible(timeout=15_000)

    bob = page.get_by_label("Bob’s phone")
    expect(bob.get_by_text("Incoming call")).to_be_visible(timeout=30_000)
    bob.get_by_role("button", name="4").click()
    expect(bob.get_by_text(re.compile("pressed 4"))).to_be_visible(timeout=15_000)

    page.get_by_role("link", name="Open #1").click()
    expect(page.get_by_text("Acknowledged").first).to_be_visible()
    expect(page.get_by_role("heading", name="Why was I paged?")).to_be_visible()
    expect(page.get_by_text(re.compile("Demo: skipped 4 min")).first).to_be_visible()

    expect(page.get_by_text("people woken")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("Resolved").first).to_be_visible(timeout=10_000)


@pytest.mark.timeout(150)
def test_the_demo_plays_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tocsin.cli.main", "demo", "--data", str(tmp_path / "demo"), "--autoplay"]
    command += ["--port", str(free_port())]
    result = subprocess.run(command, capture_output=True, text=True, timeout=140, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^\s+2\s+people woken", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"pages from staging \(1 alert suppressed\)", result.stdout), result.stdout
