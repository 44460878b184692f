"""`tocsin key create`: an API key for a program, limited by role and teams. The secret is printed once."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tocsin.app.installation import installation
from tocsin.app.keys import create_key
from tocsin.app.local_desk import local_desk
from tocsin.app.settings import from_environment
from tocsin.directory.model import Role
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)


@click.group("key")
def command() -> None:
    """API keys for programs."""


@command.command("create")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What it may do.")
@click.option("--team", "teams", multiple=True, help="Limit it to this team (id); may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
def create(name: str, role: str, teams: tuple[str, ...], *, as_json: bool, data: Path | None) -> None:
    """Create a key."""
    try:
        place = installation(from_environment(data=data))
        place.require()
        with local_desk(place) as desk:
            unknown = [team for team in teams if team not in desk.config().teams]
            if unknown:
                raise click.ClickException(f"There is no team {unknown[0]}.")
            secret = create_key(desk, CLI, place.ids, name=name, role=Role(role), team_ids=teams)
    except TocsinError as error:
        raise click.ClickException("; ".join(error.details) or error.message) from None
    click.echo(json.dumps({"api_key": secret}) if as_json else f"API key (shown once): {secret}")
