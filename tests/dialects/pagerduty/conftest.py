"""A house and a client for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.pagerduty.api import Api, House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """An installation with people, a team, a schedule, a policy and a service."""
    with House(tmp_path) as house:
        yield house


@pytest.fixture
def api(house: House) -> Iterator[Api]:
    """A client of it."""
    api = Api(house)
    yield api
    api.close()
