"""The list of what is served says the truth."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.dialects.pagerduty.test_openapi import DESCRIPTION, UNDOCUMENTED
from tocsin.dialects import pagerduty
from tocsin.dialects.pagerduty.routes import ROUTES

ROW = re.compile(r"\| (/\S*) \| ([A-Z ]*?) ?\| (yes|partly|no) \| (.*) ?\|")
LIST = (Path(pagerduty.__file__).parent / "parity.md").read_text(encoding="utf-8")


def shape(path: str) -> str:
    """A path with its parameters unnamed."""
    return re.sub(r"\{[^}]*\}", "{}", path)


ROWS = {match[1]: (set(match[2].split()), match[3], match[4].strip()) for match in ROW.finditer(LIST)}
SERVED = {shape(path): set(handlers) for path, handlers in ROUTES}


def test_each_line_is_true() -> None:
    for path, (methods, served, note) in ROWS.items():
        found = SERVED.get(shape(path), set()) & methods
        assert bool(found) == (served != "no"), path
        assert served != "yes" or found == methods, path
        assert served != "partly" or note, path


def test_no_route_is_left_out() -> None:
    listed = {(method, shape(path)) for path, (methods, _, _) in ROWS.items() for method in methods}
    routes = {(method, shape(path)) for path, handlers in ROUTES for method in handlers}
    assert routes - listed == {(method, shape(path)) for method, path in UNDOCUMENTED}


def test_the_counts_at_the_top_are_right() -> None:
    counts = {word: sum(served == word for _, served, _ in ROWS.values()) for word in ("yes", "partly", "no")}
    assert f"{counts['yes']} yes, {counts['partly']} partly, {counts['no']} no." in LIST


@pytest.mark.skipif(
    not DESCRIPTION.exists(), reason="NOT TESTED: the vendor's OpenAPI description is not beside this checkout"
)
def test_every_path_of_the_vendor_is_listed() -> None:
    assert set(ROWS) == set(json.loads(DESCRIPTION.read_text(encoding="utf-8"))["paths"])
