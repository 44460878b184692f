"""A house and a client for each test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.pagerduty.api import Api, House
from tests.dialects.pagerduty.matrix import populated


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a house in it, to be copied: quicker than building one for each test."""
    folder = tmp_path_factory.mktemp("house")
    House(folder).close()
    return folder


@pytest.fixture(scope="session")
def crowded(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the populated house, to be copied for each test."""
    folder: Path = shutil.copytree(built, tmp_path_factory.mktemp("crowd"), dirs_exist_ok=True)
    with House(folder) as house:
        populated(house)
    return folder


@pytest.fixture
def house(built: Path, tmp_path: Path) -> Iterator[House]:
    """An installation with people, a team, a schedule, a policy and a service."""
    with House(shutil.copytree(built, tmp_path, dirs_exist_ok=True)) as house:
        yield house


@pytest.fixture
def api(house: House) -> Iterator[Api]:
    """A client of it."""
    api = Api(house)
    yield api
    api.close()
