"""A PostgreSQL database for tests that run real processes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.databases import fresh


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """An empty database of its own."""
    with fresh(postgres_server) as url:
        yield url
