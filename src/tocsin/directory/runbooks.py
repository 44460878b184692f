"""Runbooks: the page that says what to do about a service. Decides where a description names one."""

from __future__ import annotations

import re

_NAMED = re.compile(r"\brunbook:\s*(https?://[^\s<>\"]+)", re.ASCII | re.IGNORECASE)

_AFTER = ".,;:!?)]}'"
"""What ends a sentence or a bracket around an address is no part of it."""


def runbook_in(description: str | None) -> str:
    """The address after "Runbook:" in a description, "" if there is none: many tools have no field for it."""
    match = _NAMED.search(description or "")
    return match[1].rstrip(_AFTER) if match is not None else ""
