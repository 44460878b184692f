"""`tocsin key`: API keys for programs, limited by role and teams. A key's secret is printed once, when it is made."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from tocsin.app.installation import Installation, installation
from tocsin.app.local_desk import local_desk
from tocsin.app.settings import from_environment
from tocsin.directory.model import ApiKey, Role
from tocsin.engine.config import Config
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import iso
from tocsin.runtime.api_keys import create_key, revoke_key
from tocsin.runtime.desk import Desk

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)

_DATA = click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON only.")


@click.group("key")
def command() -> None:
    """API keys for programs."""


@command.command("create")
@click.option("--name", required=True, help="What the key is for.")
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True, help="What it may do.")
@click.option("--team", "teams", multiple=True, help="Limit it to this team (id); may be repeated.")
@_JSON
@_DATA
def create(name: str, role: str, teams: tuple[str, ...], *, as_json: bool, data: Path | None) -> None:
    """Create a key."""
    with _desk(data) as (place, desk):
        unknown = [team for team in teams if team not in desk.config().teams]
        if unknown:
            raise click.ClickException(f"There is no team {unknown[0]}.")
        secret = create_key(desk, CLI, place.ids, name=name, role=Role(role), team_ids=teams)
    click.echo(json.dumps({"api_key": secret}) if as_json else f"API key (shown once): {secret}")


@command.command("list")
@_JSON
@_DATA
def list_keys(*, as_json: bool, data: Path | None) -> None:
    """List the keys that work, oldest first: which they are, never their secrets."""
    with _desk(data) as (_, desk):
        config = desk.config()
    working = sorted(config.api_key_by_digest.values(), key=lambda key: (key.created_at, key.id))
    lines = [_line(config, key) for key in working]
    if as_json:
        click.echo(json.dumps({"api_keys": lines}))
        return
    for line in lines:
        limits = ", ".join(line["teams"]) or "every team"
        click.echo(f"{line['id']}  {line['hint']}  {line['created_at']}  {line['role']}, {limits}: {line['name']}")
    if not lines:
        click.echo("No key works. `tocsin key create` makes one.")


@command.command("revoke")
@click.argument("key_id", metavar="ID")
@_DATA
def revoke(key_id: str, *, data: Path | None) -> None:
    """Make the key ID (see `tocsin key list`) worthless, at once and for ever."""
    with _desk(data) as (place, desk):
        key = revoke_key(desk, CLI, key_id, place.clock.now())
    click.echo(f"The key {key.id} ({key.name}) is revoked.")


@contextmanager
def _desk(data: Path | None) -> Iterator[tuple[Installation, Desk]]:
    """The installation and a way to change it; what it refuses ends the command with the sentence."""
    try:
        place = installation(from_environment(data=data))
        place.require()
        with local_desk(place) as desk:
            yield place, desk
    except TocsinError as error:
        raise click.ClickException("; ".join(error.details) or error.message) from None


def _line(config: Config, key: ApiKey) -> dict[str, Any]:
    """A key as it is listed. `user`: the person whose rights it has, if it stands for one."""
    person = config.users.get(key.user_id) if key.user_id else None
    return {
        "id": key.id,
        "name": key.name,
        "role": str(person.role if person is not None else key.role),
        "user": person.email if person is not None else None,
        "teams": [config.teams[team_id].name if team_id in config.teams else team_id for team_id in key.team_ids],
        "hint": key.hint,
        "last_four": key.hint[-4:],
        "created_at": iso(key.created_at),
    }
