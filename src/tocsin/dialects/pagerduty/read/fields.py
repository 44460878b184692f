"""Fields of a body, read one by one; every problem is collected, so that a client hears of all of them at once.

Decides the shape that a value must have. Absent fields change nothing; unknown ones are ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from tocsin.dialects.pagerduty.errors import invalid
from tocsin.kernel.limits import NAME_CHARS

ID_CHARS = 64
ITEMS = 1000
"""Elements of one array; more are refused."""

_SMALLEST, _LARGEST = -(2**53), 2**53


class Fields:
    """An object of a body. `given` names are present; readers return None for what is absent, null or wrong."""

    def __init__(self, values: Mapping[str, Any], problems: list[str] | None = None, label: str = "") -> None:
        """`label` stands before each problem: "Escalation rule 2: "."""
        self.values = values
        self.problems: list[str] = [] if problems is None else problems
        self._label = label

    def given(self, name: str) -> bool:
        """Whether the field is there at all, null included."""
        return name in self.values

    def wrong(self, sentence: str) -> None:
        """Note a problem."""
        self.problems.append(f"{self._label}{sentence}")

    def text(self, name: str, most: int = NAME_CHARS) -> str | None:
        """A string of at most `most` characters."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, str):
            self.wrong(f"{_human(name)} must be a string")
            return None
        if len(value) > most:
            self.wrong(f"{_human(name)} is too long (maximum is {most} characters)")
            return None
        return value

    def whole(self, name: str) -> int | None:
        """A whole number; digits in a string count too."""
        value = self.values.get(name)
        if value is None:
            return None
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 15:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not _SMALLEST <= value <= _LARGEST:
            self.wrong(f"{_human(name)} must be a whole number")
            return None
        return value

    def truth(self, name: str) -> bool | None:
        """A boolean."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, bool):
            self.wrong(f"{_human(name)} must be true or false")
            return None
        return value

    def choice(self, name: str, allowed: Collection[str]) -> str | None:
        """One of the texts allowed; an empty one is absent, as some clients send every field."""
        value = self.text(name) or None
        if value is None or value in allowed:
            return value
        self.wrong(f"{_human(name)} must be one of {', '.join(allowed)}")
        return None

    def object(self, name: str) -> Fields | None:
        """An object within this one."""
        value = self.values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.wrong(f"{_human(name)} must be an object")
            return None
        return Fields(value, self.problems, self._label)

    def objects(self, name: str, label: str = "") -> list[Fields]:
        """The objects in an array, null elements left out. `label` has a `{}` for the number and begins problems."""
        found = []
        for number, value in enumerate(self.array(name), 1):
            if isinstance(value, dict):
                prefix = f"{self._label}{label.format(number)}: " if label else self._label
                found.append(Fields(value, self.problems, prefix))
            elif value is not None:
                self.wrong(f"{_human(name)} must be an array of objects")
                break
        return found

    def array(self, name: str) -> list[Any]:
        """The elements of an array; absent and null are empty."""
        value = self.values.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            self.wrong(f"{_human(name)} must be an array")
            return []
        if len(value) > ITEMS:
            self.wrong(f"{_human(name)} must not have more than {ITEMS} elements")
            return []
        return value

    def reference(self, name: str) -> str | None:
        """The id of an object `{"id": ..., "type": ...}`."""
        inner = self.object(name)
        return inner.id(of=name) if inner is not None else None

    def references(self, name: str) -> tuple[str, ...]:
        """The ids of an array of references, each once."""
        ids = (one.id(of=name) for one in self.objects(name))
        return tuple(dict.fromkeys(one for one in ids if one is not None))

    def id(self, of: str = "id") -> str | None:
        """This object's own id."""
        value = self.values.get("id")
        if isinstance(value, str) and 0 < len(value) <= ID_CHARS:
            return value
        self.wrong(f"{_human(of)} must have an id")
        return None

    def required(self, *names: str) -> None:
        """Note each of these that is absent, null or an empty string."""
        for name in names:
            if self.values.get(name) in (None, ""):
                self.wrong(f"{_human(name)} cannot be empty")

    def check(self, code: int = 2001, message: str = "Invalid Input Provided") -> None:
        """Raise ApiError with every problem found so far."""
        if self.problems:
            raise invalid(dict.fromkeys(self.problems), code, message)


def bare_type(text: str | None) -> str:
    """A reference's type without `_reference`: requests may use either."""
    return (text or "").removesuffix("_reference")


def _human(name: str) -> str:
    """`escalation_policy` as `Escalation policy`."""
    return name.replace("_", " ").capitalize()
