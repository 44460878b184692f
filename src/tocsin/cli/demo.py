"""`tocsin demo`: an incident from alarm to answer, on real processes, to look at and to play."""

from __future__ import annotations

from pathlib import Path

import click

from tocsin.testing.demo import Demo, DemoFailed, free_port


@click.command("demo")
@click.option("--data", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder of the demo.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8080 or the next free one).")
@click.option("--autoplay", is_flag=True, help="Tell the story once without an audience, then stop.")
def command(data: Path, port: int | None, *, autoplay: bool) -> None:
    """Show an incident from alarm to answer, on real processes."""
    try:
        Demo(data.absolute(), free_port(port, click.echo), click.echo, autoplay=autoplay).run()
    except DemoFailed as error:
        raise click.ClickException(str(error)) from None
