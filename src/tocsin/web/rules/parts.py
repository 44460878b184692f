"""The parts of a rule of which there may be several: a row of fields each, and what such rows mean.

A row that is left empty is no part; a row that nobody touched stays exactly as it was stored. What is valid beyond
being filled in the engine says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from tocsin.engine.path_rules import ITEMS
from tocsin.events.evaluate import TEXT_FIELDS
from tocsin.events.orchestration import Actions, Call, Extraction, Variable
from tocsin.kernel.wording import phrase
from tocsin.web.language import gettext as _

ROW_NAME: Final = re.compile(r"(variable|extraction|call|update)-([0-9]{1,2})-([a-z]+)", re.ASCII)
"""The name of a field in a row: which part, which row, which field."""

TARGETS: Final = tuple(f"event.{name}" for name in (*TEXT_FIELDS, "severity", "event_action", "custom_details"))
"""What an extraction may set; a detail under `event.custom_details.` as well."""


@dataclass(frozen=True, slots=True)
class PartField:
    """A field of a row. `kind`: line, text (several lines), check, or custom (one of the incidents' custom fields)."""

    name: str
    label: str
    hint: str = ""
    kind: str = "line"
    suggests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A kind of row. `attribute` of `Actions` holds what the rows mean. `another`: the button for a row more.

    `row` names one, for those who don't see it, by its number; `empty`: what an empty row is.
    """

    name: str
    attribute: str
    title: str
    row: Callable[[int], str]
    another: str
    empty: str
    hint: str
    fields: tuple[PartField, ...]


_PATTERN_HINT: Final = "([a-z]+)-[0-9]+"

PARTS: Final = (
    Part(
        "variable", "variables", phrase("Variables"), lambda number: phrase("Variable %(number)s", number=number),
        phrase("Another variable"), phrase("An empty row is no variable."),
        phrase("What a pattern finds (its groups, or all of it), for the texts below and of later rules: "
               "{{variables.name}}."),
        (
            PartField("name", phrase("Name"), "host"),
            PartField("path", phrase("Look in"), "event.source", suggests=TARGETS),
            PartField("regex", phrase("for the pattern"), _PATTERN_HINT, "text"),
        ),
    ),
    Part(
        "extraction", "extractions", phrase("Fields to set"),
        lambda number: phrase("Field to set %(number)s", number=number),
        phrase("Another field to set"), phrase("An empty row is no field to set."),
        phrase("Each by a text, or by what a pattern finds; where it finds nothing, the field stays."),
        (
            PartField("target", phrase("Field"), "event.component", suggests=(*TARGETS, "event.custom_details.")),
            PartField("template", phrase("becomes the text"), phrase("on {{event.source}}"), "text"),
            PartField("source", phrase("or: look in"), "event.source", suggests=TARGETS),
            PartField("regex", phrase("for the pattern"), _PATTERN_HINT, "text"),
        ),
    ),
    Part(
        "call", "calls", phrase("Web calls"), lambda number: phrase("Web call %(number)s", number=number),
        phrase("Another web call"), phrase("An empty row is no web call."),
        phrase("Headers and parameters stand one on a line."),
        (
            PartField("name", phrase("Name")),
            PartField("url", phrase("Address"), "https://…"),
            PartField("headers", phrase("Headers"), phrase("Name: value"), "text"),
            PartField("parameters", phrase("Parameters"), phrase("name: value"), "text"),
            PartField("auto", phrase("At once"), phrase("without somebody asking for it"), "check"),
        ),
    ),
    Part(
        "update", "field_updates", phrase("Fields of the incident"),
        lambda number: phrase("Field of the incident %(number)s", number=number),
        phrase("Another field of the incident"), phrase("An empty row is no field of the incident."), "",
        (PartField("id", phrase("Field"), kind="custom"), PartField("value", phrase("becomes"), kind="text")),
    ),
)  # fmt: skip

NAMES: Final = frozenset(part.name for part in PARTS)


class Found:
    """Problems of a form while it is read: which field, which sentence."""

    def __init__(self) -> None:
        self.at: dict[str, tuple[str, ...]] = {}

    def add(self, name: str, sentence: str) -> None:
        """One problem more."""
        self.at[name] = (*self.at.get(name, ()), sentence)


def plain(text: str) -> str:
    """A stored text as a browser sends it back: line ends are single."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def is_same(typed: str, shown: str) -> bool:
    """Whether a field still holds what it was shown with; one of a single line can't hold line ends."""
    return plain(typed) in (shown, shown.replace("\n", ""))


def filled_rows(actions: Actions) -> dict[str, str]:
    """The fields of all rows of stored actions."""
    found: dict[str, str] = {}
    for part in PARTS:
        for number, one in enumerate(getattr(actions, part.attribute)):
            begin = f"{part.name}-{number}-"
            found[f"{begin}was"] = str(number)
            found |= {begin + name: plain(text) for name, text in _FILL[part.name](one).items()}
    return found


def rows(typed: Mapping[str, str], part: str) -> list[int]:
    """The numbers of the rows of a part, in their order."""
    found = {int(match[2]) for name in typed if (match := ROW_NAME.fullmatch(name)) and match[1] == part}
    return sorted(found)


def rows_to_show(typed: Mapping[str, str], part: str, more: str = "") -> list[int]:
    """The rows of a part, and an empty one at the end for the next; `more`: the part of which another was asked for."""
    numbers = rows(typed, part)
    following = numbers[-1] + 1 if numbers else 0
    last_is_empty = bool(numbers) and is_empty(typed, f"{part}-{numbers[-1]}-")
    if len(numbers) < ITEMS and (not last_is_empty or more == part):
        numbers.append(following)
    return numbers


def is_empty(typed: Mapping[str, str], begin: str) -> bool:
    """Whether nothing was typed into a row."""
    return not any(text.strip() for name, text in typed.items() if name.startswith(begin) and name != f"{begin}was")


def actions_with_rows(typed: Mapping[str, str], old: Actions, offered: Iterable[str], problems: Found) -> Actions:
    """The actions with what the rows of the offered parts mean. A stored row that the form does not name stays."""
    shown = filled_rows(old)
    changes: dict[str, Any] = {}
    for part in PARTS:
        if part.name in offered:
            changes[part.attribute] = _items(typed, part, getattr(old, part.attribute), shown, problems)
    return replace(old, **changes)


def _items(
    typed: Mapping[str, str], part: Part, old: tuple[Any, ...], shown: Mapping[str, str], problems: Found
) -> tuple[Any, ...]:
    found, named = [], set[int]()
    for number in rows(typed, part.name):
        begin = f"{part.name}-{number}-"
        base = _base(typed.get(f"{begin}was", ""), old)
        if base is not None:
            named.add(base)
        row = {one.name: plain(typed.get(begin + one.name, "")) for one in part.fields}
        if base is not None and all(is_same(row[name], shown[f"{part.name}-{base}-{name}"]) for name in row):
            found.append(old[base])
        elif any(text.strip() for text in row.values()):
            found.append(_READ[part.name](row, old[base] if base is not None else None, begin, problems))
    return (*found, *(one for number, one in enumerate(old) if number not in named))


def _base(was: str, old: tuple[Any, ...]) -> int | None:
    """The stored part that a row was made from."""
    return int(was) if was.isascii() and was.isdigit() and len(was) < 3 and int(was) < len(old) else None


def _variable(row: Mapping[str, str], _old: object, begin: str, problems: Found) -> Variable:
    needed = {"name": _("Give it a name."), "path": _("Say where to look."), "regex": _("Say what for.")}
    for name, sentence in needed.items():
        if not row[name].strip():
            problems.add(begin + name, sentence)
    return Variable(name=row["name"].strip(), path=row["path"].strip(), regex=row["regex"])


def _extraction(row: Mapping[str, str], _old: object, begin: str, problems: Found) -> Extraction:
    target, template, source, regex = row["target"].strip(), row["template"], row["source"].strip(), row["regex"]
    if not target:
        problems.add(f"{begin}target", _("Say which field, for instance event.component."))
    if template and (source or regex):
        problems.add(f"{begin}template", _("Either a text, or a pattern with where to look: not both."))
    elif not template and not regex:
        problems.add(f"{begin}template", _("Say what it becomes: a text, or a pattern with where to look."))
    elif regex and not source:
        problems.add(f"{begin}source", _("Say where the pattern is to look."))
    if template:
        return Extraction(target=target, template=template)
    return Extraction(target=target, source=source, regex=regex)


def _call(row: Mapping[str, str], old: Call | None, begin: str, problems: Found) -> Call:
    for name, sentence in {"name": _("Give it a name."), "url": _("Say which address is called.")}.items():
        if not row[name].strip():
            problems.add(begin + name, sentence)
    base = old or Call(name="", url="")
    return replace(
        base,
        name=row["name"].strip(),
        url=row["url"].strip(),
        auto_send=bool(row["auto"]),
        headers=_pairs(row["headers"], base.headers, f"{begin}headers", problems),
        parameters=_pairs(row["parameters"], base.parameters, f"{begin}parameters", problems),
    )


def _pairs(text: str, old: tuple[tuple[str, str], ...], name: str, problems: Found) -> tuple[tuple[str, str], ...]:
    if is_same(text, _lines(old)):
        return old
    found = []
    for line in filter(str.strip, text.split("\n")):
        key, colon, value = line.partition(":")
        if not colon or not key.strip():
            problems.add(name, _("“%(line)s” is not written as Name: value.", line=line.strip()[:80]))
        found.append((key.strip(), value.strip()))
    return tuple(found)


def _update(row: Mapping[str, str], _old: object, begin: str, problems: Found) -> tuple[str, str]:
    if not row["id"].strip():
        problems.add(f"{begin}id", _("Say which field."))
    return row["id"].strip(), row["value"]


def _lines(pairs: tuple[tuple[str, str], ...]) -> str:
    return plain("\n".join(f"{key}: {value}" for key, value in pairs))


_FILL: Final[Mapping[str, Callable[[Any], dict[str, str]]]] = {
    "variable": lambda one: {"name": one.name, "path": one.path, "regex": one.regex},
    "extraction": lambda one: {
        "target": one.target,
        "template": one.template or "",
        "source": one.source or "",
        "regex": one.regex or "",
    },
    "call": lambda one: {
        "name": one.name,
        "url": one.url,
        "headers": _lines(one.headers),
        "parameters": _lines(one.parameters),
        "auto": "1" if one.auto_send else "",
    },
    "update": lambda one: {"id": one[0], "value": one[1]},
}
"""What the fields of a row hold for a stored part."""

_READ: Final[Mapping[str, Callable[[Mapping[str, str], Any, str, Found], Any]]] = {
    "variable": _variable,
    "extraction": _extraction,
    "call": _call,
    "update": _update,
}
"""The part that the fields of a row mean."""
