"""How long a file and a function may be."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from tests.house.ratchet import Finding, hold
from tests.house.sources import ROOT, Source, files, program, rules, sources

SIZES = rules()["sizes"]


def long_files(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        limit = SIZES["file_lines"] if source.place else SIZES["file_lines_loose"]
        lines = source.text.count("\n")
        if lines >= limit:
            yield Finding(source.path, 1, f"{lines} lines; split it before {limit}", lines)


def functions(source: Source) -> Iterator[tuple[int, str, int]]:
    """(line, name, lines) of each function, its decorators not counted."""
    for node in source.nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.lineno, node.name, (node.end_lineno or node.lineno) - node.lineno + 1


def long_functions(of: Iterable[Source]) -> Iterator[Finding]:
    limit = SIZES["function_lines"]
    for source in of:
        for line, name, lines in functions(source):
            if lines >= limit:
                yield Finding(
                    f"{source.path}:{name}", line, f"{lines} lines; a function fits a screen ({limit})", lines
                )


def test_files_are_short() -> None:
    hold("file_lines", long_files(sources()))


def test_functions_are_short() -> None:
    hold("function_lines", long_functions(program()))


def test_nine_functions_in_ten_are_very_short() -> None:
    limit, share = SIZES["short_function_lines"], SIZES["short_functions_of_ten"]
    sized = sorted(
        (lines, f"{source.path}:{line} {name}") for source in program() for line, name, lines in functions(source)
    )
    short = sum(lines < limit for lines, _ in sized)
    assert short * 10 >= len(sized) * share, (
        f"only {short} of {len(sized)} under {limit} lines; the longest: {sized[-9:]}"
    )


def test_no_file_is_big() -> None:
    hold("file_bytes", big_files((path, (ROOT / path).stat().st_size) for path in files()))


def big_files(sizes: Iterable[tuple[str, int]]) -> Iterator[Finding]:
    for path, size in sizes:
        if size > SIZES["catalogue_bytes" if path.endswith(".po") else "file_bytes"]:
            yield Finding(path, 1, f"{size} bytes", size)


def test_the_rules_bite() -> None:
    long_body = "def f():\n" + "    x = 1\n" * 80
    assert len(list(long_functions([Source("src/tocsin/a.py", long_body)]))) == 1
    assert not list(long_files([Source("src/tocsin/a.py", "\n" * 499)]))
    assert len(list(long_files([Source("src/tocsin/a.py", "\n" * 500)]))) == 1
    assert not list(long_files([Source("tests/test_a.py", "\n" * 500)]))
    sized = [("a.po", 999_999), ("b.po", 1_000_001), ("c.svg", 200_001), ("d.svg", 200_000)]
    assert [one.place for one in big_files(sized)] == ["b.po", "c.svg"]
