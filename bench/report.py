"""What a benchmark found: one line for each figure, with its target where there is one. Decides no figures."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One figure. `target` in words, `met` None where nothing is promised."""

    part: str
    name: str
    value: float
    unit: str
    target: str = ""
    met: bool | None = None
    note: str = ""

    def line(self) -> str:
        """As a row of the table."""
        verdict = {None: "", True: "met", False: "NOT met"}[self.met]
        row = f"({self.part})  {self.name:<58} {number(self.value):>9} {self.unit:<9} {self.target:<22} {verdict:<8}"
        return f"{row} {self.note}".rstrip()


@dataclass
class Report:
    """All figures of a run."""

    machine: dict[str, Any] = field(default_factory=dict)
    figures: list[Figure] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)

    def add(self, figure: Figure) -> None:
        """Keep a figure and show it."""
        self.figures.append(figure)
        print(figure.line(), flush=True)

    def value(self, part: str, name: str) -> float | None:
        """A figure measured before, None if it was not."""
        return next((one.value for one in self.figures if (one.part, one.name) == (part, name)), None)

    def to_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "machine": self.machine,
            "figures": [asdict(figure) for figure in self.figures],
            "details": self.details,
        }


def number(value: float) -> str:
    """As many digits as mean something."""
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2f}".rstrip("0").rstrip(".")


def say(text: str) -> None:
    """What is going on, between the figures."""
    print(f"     {text}", flush=True)
