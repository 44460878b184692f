"""`tocsin restore FILE`: an installation from a backup, in a new folder or database, with sending fenced off."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.app.backup import lift_fence, restore
from tocsin.app.folder import refused_by_system
from tocsin.app.installation import installation
from tocsin.app.settings import from_environment
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import iso

CLI = Actor(ActorKind.SYSTEM, "", Via.CLI)


@click.command("restore")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), required=False)
@click.option("--confirm", is_flag=True, help="Let the restored installation send: it is the real one now.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
def command(file: Path | None, *, confirm: bool, data: Path | None) -> None:
    """Start again from the backup FILE, with sending fenced off.

    The folder (or the PostgreSQL database) has to be new. The restored installation works like any other, except that
    it pages nobody until `tocsin restore --confirm` says that it is the real one.
    """
    if confirm == (file is not None):
        raise click.UsageError("Give either a FILE or --confirm.")
    try:
        place = installation(from_environment(data=data))
        if file is None:
            lifted = lift_fence(place, CLI)
            click.echo("Sending goes on." if lifted else "Sending was not fenced off.")
            return
        manifest = restore(place, file, CLI)
    except TocsinError as error:
        raise click.ClickException("; ".join(error.details) or error.message) from None
    except OSError as error:
        raise click.ClickException(refused_by_system(error, "Can't use")) from None
    made = iso(manifest.header.created_at)
    click.echo(
        f"Restored the backup of {made}. Nobody is paged until `tocsin restore --confirm`, or an owner, says so."
    )
