"""Writes with something missing, wrong, too long or of nobody: the vendor's list of errors, and nothing has changed."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.dialects.pagerduty.api import Api, House, Reply
from tests.dialects.pagerduty.bad_writes import NO_BODY, WRITES, Row
from tests.dialects.pagerduty.matrix import MATRIX, address
from tests.dialects.pagerduty.test_bad_input import LONG, RESOURCES, mutations
from tests.dialects.pagerduty.test_openapi import shape
from tests.dialects.pagerduty.test_permissions import state
from tocsin.dialects.pagerduty.routes import ROUTES
from tocsin.incidents.model import Incident

REFUSED = (400, 403, 404, 413)
"""403: a subscription of nobody is one that is not the caller's to make."""

WRONG: tuple[Any, ...] = (5, "", LONG, [], {"id": 5}, None, "\x00\ud800")


def test_every_write_has_its_bad_input() -> None:
    """A route of a thing is covered by its resource; every other one has a row."""
    collections = {shape(one.collection) for one in RESOURCES}
    rest = set()
    for path, handlers in ROUTES:
        for method in {"POST", "PUT"} & set(handlers):
            of = shape(path) if method == "POST" else shape(path).removesuffix("/{}")
            if of not in collections or (method == "PUT" and of == shape(path)):
                rest.add((method, path))
    assert rest == set(WRITES)


@pytest.fixture
def house(crowded: Path, tmp_path: Path) -> Iterator[House]:
    with House(shutil.copytree(crowded, tmp_path, dirs_exist_ok=True), seed=3) as house:
        yield house


@pytest.fixture
def incident(house: House) -> Incident:
    return house.reads.incidents(limit=1).items[0]


def changed(body: Any, dotted: str, value: Any, *, gone: bool = False) -> Any:
    """The body with another value at a place, or without it."""
    body = copy.deepcopy(body)
    *way, last = dotted.split(".")
    at = body
    for step in way:
        at = at[int(step)] if isinstance(at, list) else at[step]
    if gone:
        assert last in at, "the body that succeeds has it"
        del at[last]
    else:
        at[int(last) if isinstance(at, list) else last] = value
    return body


def wrongs(row: Row, body: Any) -> Iterator[tuple[str, Any]]:
    """Bodies that have to be refused, and what is wrong with each."""
    for name in row.required:
        yield f"no {name}", changed(body, name, None, gone=True)
        for empty in (None, ""):
            yield f"{name} is {empty!r}", changed(body, name, empty)
        yield f"{name} is an array of numbers", changed(body, name, [5])
    for name in row.dangling:
        yield f"{name} is of nobody", changed(body, name, "PNOBODY")
        yield f"{name} is no text", changed(body, name, {"id": 5})
    for name in row.texts:
        yield f"{name} is too long", changed(body, name, LONG)
        yield f"{name} is an array", changed(body, name, [LONG[:9]])


def refused(reply: Reply, what: str) -> None:
    """With a sentence for each problem; "Not Found", or who may not say so, needs none."""
    dangles = what.endswith("of nobody")
    assert reply.status in ((400, 403, 404) if dangles else (400,)), (what, reply)
    assert type(reply.code) is int
    told = sentences(reply)
    assert told or (dangles and reply.status == 404), (what, reply)
    assert all(type(one) is str and one for one in told)


def sentences(reply: Reply) -> list[Any]:
    """What an answer complains about: a list, or by field."""
    errors: Any = reply.body["error"]["errors"]
    return [text for texts in errors.values() for text in texts] if isinstance(errors, dict) else errors


ROWS = [key for key, row in WRITES.items() if row is not NO_BODY]


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_what_is_wrong_is_refused_and_nothing_changes(
    api: Api, house: House, incident: Incident, method: str, path: str
) -> None:
    row, to = WRITES[method, path], address(path, house, incident)
    body = row.valid(method, path, house, incident)
    who = caller(method, path)
    before = state(house)
    for what, wrong in wrongs(row, body):
        reply = api.request(method, to, wrong, key=who)
        refused(reply, what)
        assert state(house) == before, what
    assert api.request(method, to, body, key=who).status in (200, 201, 202, 204), "the body itself succeeds"


def caller(method: str, path: str) -> str:
    """Who may do it: the owner, or the one person whose word it is."""
    allowed = MATRIX[method, path].allowed
    return "root" if "root" in allowed else min(allowed)


@pytest.mark.parametrize(("method", "path"), ROWS)
def test_no_wrong_value_breaks_a_write(api: Api, house: House, incident: Incident, method: str, path: str) -> None:
    """Each part of the body in turn is each wrong thing: what is refused has the envelope and changes nothing."""
    row, to = WRITES[method, path], address(path, house, incident)
    who, count = caller(method, path), 0
    before = state(house)
    for wrong in mutations(row.valid(method, path, house, incident), WRONG):
        reply = api.request(method, to, raw=json.dumps(wrong).encode(), key=who)
        assert reply.status in (200, 201, 202, 204, *REFUSED), (wrong, reply)
        if reply.status >= 400:
            count += 1
            assert all(type(one) is str for one in sentences(reply)), (wrong, reply)
            assert state(house) == before, wrong
        else:
            before = state(house)
    assert count >= 10
