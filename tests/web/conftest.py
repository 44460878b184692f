"""A small installation with its pages, fresh for each test; made once and copied, because making it takes a while."""

from __future__ import annotations

import random
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.place import Place, small
from tocsin.kernel.ids import IdSource


@pytest.fixture(scope="session")
def mould(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """The installation that all others are copies of. Closed: only its files and names are used."""
    made = small(tmp_path_factory.mktemp("mould"))
    made.close()
    return made


@pytest.fixture
def place(mould: Place, tmp_path: Path) -> Iterator[Place]:
    """Alice is primary, Bob secondary, Carol manager, Erin owner, Mallory may look."""
    for file in mould.folder.iterdir():
        shutil.copy(file, tmp_path)
    made = Place(tmp_path, like=mould)
    yield made
    made.close()


@pytest.fixture
def ids() -> IdSource:
    """Ids from a seed."""
    return IdSource(random.Random(5))
