"""What files are called, what each must say, and what none may hold."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from tests.house.ratchet import Finding, hold
from tests.house.sources import ROOT, Source, files, program, rules, sources

BANNED_NAMES = rules()["modules"]["banned_names"]
REGISTRIES = rules()["registries"]["addresses"]
TO_DO = re.compile(r"\b(TODO(?! \(#\d+\))|FIXME|XXX)\b")


def drawers(paths: Iterable[str]) -> Iterator[Finding]:
    for path in paths:
        name = PurePosixPath(path).stem.lstrip("_").lower()
        if path.endswith(".py") and (name in BANNED_NAMES or PurePosixPath(path).parent.name in BANNED_NAMES):
            yield Finding(path, 1, "a drawer, not a name: say what is in it")


def undescribed(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        if len(ast.get_docstring(source.tree) or "") < len("What it decides."):
            yield Finding(source.path, 1, "no docstring: what does this file decide, and what does it never do?")


def loose_ends(of: Iterable[Source]) -> Iterator[Finding]:
    for source in of:
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline):
            if token.type == tokenize.COMMENT and TO_DO.search(token.string):
                yield Finding(source.path, token.start[0], "a to-do carries its issue, TODO (#12), or is done now")


def registry_addresses(paths: Iterable[str], root: Path) -> Iterator[Finding]:
    for path in paths:
        text = (root / path).read_bytes().decode(errors="ignore")
        for address in REGISTRIES:
            if address in text and path != "tests/house/rules.toml":
                yield Finding(
                    path, text[: text.index(address)].count("\n") + 1, f"{address} ties everybody to one registry"
                )


def numbered_migrations(folder: Path) -> list[str]:
    """What is wrong with the chain of migrations in a folder: they form one line, and are numbered along it."""
    wrong, before = [], None
    for number, path in enumerate(sorted(folder.glob("[0-9]*.py")), 1):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        constants = {}
        for node in tree.body:
            targets = (
                node.targets
                if isinstance(node, ast.Assign)
                else [node.target]
                if isinstance(node, ast.AnnAssign)
                else []
            )
            for target in targets:
                if isinstance(target, ast.Name) and isinstance(node.value, ast.Constant):  # type: ignore[attr-defined]
                    constants[target.id] = node.value.value  # type: ignore[attr-defined]
        if not re.fullmatch(rf"{number:04}_[a-z0-9_]+", path.stem):
            wrong.append(f"{path.name}: the {number}. migration is called {number:04}_what_it_does.py")
        if constants.get("down_revision", "missing") != before:
            wrong.append(f"{path.name}: comes after {constants.get('down_revision', 'missing')!r}, not {before!r}")
        before = constants.get("revision")
    return wrong


def test_modules_are_named_after_what_they_hold() -> None:
    hold("drawers", drawers(files()))


def test_every_module_says_what_it_is_for() -> None:
    hold("undescribed", undescribed(program()))


def test_to_dos_have_an_issue() -> None:
    hold("loose_ends", loose_ends(sources()))


def test_file_names_are_ascii() -> None:
    assert [path for path in files() if not path.isascii()] == []


def test_only_scripts_can_be_executed() -> None:
    programs = [path for path in files() if (ROOT / path).stat().st_mode & 0o111]
    assert [path for path in programs if not path.startswith(("scripts/", ".ci/"))] == []


def test_no_registry_is_named() -> None:
    hold("registry_addresses", registry_addresses(files(), ROOT))


def test_migrations_form_one_line() -> None:
    folders = {str((ROOT / path).parent) for path in files() if re.search(r"storage/.*migrations.*/\d+\w+\.py$", path)}
    assert [wrong for folder in sorted(folders) for wrong in numbered_migrations(Path(folder))] == []


@pytest.mark.parametrize("path", ["src/tocsin/web/utils.py", "src/tocsin/lib/a.py", "tests/_helpers.py"])
def test_drawers_are_found(path: str) -> None:
    assert list(drawers([path]))


@pytest.mark.parametrize("comment", ["TODO: later", "FIXME", "TODO (alice)"])
def test_loose_ends_are_found(comment: str) -> None:
    assert list(loose_ends([Source("src/tocsin/a.py", f"x = 1  # {comment}\n")]))
    assert not list(loose_ends([Source("src/tocsin/a.py", "x = 1  # TODO (#12): later\n")]))


def test_a_module_without_a_description_is_found() -> None:
    assert list(undescribed([Source("src/tocsin/a.py", "x = 1\n")]))


def test_a_registry_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.lock").write_text(f"--index-url https://{REGISTRIES[0]}\n")
    assert list(registry_addresses(["a.lock"], tmp_path))


def test_forked_migrations_are_found(tmp_path: Path) -> None:
    for name, before in (("0001_start", None), ("0002_add", "0001_start"), ("0003_fork", "0001_start")):
        (tmp_path / f"{name}.py").write_text(f"revision = {name!r}\ndown_revision = {before!r}\n")
    assert numbered_migrations(tmp_path) == ["0003_fork.py: comes after '0001_start', not '0002_add'"]
