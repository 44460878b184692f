"""Reads the repository for the house rules: its files, their syntax trees, the full names that code uses."""

from __future__ import annotations

import ast
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HOUSE = Path(__file__).resolve().parent
PROGRAM = "src/tocsin/"


@cache
def rules() -> dict[str, Any]:
    """The tables of rules.toml."""
    return tomllib.loads((HOUSE / "rules.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Source:
    """One Python file. `path` is relative to the repository; `place` is the path inside the program, or empty."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        return list(ast.walk(self.tree))

    @property
    def place(self) -> str:
        return self.path.removeprefix(PROGRAM) if self.path.startswith(PROGRAM) else ""

    @property
    def package(self) -> str:
        """The station, dialect folder ... that the file belongs to; empty for src/tocsin/__init__.py."""
        return self.place.split("/")[0] if "/" in self.place else ""

    def within(self, places: list[str]) -> bool:
        return any(self.place == place or self.place.startswith(f"{place}/") for place in places)

    @cached_property
    def aliases(self) -> dict[str, str]:
        """Local name -> full name, for everything imported anywhere in the file."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    root = alias.name.split(".")[0]
                    found[alias.asname or root] = alias.name if alias.asname else root
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for alias in node.names:
                    found[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        return found

    def imports(self) -> Iterator[tuple[int, str]]:
        """(line, full name) of each module imported and each name imported from one."""
        for node in self.nodes:
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)

    def uses(self) -> Iterator[tuple[int, str]]:
        """(line, full name) of imports and of dotted uses: `dt.datetime.now` is `datetime.datetime.now`."""
        yield from self.imports()
        for node in self.nodes:
            if isinstance(node, ast.Attribute) and (name := self.full_name(node)):
                yield node.lineno, name

    def full_name(self, node: ast.expr) -> str:
        """The full name of a dotted expression that starts at an import, else an empty text."""
        parts: list[str] = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name) and node.id in self.aliases:
            return ".".join([self.aliases[node.id], *reversed(parts)])
        return ""

    def strings(self) -> Iterator[tuple[int, str]]:
        """(line, text) of string constants that the program uses; docstrings are for readers and left out."""
        prose = {id(node.value) for node in self.nodes if isinstance(node, ast.Expr)}
        for node in self.nodes:
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
                yield node.lineno, node.value


@cache
def files() -> tuple[str, ...]:
    """Every file of the repository that is not ignored, committed or not yet."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(path for path in set(listed.split("\0")) if path and (ROOT / path).is_file()))


@cache
def sources() -> tuple[Source, ...]:
    """All Python files."""
    return tuple(Source(path, (ROOT / path).read_text(encoding="utf-8")) for path in files() if path.endswith(".py"))


def program() -> list[Source]:
    """The Python files of src/tocsin."""
    return [source for source in sources() if source.place]
