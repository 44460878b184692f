"""What must be written down: every dependency, every setting, every change."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable

from tests.house.sources import ROOT, Source, files, sources

DEPENDENCIES = ROOT / "docs" / "dependencies.md"
SETTINGS = ROOT / "docs" / "settings.md"
REQUIREMENT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def required() -> set[str]:
    """Every dependency that we name ourselves: pyproject.toml, requirements/*.in, package.json here and of a test."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = list(project["dependencies"])
    for extra in project["optional-dependencies"].values():
        lines.extend(extra)
    for path in (ROOT / "requirements").glob("*.in"):
        lines.extend(path.read_text(encoding="utf-8").splitlines())
    names = {match.group().lower() for line in lines if (match := REQUIREMENT.match(line))}
    folders = [(ROOT, "dependencies")]
    folders += [(ROOT / "tests" / "peers" / peer, "devDependencies") for peer in ("javascript", "oidc")]
    for folder, kind in folders:
        names |= set(json.loads((folder / "package.json").read_text(encoding="utf-8"))[kind])
    return names


def setting_names(of: Iterable[Source]) -> set[str]:
    return {
        text for source in of for _, text in source.strings() if re.fullmatch(r"TOCSIN_[A-Z][A-Z0-9_]*[A-Z0-9]", text)
    }


def test_every_dependency_has_its_line() -> None:
    described = set(re.findall(r"^\| `([^`]+)` \|", DEPENDENCIES.read_text(encoding="utf-8"), re.MULTILINE))
    assert described == required()


def test_every_setting_is_documented() -> None:
    text = SETTINGS.read_text(encoding="utf-8")
    names = setting_names(source for source in sources() if source.place and not source.within(["testing"]))
    assert sorted(name for name in names if f"`{name}`" not in text) == []


def test_a_setting_is_found_in_code() -> None:
    assert setting_names([Source("src/tocsin/a.py", "x = read('TOCSIN_PORT')  # TOCSIN_OTHER")]) == {"TOCSIN_PORT"}


def test_the_changelog_is_kept() -> None:
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert text.startswith("# Changelog\n")
    assert "\n## Unreleased\n" in text


def test_the_glossary_says_each_term_once() -> None:
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = [term for row in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE) for term in row.split(", ")]
    assert len(terms) > 40
    assert sorted({term for term in terms if terms.count(term) > 1 and set(term) != {"-"}}) == []


def test_the_licence_is_there() -> None:
    assert "Apache License" in (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "LICENSE" in files()
