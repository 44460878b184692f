"""`tocsin demo`: an incident from alarm to answer, on real processes, to look at and to play."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.app.settings import from_environment
from tocsin.kernel.errors import TocsinError
from tocsin.testing.demo import Demo, DemoFailed, is_free, port_from


@click.command("demo")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the demo.")
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port to listen on (TOCSIN_PORT, 8080, or the next free one)."
)
@click.option("--autoplay", is_flag=True, help="Tell the story once without an audience, then stop.")
def command(data: Path, port: int | None, *, autoplay: bool) -> None:
    """Show an incident from alarm to answer, on real processes."""
    try:
        Demo(data.absolute(), _port(port), click.echo, autoplay=autoplay).run()
    except DemoFailed as error:
        raise click.ClickException(str(error)) from None
    except TocsinError as error:
        raise click.ClickException(error.message) from None


def _port(wanted: int | None) -> int:
    """The one that was asked for and no other; else the first free one from the setting on."""
    if wanted is None:
        return port_from(from_environment().port, click.echo)
    if not is_free(wanted):
        raise DemoFailed(f"Port {wanted} is taken. Without --port the demo looks for a free one.")
    return wanted
