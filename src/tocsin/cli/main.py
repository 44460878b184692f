"""The command's entry: finds the module of a command and runs it. Decides nothing else."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

COMMANDS: Mapping[str, tuple[str, str]] = {
    "serve": ("tocsin.cli.serve", "run the server"),
    "setup": ("tocsin.cli.setup", "create the first owner"),
    "key": ("tocsin.cli.key", "create API keys"),
    "sign-in-link": ("tocsin.cli.sign_in_link", "let somebody sign in who has no password, without mail"),
    "backup": ("tocsin.cli.backup", "copy everything into one file, while serving"),
    "restore": ("tocsin.cli.restore", "start again from a backup, with sending fenced off"),
    "check": ("tocsin.cli.check", "would alarms reach somebody in the next 14 days?"),
    "simulate": ("tocsin.cli.simulate", "who would be paged, how and when, if an alarm arrived?"),
    "watch": ("tocsin.cli.watch", "watch a server from another machine and page when it fails"),
    "demo": ("tocsin.cli.demo", "an incident from alarm to answer, to look at"),
}
"""Every command: where it is and what it is for."""


class Lazy(click.Group):
    """A group that imports a command's module when the command is called."""

    def list_commands(self, _context: click.Context) -> list[str]:
        """Names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        """The command of this name."""
        if name not in COMMANDS:
            return None
        found: click.Command = importlib.import_module(COMMANDS[name][0]).command
        return found

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """The list in --help, without importing anything."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tocsin")
def cli(**_: Any) -> None:
    """Tocsin carries an alarm from the monitor to the person who answers it."""


def main() -> None:
    """Run the command line."""
    cli()


if __name__ == "__main__":
    main()
