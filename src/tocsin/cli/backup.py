"""`tocsin backup FILE`: everything in one file, while the server runs."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.app.backup import make_backup
from tocsin.app.folder import refused_by_system
from tocsin.app.installation import installation
from tocsin.app.settings import from_environment
from tocsin.app.shelf import note_backup
from tocsin.kernel.errors import TocsinError


@click.command("backup")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
def command(file: Path, data: Path | None) -> None:
    """Copy everything into FILE, while serving.

    FILE holds secrets (API keys' and passwords' digests, integration keys, addresses): keep it as you keep those.
    """
    try:
        place = installation(from_environment(data=data))
        manifest = make_backup(place, file)
        note_backup(place, file, manifest.header.created_at)
    except TocsinError as error:
        raise click.ClickException(error.message) from None
    except OSError as error:
        raise click.ClickException(refused_by_system(error, "Can't write")) from None
    events = manifest.log.head - manifest.log.first + 1
    incidents = manifest.tables["incidents"].rows
    size = file.stat().st_size / 1_000_000
    click.echo(f"{file}: {incidents} incidents, {events} events, {size:.1f} MB, read back and verified.")
