"""`tocsin check`: would alarms reach somebody in the next fourteen days? Ends with 1 if that is doubtful."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from tocsin.app.installation import installation
from tocsin.app.providers import providers
from tocsin.app.readiness import checked
from tocsin.app.settings import from_environment
from tocsin.engine.readiness import Finding, Weight
from tocsin.kernel.errors import TocsinError
from tocsin.storage.database import DatabaseError
from tocsin.web.findings import said


@click.command("check")
@click.option("--strict", is_flag=True, help="End with 1 for notes too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
@click.pass_context
def command(context: click.Context, *, strict: bool, as_json: bool, data: Path | None) -> None:
    """Check that alarms would reach somebody in the next 14 days.

    Looks at the configuration only; run it with the server's own settings. Ends with 0 (ready), 1 (problems) or 2
    (could not look).
    """
    try:
        place = installation(from_environment(data=data))
        config = place.stored_config()
        with closing(place.database(read_only=True)) as database:
            found = checked(config, place.settings, providers(place, database), place.clock.now())
    except TocsinError as error:
        click.echo(f"Error: {error.message}", err=True)
        context.exit(2)
    except DatabaseError as error:
        click.echo(f"Error: the database can't be read: {str(error)[:300]}", err=True)
        context.exit(2)
    if as_json:
        click.echo(json.dumps([_as_json(one) for one in found]))
    else:
        for one in found:
            click.echo(f"{'!!' if one.weight is Weight.PROBLEM else ' -'} {said(one)}")
    problems = [one for one in found if strict or one.weight is Weight.PROBLEM]
    if not as_json:
        click.echo(f"{len(problems)} to mend." if problems else "Ready for the next 14 days.")
    context.exit(1 if problems else 0)


def _as_json(one: Finding) -> dict[str, object]:
    subject = {"kind": one.subject.kind, "id": one.subject.id}
    return {"weight": one.weight, "text": said(one), "code": one.code, "subject": subject}
