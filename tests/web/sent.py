"""A form with repeated fields as a browser sends it back: every field in its order, and any button pressed."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from tests.web.place import Browser


class Form(HTMLParser):
    """One form of a page, by its id: its fields as a list of pairs, as they stand."""

    def __init__(self, html: str, form_id: str) -> None:
        super().__init__()
        self.fields: list[tuple[str, str]] = []
        self.action = ""
        self.buttons: dict[str, str] = {}
        self._id = form_id
        self._inside = False
        self._select: str | None = None
        self._chosen: str | None = None
        self._option: str | None = None
        self._text: tuple[str, list[str]] | None = None
        self._button: tuple[str, list[str]] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Fields as they are; a select's first option where none is selected."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = said.get("id") == self._id
            self.action = said["action"] if self._inside else self.action
        if not self._inside:
            return
        name = said.get("name", "")
        if tag == "input" and name and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            self.fields.append((name, said.get("value", "on")))
        elif tag == "select":
            self._select, self._chosen, self._option = name, None, None
        elif tag == "option" and self._select:
            self._option = said.get("value")
            if self._option is not None and ("selected" in said or self._chosen is None):
                self._chosen = self._option
            self._take = "selected" in said or self._chosen is None
        elif tag == "textarea":
            self._text = (name, [])
        elif tag == "button":
            self._button = (said.get("value", ""), [])

    def handle_endtag(self, tag: str) -> None:
        """What was collected is whole."""
        if tag == "form":
            self._inside = False
        elif tag == "select" and self._select:
            self.fields.append((self._select, self._chosen or ""))
            self._select = None
        elif tag == "textarea" and self._text:
            self.fields.append((self._text[0], "".join(self._text[1]).removeprefix("\n")))
            self._text = None
        elif tag == "button" and self._button:
            self.buttons[" ".join("".join(self._button[1]).split())] = self._button[0]
            self._button = None

    def handle_data(self, data: str) -> None:
        """Texts, words of buttons, and options that have no value of their own."""
        if self._text:
            self._text[1].append(data)
        if self._button:
            self._button[1].append(data)
        if self._select and self._option is None and data.strip() and self._take:
            self._chosen = data.strip()
            self._take = False

    def put(self, name: str, *values: str) -> Form:
        """Type something else into a field."""
        at = next((place for place, (known, _) in enumerate(self.fields) if known == name), len(self.fields))
        self.fields = [one for one in self.fields if one[0] != name]
        self.fields[at:at] = [(name, value) for value in values]
        return self

    def send(self, browser: Browser, do: str) -> Any:
        """Press the button with this value."""
        data: dict[str, list[str]] = {}
        for name, value in [*self.fields, ("do", do)]:
            data.setdefault(name, []).append(value)
        data["csrf"] = [browser.csrf]
        return browser.post(self.action.partition("#")[0], data=data, headers={"origin": browser.base})
