"""What simulations share: a folder in memory and a quiet log."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import structlog

from tocsin.kernel import limits
from tocsin.testing.world import World

T = TypeVar("T")


@pytest.fixture(scope="package", autouse=True)
def small_bundles() -> Iterator[None]:
    """A message carries three pages and counts the others: lives are too short for fifty. Only in this folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limits, "BUNDLE_PAGES", 3)
        yield


@pytest.fixture(scope="session", autouse=True)
def quiet_log() -> None:
    """Thousands of refusals, outages and poisonous events would be logged."""
    plain = structlog.processors.KeyValueRenderer()  # the usual rendering of a stack takes seconds
    structlog.configure(processors=[plain], logger_factory=structlog.ReturnLoggerFactory())


@pytest.fixture
def worlds(memory: Path, new_folder: Path) -> Iterator[Worlds]:
    """As many worlds as a test wants, one after the other or at once."""
    made = Worlds(memory, new_folder)
    yield made
    made.close()


@pytest.fixture(scope="session")
def worlds_of_session(memory: Path, new_folder: Path) -> Iterator[Worlds]:
    """The same for a test that Hypothesis calls many times; it closes them itself."""
    made = Worlds(memory, new_folder)
    yield made
    made.close()


class Worlds:
    """Makes worlds, and removes them in the end."""

    def __init__(self, memory: Path, new_folder: Path) -> None:
        self._memory = memory
        self._new = new_folder
        self._made: list[World] = []
        self._staged: dict[Callable[[World], Any], tuple[Path, Any]] = {}

    def new(self) -> World:
        """An installation with nobody in it; always the same ids."""
        return self._copy(self._new, seed=1)

    def staged(self, stage: Callable[[World], T]) -> tuple[World, T]:
        """An installation on which `stage` was run, and what it returned. It is run once; later worlds are copies."""
        if stage not in self._staged:
            world = self._copy(self._new, seed=1)
            returned = stage(world)
            world.close()
            self._made.remove(world)
            self._staged[stage] = (world.folder, returned)
        folder, returned = self._staged[stage]
        return self._copy(folder, seed=2), returned

    def _copy(self, of: Path, *, seed: int) -> World:
        folder = Path(tempfile.mkdtemp(dir=self._memory, prefix="world-"))
        shutil.copytree(of, folder, dirs_exist_ok=True)
        self._made.append(World(folder, seed=seed))
        return self._made[-1]

    def close(self) -> None:
        """Close and remove every world."""
        while self._made:
            world = self._made.pop()
            world.close()
            shutil.rmtree(world.folder)
