"""`tocsin serve`: both roles under a supervisor, or one of them in this process."""

from __future__ import annotations

import errno
import importlib
import sys
from pathlib import Path

import click

from tocsin.app.folder import ROLE_TAKEN, die_with_parent, prepare, refused_by_system
from tocsin.app.settings import AppSettings, environment_for, from_environment
from tocsin.app.supervisor import CONFIGURATION, TAKEN, supervise
from tocsin.kernel.errors import Conflict, Invalid, TocsinError

ROLES = ("all", "edge", "engine", "hooks")

_BIND_FAILED = {errno.EADDRINUSE: TAKEN, errno.EACCES: CONFIGURATION, errno.EADDRNOTAVAIL: CONFIGURATION}
"""What a port or folder that can't be had means for whoever starts us again."""


@click.command("serve")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (TOCSIN_PORT, 8080).")
@click.option("--host", default="", help="Address to listen on (all of them).")
@click.option("--role", type=click.Choice(ROLES), default="all", show_default=True, help="What to run here.")
@click.option("--parent", type=int, default=0, hidden=True)
@click.option("--demo", "demo_url", default="", hidden=True)
def command(data: Path | None, port: int | None, host: str, role: str, parent: int, demo_url: str) -> None:
    """Accept events, page people, serve the pages and the APIs."""
    die_with_parent(parent)
    try:
        settings = from_environment(data=data, host=host, port=port)
        prepare(settings.data)
        if role == "all":
            _supervise(settings, host, demo_url)
        else:
            _run(role, settings, demo_url)
    except Invalid as error:
        _refuse(error.message, CONFIGURATION)
    except Conflict as error:
        _refuse(error.message, TAKEN if error.reason == ROLE_TAKEN else 1)
    except TocsinError as error:
        raise click.ClickException(error.message) from None
    except OSError as error:
        _refuse(refused_by_system(error, "Can't use"), _BIND_FAILED.get(error.errno or 0, 1))


def _refuse(message: str, code: int) -> None:
    click.echo(f"Error: {message}", err=True)
    sys.exit(code)


def _supervise(settings: AppSettings, host: str, demo_url: str) -> None:
    arguments = ["--data", str(settings.data), "--port", str(settings.port)]
    arguments += ["--host", host] if host else []
    arguments += ["--demo", demo_url] if demo_url else []
    sys.exit(supervise(("edge", "engine"), arguments, environment_for(settings)))


def _run(role: str, settings: AppSettings, demo_url: str) -> None:
    """Import the role's modules only here: the supervisor stays small."""
    importlib.import_module("tocsin.app.logs").configure(role)
    place = importlib.import_module("tocsin.app.installation").installation(settings)
    if role == "engine":
        importlib.import_module("tocsin.app.engine_role").run_engine(place)
    else:
        importlib.import_module("tocsin.app.edge_role").run_edge(place, demo_url=demo_url, hooks_only=role == "hooks")
