"""Who may touch what: one clock, one reader of the environment, injected entropy, SQL in storage, pure stations."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator

import pytest

from tests.house.ratchet import Finding, hold
from tests.house.sources import ROOT, Source, program, rules, sources

STATIONS = rules()["stations"]
PUMPS = rules()["pumps"]["modules"]
VENDORS = rules()["vendors"]
SQL = re.compile(
    r"\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|CREATE\s+TABLE|PRAGMA)\s", re.DOTALL
)


def matches(name: str, banned: list[str]) -> str:
    """The banned name that `name` is or lies beneath, if any."""
    return next((ban for ban in banned if name == ban or name.startswith(f"{ban}.")), "")


def out_of_place(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        for rule in rules()["only_in"]:
            if source.within(rule["places"]):
                continue
            lines = {(line, ban) for line, name in source.uses() if (ban := matches(name, rule["names"]))}
            for line, ban in sorted(lines):
                yield Finding(source.path, line, f"{ban}: {rule['why']}")


def swallows(handler: ast.ExceptHandler) -> bool:
    """Whether it catches everything and does not end by raising, the same or what it means."""
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in caught
    )
    return broad and not isinstance(handler.body[-1], ast.Raise)


def broad_excepts(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        if source.within(PUMPS):
            continue
        for node in source.nodes:
            if isinstance(node, ast.ExceptHandler) and swallows(node):
                yield Finding(source.path, node.lineno, "catches everything; only the pumps may (rules.toml)")
            if isinstance(node, ast.Call) and source.full_name(node.func) == "contextlib.suppress":
                names = {arg.id for arg in node.args if isinstance(arg, ast.Name)}
                if names & {"Exception", "BaseException"}:
                    yield Finding(source.path, node.lineno, "suppresses everything; only the pumps may (rules.toml)")


def impurities(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        if source.package not in STATIONS["packages"]:
            continue
        allowed = {"tocsin", *STATIONS["allowed"].get(source.package, [])}
        for line, name in source.imports():
            root = name.split(".")[0]
            if root in allowed:
                continue
            if root not in sys.stdlib_module_names or matches(name, STATIONS["impure"]):
                yield Finding(
                    source.path, line, f"{name}: a station imports the pure part of the standard library only"
                )


def sql_texts(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        if not source.within(["storage"]):
            for line, text in source.strings():
                if SQL.match(text + " "):
                    yield Finding(source.path, line, f"SQL outside storage: {text[:40]!r}")


def words_used(source: Source) -> Iterator[tuple[int, str]]:
    """(line, text) of the file's path, its strings and every name in it."""
    yield 1, source.place
    yield from source.strings()
    for node in source.nodes:
        for field in ("id", "attr", "name", "arg"):
            if isinstance(text := getattr(node, field, None), str) and not isinstance(node, ast.alias):
                yield getattr(node, "lineno", 1), text


def vendor_words(of: Iterable[Source]) -> Iterator[Finding]:
    """Names and texts of vendors in code; comments and docstrings may say whose rule or limit is followed."""
    pattern = re.compile("|".join(map(re.escape, VENDORS["words"])), re.IGNORECASE)
    for source in of:
        if source.within(VENDORS["places"]):
            continue
        for line, text in words_used(source):
            if found := pattern.search(text):
                yield Finding(source.path, line, f"{found.group()} belongs to {', '.join(VENDORS['places'])}")


RULES = {
    "out_of_place": out_of_place,
    "broad_excepts": broad_excepts,
    "impurities": impurities,
    "sql_texts": sql_texts,
    "vendor_words": vendor_words,
}


@pytest.mark.parametrize("rule", RULES)
def test_the_program_keeps_its_hands_where_they_belong(rule: str) -> None:
    hold(rule, RULES[rule](program()))


def test_no_test_mocks() -> None:
    names = ["unittest.mock", "mock", "pytest_mock"]
    found = ((source, line, name) for source in sources() if not source.place for line, name in source.imports())
    hold(
        "mocks",
        (
            Finding(source.path, line, "fakes live in tocsin.testing")
            for source, line, name in found
            if matches(name, names)
        ),
    )


def test_the_import_contract_names_every_station() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    pure = next(contract for contract in contracts if contract["id"] == "pure")
    built = {f"tocsin.{source.package}" for source in program() if source.package in STATIONS["packages"]}
    assert sorted(built - set(pure["source_modules"])) == [], "name it in contract `pure` of [tool.importlinter]"


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        ("out_of_place", "engine/a.py", "import time\nx = time.monotonic()"),
        ("out_of_place", "engine/a.py", "from time import monotonic as tick\ntick()"),
        ("out_of_place", "web/a.py", "import datetime as dt\nx = dt.datetime.now(dt.UTC)"),
        ("out_of_place", "web/a.py", "from datetime import UTC, datetime\nx = datetime.now(UTC)"),
        ("out_of_place", "cli/a.py", "import os\nx = os.environ['HOME']"),
        ("out_of_place", "cli/a.py", "from os import getenv"),
        ("out_of_place", "web/a.py", "import random"),
        ("out_of_place", "testing/a.py", "import secrets"),
        ("out_of_place", "runtime/a.py", "from sqlalchemy import select"),
        ("out_of_place", "testing/a.py", "from unittest import mock"),
        ("broad_excepts", "web/a.py", "try: f()\nexcept Exception: pass"),
        ("broad_excepts", "web/a.py", "try: f()\nexcept (OSError, BaseException): x = 1"),
        ("broad_excepts", "web/a.py", "try: f()\nexcept: pass"),
        ("broad_excepts", "web/a.py", "import contextlib\nwith contextlib.suppress(Exception): f()"),
        ("impurities", "paging/a.py", "import httpx2"),
        ("impurities", "alerts/a.py", "import re2"),
        ("impurities", "kernel/a.py", "from pathlib import Path"),
        ("impurities", "oncall/a.py", "import urllib.request"),
        ("sql_texts", "runtime/a.py", "q = 'SELECT 1 FROM alerts'"),
        ("vendor_words", "paging/a.py", "def send_to_slack(): pass"),
        ("vendor_words", "paging/twilio.py", "x = 1"),
        ("vendor_words", "web/a.py", "x = 'PagerDuty'"),
    ],
)
def test_each_rule_bites(rule: str, path: str, code: str) -> None:
    assert list(RULES[rule]([Source(f"src/tocsin/{path}", code)]))


@pytest.mark.parametrize(
    ("rule", "path", "code"),
    [
        ("out_of_place", "runtime/clock.py", "import time\nx = time.monotonic()"),
        ("out_of_place", "web/a.py", "from datetime import UTC, datetime\nx = datetime(2026, 1, 1, tzinfo=UTC)"),
        ("out_of_place", "storage/tables.py", "import sqlalchemy as sa\nx = sa.select"),
        ("broad_excepts", "storage/a.py", "try: f()\nexcept BaseException:\n    undo()\n    raise"),
        ("broad_excepts", "app/a.py", "try: f()\nexcept Exception as error: raise OSError('gone') from error"),
        ("broad_excepts", "runtime/engine_loop.py", "try: f()\nexcept Exception: note()"),
        (
            "impurities",
            "events/a.py",
            "import re2\nfrom urllib.parse import urlsplit\nfrom tocsin.kernel.time import Moment",
        ),
        ("sql_texts", "web/a.py", "x = 'Select a person from the list'"),
        ("vendor_words", "kernel/a.py", 'LIMIT = 512\n"""As in PagerDuty."""'),
        ("vendor_words", "dialects/pagerduty/read.py", "x = 'PagerDuty'"),
    ],
)
def test_no_rule_bites_the_innocent(rule: str, path: str, code: str) -> None:
    assert not list(RULES[rule]([Source(f"src/tocsin/{path}", code)]))
