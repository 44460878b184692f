"""A form of a page as a browser without scripts would send it back: every field with what it holds."""

from __future__ import annotations

from html.parser import HTMLParser


class Filled(HTMLParser):
    """The fields of the form with this id, or of the last one; line ends as browsers send them are left to the test."""

    def __init__(self, html: str, form_id: str = "") -> None:
        super().__init__()
        self.forms: list[dict[str, str]] = []
        self.ids: list[str] = []
        self._inside: str | None = None
        self._select = ""
        self._text: list[str] | None = None
        self.feed(html)
        at = self.ids.index(form_id) if form_id else -1
        self.fields = self.forms[at]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note forms and what their fields hold."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append({})
            self.ids.append(said.get("id", ""))
        if not self.forms:
            return
        fields, name = self.forms[-1], said.get("name", "")
        if tag == "input" and name and (said.get("type") not in ("checkbox", "radio") or "checked" in said):
            fields[name] = said.get("value", "on")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and ("selected" in said or self._select not in fields):
            fields[self._select] = said.get("value", "")
        elif tag == "textarea":
            self._inside, self._text = name, []

    def handle_endtag(self, tag: str) -> None:
        """A text is whole; its first line end belongs to the markup."""
        if tag == "select":
            self._select = ""
        elif tag == "textarea" and self._text is not None and self._inside and self.forms:
            self.forms[-1][self._inside] = "".join(self._text).removeprefix("\n")
            self._inside, self._text = None, None

    def handle_data(self, data: str) -> None:
        """What stands in a textarea."""
        if self._text is not None:
            self._text.append(data)


def filled(html: str, form_id: str = "") -> dict[str, str]:
    """The fields of a form, without the token."""
    return {name: value for name, value in Filled(html, form_id).fields.items() if name != "csrf"}
