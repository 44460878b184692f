"""`tocsin sign-in-link MAIL`: a link that signs somebody in once, for an installation without mail."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from tocsin.app.installation import installation
from tocsin.app.local_desk import local_desk
from tocsin.app.settings import from_environment
from tocsin.app.tokens import SIGN_IN_LIFE, SIGN_IN_PURPOSE, Tokens
from tocsin.engine.things import SaveThing
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import MINUTE
from tocsin.storage.schema import read_installation_secret

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)


@click.command("sign-in-link")
@click.argument("mail")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the server, for the link (TOCSIN_PORT).")
def command(mail: str, *, as_json: bool, data: Path | None, port: int | None) -> None:
    """Make a link that signs the person with the address MAIL in: once, within 15 minutes.

    Whoever holds the link is that person: give it to nobody else. The audit trail says that it was made.
    """
    try:
        place = installation(from_environment(data=data, port=port))
        place.require()
        with local_desk(place) as desk:
            user = desk.config().user_by_email.get(mail.strip().lower())
            if user is None or not user.active:
                raise click.ClickException(f"Nobody who may sign in has the address {mail}.")
            now = place.clock.now()
            # On record first: there is never a link of which the audit trail knows nothing.
            noted = replace(user, link_made_at=now)
            desk.run(CLI, SaveThing(thing_kind="user", thing=noted, fields=("link_made_at",)))
        secret = read_installation_secret(place.database(read_only=True)) or ""
    except TocsinError as error:
        raise click.ClickException("; ".join(error.details) or error.message) from None
    link = Tokens(secret).make(SIGN_IN_PURPOSE, user.id, now, SIGN_IN_LIFE)
    url = f"{place.settings.base_url if port else place.address()}/sign-in/{link}"
    if as_json:
        click.echo(json.dumps({"sign_in_url": url, "minutes": SIGN_IN_LIFE // MINUTE}))
        return
    click.echo(f"Sign in as {user.name}, once, within {SIGN_IN_LIFE // MINUTE} minutes:  {url}")
