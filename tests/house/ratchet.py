"""Holds findings against the exceptions of ratchet.toml: nothing new gets in, nothing mended may stay listed."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.house.sources import HOUSE


class Finding(NamedTuple):
    """One breach of a rule. `place` is what ratchet.toml would name; `size` is compared where the rule is a limit."""

    place: str
    line: int
    says: str
    size: int = 1

    def __str__(self) -> str:
        return f"{self.place}:{self.line}: {self.says}"


def problems(findings: Iterable[Finding], tolerated: Mapping[str, int]) -> list[str]:
    """What is wrong, one sentence each. For a limit the tolerated size is a figure, else the number of findings."""
    by_place: dict[str, list[Finding]] = {}
    for finding in findings:
        by_place.setdefault(finding.place, []).append(finding)
    wrong: list[str] = []
    for place, found in by_place.items():
        if sum(finding.size for finding in found) > tolerated.get(place, 0):
            wrong.extend(str(finding) for finding in found)
    for place, allowed in tolerated.items():
        actual = sum(finding.size for finding in by_place.get(place, []))
        if actual < allowed:
            wrong.append(f"{place}: better than ratchet.toml says ({actual} < {allowed}): write the new figure there")
    return wrong


def hold(rule: str, findings: Iterable[Finding]) -> None:
    """Fail with every breach of `rule` that ratchet.toml does not tolerate."""
    table = tomllib.loads((HOUSE / "ratchet.toml").read_text(encoding="utf-8"))
    wrong = problems(findings, table.get(rule, {}))
    assert not wrong, f"{rule}:\n  " + "\n  ".join(wrong)
