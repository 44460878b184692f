"""The whole demo in a real browser: sign in, start, watch it escalate, answer on Bob's phone, read the end card.

`make demo AUTOPLAY=1` tells the same story without an audience.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from playwright.sync_api import Browser, Page, expect

from tocsin.app.settings import NAMES
from tocsin.cli.main import cli
from tocsin.testing.demo import is_free, port_from
from tocsin.testing.demo_director import DIRECT
from tocsin.testing.running import free_port

NOT_HERE = ("DISPLAY", "WAYLAND_DISPLAY")
"""Without a display no browser's window is opened beside the one that the test drives."""


def environment(**more: str) -> dict[str, str]:
    """This one without a display, and with more."""
    return {**{name: text for name, text in os.environ.items() if name not in NOT_HERE}, **more}


@pytest.fixture
def introduced(tmp_path: Path) -> Iterator[list[str]]:
    """A running demo; the six lines that it ends its start with."""
    command = [sys.executable, "-u", "-m", "tocsin.cli.main", "demo", "--data", str(tmp_path / "demo")]
    command += ["--port", str(free_port())]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment())
    assert process.stdout is not None
    try:
        while process.stdout.readline().strip():
            pass
        yield [process.stdout.readline().strip() for _ in range(6)]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A browser's page."""
    with browser.new_context() as context:
        yield context.new_page()


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_a_visitor_plays_the_demo(introduced: list[str], page: Page) -> None:
    page.goto(introduced[1].split()[-1])
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Nothing is on fire").first).to_be_visible()

    page.get_by_role("link", name="Phones", exact=True).click()
    page.get_by_role("button", name="Start the incident").click()
    alice = page.get_by_label("Alice’s phone")
    expect(alice.get_by_text("12 % of payments fail")).to_be_visible(timeout=15_000)

    bob = page.get_by_label("Bob’s phone")
    expect(bob.get_by_text("Incoming call")).to_be_visible(timeout=30_000)
    bob.get_by_role("button", name="1").click()
    expect(bob.get_by_text(re.compile("pressed 1"))).to_be_visible(timeout=15_000)

    page.get_by_role("link", name="Open #1").click()
    expect(page.get_by_text("Acknowledged").first).to_be_visible()
    expect(page.get_by_role("heading", name="Why was I paged?")).to_be_visible()
    expect(page.get_by_text(re.compile("Demo: skipped 4 min")).first).to_be_visible()

    expect(page.get_by_text("people woken")).to_be_visible(timeout=40_000)
    expect(page.get_by_text("Resolved").first).to_be_visible(timeout=10_000)


@pytest.mark.timeout(60)
def test_six_lines_say_where_everything_is(introduced: list[str], tmp_path: Path) -> None:
    address = introduced[0].split()[-1]
    assert re.fullmatch(r"address +http://localhost:[0-9]+", introduced[0])
    assert re.fullmatch(rf"sign in +{address}/sign-in/\S+", introduced[1])
    assert re.fullmatch(rf"phones +{address}/demo/phones", introduced[2])
    assert re.fullmatch(rf"data +{re.escape(str(tmp_path / 'demo'))}", introduced[4])
    assert introduced[5] == "Ctrl-C stops, `make demo` resumes, `make demo-reset` starts over."
    program, url, flag, event = shlex.split(introduced[3].removeprefix("an alert"))
    assert (program, flag) == ("curl", "-d")
    with DIRECT.open(url, event.encode(), timeout=10) as answer:
        assert answer.status == 202


@pytest.mark.timeout(150)
def test_the_demo_plays_by_itself(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tocsin.cli.main", "demo", "--data", str(tmp_path / "demo"), "--autoplay"]
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        result = subprocess.run(
            command, capture_output=True, text=True, timeout=140, check=False, env=environment(TOCSIN_PORT=taken)
        )
    assert result.returncode == 0, result.stdout + result.stderr
    said = re.match(rf"Port {taken} is taken; the demo takes ([0-9]+)\.$", result.stdout, re.MULTILINE)
    assert said, result.stdout
    assert int(said[1]) > int(taken)
    assert f"address     http://localhost:{said[1]}\n" in result.stdout
    assert re.search(r"^\s+2\s+people woken", result.stdout, re.MULTILINE), result.stdout
    assert re.search(r"pages from staging \(1 alert suppressed\)", result.stdout), result.stdout


def demo(*words: str, **settings: str) -> Result:
    arguments = ["demo", "--data", "never-made", *words]
    return CliRunner().invoke(cli, arguments, env=dict.fromkeys(NAMES, "") | settings)


def test_a_port_that_was_asked_for_is_not_exchanged_for_another() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = str(other.getsockname()[1])
        result = demo("--port", taken, TOCSIN_PORT="8080")
    assert (result.exit_code, result.output) == (
        1,
        f"Error: Port {taken} is taken. Without --port the demo looks for a free one.\n",
    )
    assert "TOCSIN_PORT must be a whole number" in demo(TOCSIN_PORT="http").output


def test_the_ports_after_the_one_that_is_taken_are_tried_in_order() -> None:
    said: list[str] = []
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        first = other.getsockname()[1]
        assert not is_free(first)
        port = port_from(first, said.append)
        assert port > first
        assert all(not is_free(one) for one in range(first, port))
        assert said == [f"Port {first} is taken; the demo takes {port}."]
    assert port_from(port, said.append) == port
    assert len(said) == 1
