"""List, make, read, change, remove: the same five for every sort of thing that is kept for clients.

Decides who sees such a thing: who sees what belongs to its teams.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from starlette.responses import Response

from tocsin.dialects.pagerduty import pages
from tocsin.dialects.pagerduty.call import Call, Handler, answer, named
from tocsin.dialects.pagerduty.errors import invalid, not_found
from tocsin.dialects.pagerduty.read.kept import Draft, Paging, Sort, Values, changes_of, draft_of, values_in
from tocsin.dialects.pagerduty.write import kept as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.kept import Kept
from tocsin.directory.permissions import Verb

More: TypeAlias = Callable[[Call, Kept, Wire], Mapping[str, Any]]
"""What an answer shows of a thing beyond its own fields."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """The five for one sort.

    `parent`: the id that the path puts a thing under; `belongs`: the field that names it where the path does not.
    `more`: what an answer shows beyond the fields; `saved`: what else there is to do.
    """

    sort: Sort
    more: More = lambda _call, _one, _body: {}
    parent: Callable[[Call], str] = lambda _call: ""
    saved: Callable[[Call, Kept, Draft], None] = lambda _call, _one, _draft: None
    belongs: str = ""
    deletes: bool = True

    def listed(self, call: Call) -> Response:
        """GET of all."""
        found = self.found(call)
        name, render = self.sort.plural, partial(self.wire, call)
        if self.sort.paging is Paging.NONE:
            return answer({name: [render(one) for one in found]})
        if self.sort.paging is Paging.CLASSIC:
            return call.listed(name, found, render)
        limit, cursor = pages.limit_in(call.query), call.query.get("cursor", "") or call.query.get("page_token", "")
        part, following = pages.after(found, cursor, limit, pages.mark_of)
        keys = {"limit": limit, "next_cursor": following, "next_page_token": following, "more": following is not None}
        return answer({name: [render(one) for one in part], **keys})

    def found(self, call: Call) -> list[Kept]:
        """Those under the path's parent that may be seen and pass the filters, by name or by age."""
        parent_id = self.parent(call)
        seen = [
            one
            for one in call.config.kept_of.get(self.sort.resource, ())
            if (self.belongs or one.parent_id == parent_id) and _sees(call, one) and self._passes(call, one)
        ]
        return named(seen, call.query.get("query", "")) if self.sort.paging is Paging.CLASSIC else seen

    def _passes(self, call: Call, one: Kept) -> bool:
        values: Values = {}
        for parameter, name in self.sort.filters.items():
            wanted = call.many(parameter)
            values = values or (values_in(one) if wanted else {})
            held = values.get(name)
            if wanted and not set(wanted) & set(held if isinstance(held, list) else [held]):
                return False
        return True

    def created(self, call: Call) -> Response:
        """POST."""
        draft = draft_of(call.fields(self.sort.wrapper), self.sort, None, call.config)
        parent_id = str(draft.values[self.belongs]) if self.belongs else self.parent(call)
        self._check_name(call, draft, Kept(id="", resource=self.sort.resource, parent_id=parent_id))
        one = call.save("kept", Kept(id="", resource=self.sort.resource, parent_id=parent_id, **draft.changes))
        self.saved(call, one, draft)
        return self.answered(call, one, 201)

    def shown(self, call: Call) -> Response:
        """GET of one."""
        return self.answered(call, self.one(call))

    def changed(self, call: Call) -> Response:
        """PUT."""
        old = self.one(call)
        draft = draft_of(call.fields(self.sort.wrapper), self.sort, old, call.config)
        self._check_name(call, draft, old)
        one = call.save("kept", replace(old, **draft.changes), draft.changes, seen_at=old.updated_at)
        self.saved(call, one, draft)
        return self.answered(call, one)

    def removed(self, call: Call) -> Response:
        """DELETE."""
        return call.delete("kept", self.one(call).id)

    def one(self, call: Call) -> Kept:
        """The thing that the path names. Raises ApiError 404."""
        parent_id = self.parent(call)
        one = call.config.kept.get(call.path[self.sort.parameter])
        if one is None or one.resource != self.sort.resource or not _sees(call, one):
            raise not_found()
        return call.found(one, seen=bool(self.belongs) or one.parent_id == parent_id)

    def set(self, call: Call, one: Kept, **values: Any) -> Kept:
        """The thing with these values, as stored."""
        changes = changes_of(self.sort, {**values_in(one), **values})
        stored: Kept = call.save("kept", replace(one, **changes), changes, seen_at=one.updated_at)
        return stored

    def wire(self, call: Call, one: Kept) -> Wire:
        """The thing as it is answered."""
        place = f"{self.place(call)}/{one.id}".removeprefix("/")
        hides = any(form.secret for form in self.sort.fields.values())
        secrets = not hides or may_edit(call, one)
        body = write.thing(one, self.sort, Refs(call.config, call.links), place, secrets=secrets)
        return {**body, **self.more(call, one, body)}

    def place(self, call: Call) -> str:
        """The sort's path with the parameters of this call."""
        path = self.sort.path
        for name, value in call.path.items():
            path = path.replace(f"{{{name}}}", value)
        return path

    def answered(self, call: Call, one: Kept, status: int = 200) -> Response:
        """One thing, in its wrapper."""
        return answer({self.sort.wrapper: self.wire(call, one)}, status)

    def _check_name(self, call: Call, draft: Draft, one: Kept) -> None:
        name = str(draft.changes["name"]).casefold()
        twins = call.config.kept_of.get(self.sort.resource, ()) if self.sort.unique else ()
        if any(
            each.name.casefold() == name and each.id != one.id and each.parent_id == one.parent_id for each in twins
        ):
            raise invalid(["Name has already been taken"])

    def routes(self) -> tuple[tuple[str, dict[str, Handler]], ...]:
        """The two paths of the sort."""
        each: dict[str, Handler] = {"GET": self.shown, "PUT": self.changed}
        if self.deletes:
            each["DELETE"] = self.removed
        return (
            (self.sort.path, {"GET": self.listed, "POST": self.created}),
            (f"{self.sort.path}/{{{self.sort.parameter}}}", each),
        )


def may_edit(call: Call, one: Kept) -> bool:
    """Whether the caller may change it, as far as its teams say."""
    return call.may(Verb.EDIT, one.team_ids)


def _sees(call: Call, one: Kept) -> bool:
    """Who sees what it belongs to sees it."""
    while (above := call.config.kept.get(one.parent_id)) is not None:
        one = above
    return call.sees(one.team_ids)
