"""`tocsin setup`: the first owner, an API key and a link to sign in. Works once, with or without a running server."""

from __future__ import annotations

import json
from pathlib import Path

import click

from tocsin.app.first_things import first_things
from tocsin.app.installation import installation
from tocsin.app.local_desk import local_desk
from tocsin.app.settings import from_environment
from tocsin.app.tokens import SIGN_IN_PURPOSE, Tokens
from tocsin.directory.model import Role, User
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError
from tocsin.runtime.api_keys import create_key
from tocsin.storage.schema import read_installation_secret

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)


@click.command("setup")
@click.option("--name", required=True, help="The first owner's name.")
@click.option("--email", required=True, help="Their mail address.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the server, for the link (TOCSIN_PORT).")
def command(name: str, email: str, *, as_json: bool, data: Path | None, port: int | None) -> None:
    """Create the first owner."""
    try:
        place = installation(from_environment(data=data, port=port))
        with local_desk(place) as desk:
            if desk.config().owners:
                raise click.ClickException(
                    "There is an owner already. `tocsin key create` makes keys, `tocsin sign-in-link` lets people in."
                )
            owner: User = desk.run(
                CLI, SaveThing(thing_kind="user", thing=User(id="", name=name, email=email, role=Role.OWNER))
            )
            first_things(desk, CLI)
            secret = create_key(desk, CLI, place.ids, name="Setup", role=Role.OWNER, user_id=owner.id)
        token_secret = read_installation_secret(place.database(read_only=True)) or ""
        link = Tokens(token_secret).make(SIGN_IN_PURPOSE, owner.id, place.clock.now())
    except TocsinError as error:
        raise click.ClickException("; ".join(error.details) or error.message) from None
    url = f"{place.settings.base_url if port else place.address()}/sign-in/{link}"
    if as_json:
        click.echo(json.dumps({"api_key": secret, "sign_in_url": url}))
        return
    click.echo(f"API key (shown once): {secret}\nSign in within a day:  {url}")
