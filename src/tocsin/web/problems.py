"""Where the sentences of a refusal belong in a form. Decides nothing about them."""

from __future__ import annotations

from collections.abc import Mapping

from tocsin.kernel.errors import TocsinError


def at_fields(
    error: TocsinError | None, labels: Mapping[str, str]
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The engine's sentences at their fields, and the others. `labels`: how a sentence begins, and whose it is then."""
    at: dict[str, tuple[str, ...]] = {}
    other: list[str] = []
    for text in (error.details or (error.message,)) if error is not None else ():
        name = next((field for begin, field in labels.items() if text.startswith(begin)), "")
        if name:
            at[name] = (*at.get(name, ()), text)
        else:
            other.append(text)
    return at, tuple(other)
