"""Runs of workflows to look at: those on an incident, and the newest of each workflow."""

from __future__ import annotations

from sqlalchemy import Connection, select

from tocsin.storage import tables
from tocsin.storage.codec import load
from tocsin.workflows.model import Run

_R = tables.workflow_runs.c


def of_incident(connection: Connection, incident_id: str) -> list[Run]:
    """Every run on an incident, oldest first."""
    statement = select(_R.data).where(_R.incident_id == incident_id).order_by(_R.started_at, _R.id)
    return [load(Run, data) for data in connection.scalars(statement)]


def latest(connection: Connection, workflow_id: str, most: int) -> list[Run]:
    """The newest runs of a workflow, the newest first."""
    statement = select(_R.data).where(_R.workflow_id == workflow_id)
    newest = statement.order_by(_R.started_at.desc(), _R.id.desc()).limit(most)
    return [load(Run, data) for data in connection.scalars(newest)]
