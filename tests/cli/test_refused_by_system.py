"""What the system refuses is said in a sentence, without its numbers."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from tests.cli.test_setup import setup
from tocsin.cli.main import cli


def test_a_backup_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    setup(tmp_path / "data")
    result = CliRunner().invoke(cli, ["backup", "/nonexistent/x", "--data", str(tmp_path / "data")])
    assert result.exit_code == 1
    assert result.output.startswith("Error: Can't write /nonexistent/x")
    assert result.output.endswith(": No such file or directory.\n")


def test_a_data_folder_that_can_not_be_made() -> None:
    result = CliRunner().invoke(cli, ["serve", "--data", "/proc/x"])
    assert result.exit_code == 1
    assert result.output == "Error: Can't use /proc/x: No such file or directory.\n"
