"""A service's entrances: added for a monitor, shown with what to copy into it, given another key, renamed, removed.

Decides who is shown a key (whoever may edit the service) and for how long a replaced key stays good.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final

from starlette.responses import Response

from tocsin.directory.model import Integration, Service
from tocsin.directory.permissions import Verb
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.kernel.errors import Invalid, NotAllowed, NotFound, TocsinError
from tocsin.kernel.time import HOUR, Moment
from tocsin.runtime.reads import Heard
from tocsin.web.language import gettext as _
from tocsin.web.language import later
from tocsin.web.looks import OUTCOMES, Look
from tocsin.web.rules.pages import found_service
from tocsin.web.service_edit import entrance_of
from tocsin.web.visit import Visit, status_of

GENERAL: Final = (
    later("Changes"),
    later("Anything else with an Events API address"),
    later("shell"),
    later("settings"),
)
"""What pieces to copy are called that are for no monitor in particular, and where they go when that is no file."""

OVERLAPS: Final = (0, 1, 24)
"""Hours for which a replaced key may stay good."""


@dataclass(frozen=True, slots=True)
class MonitorLine:
    """An entrance in the list of a service. `key` is "" for who may not see it."""

    integration: Integration
    kind: str
    key: str
    heard: Heard | None
    look: Look | None


def lines(visit: Visit, integrations: Iterable[Integration], *, editable: bool) -> list[MonitorLine]:
    """The entrances, each with when something came by it last and what became of that."""
    every = tuple(integrations)
    heard = visit.site.reads.last_heard([one.id for one in every]) if every else {}
    return [_line(visit, one, heard.get(one.id), editable=editable) for one in every]


def _line(visit: Visit, one: Integration, heard: Heard | None, *, editable: bool) -> MonitorLine:
    look = OUTCOMES[heard.outcome] if heard is not None else None
    return MonitorLine(one, kind_of(visit, one), one.key if editable else "", heard, look)


def kind_of(visit: Visit, one: Integration) -> str:
    """What it was made for, "" where that is not known or its name says so already."""
    found = next((kind.name for kind in visit.site.monitors if kind.id == one.vendor_id), "")
    return "" if found.casefold() == one.name.casefold() else found


def base_of(visit: Visit) -> str:
    """The address that monitors are given: the public one, else whatever this browser uses."""
    return visit.site.public_url or f"{visit.request.url.scheme}://{visit.request.headers.get('host', '')}"


def found_entrance(visit: Visit) -> tuple[Service, Integration]:
    """The service and its entrance of the address. Raises NotFound, NotAllowed: whoever sees it sees the key."""
    service = found_service(visit)
    return service, entrance_in(visit, service, visit.request.path_params["monitor"])


def entrance_in(visit: Visit, service: Service, integration_id: str) -> Integration:
    """One of the service's entrances, for whom it is to use. Raises NotFound, NotAllowed."""
    one = visit.config.integrations.get(integration_id)
    if one is None or one.service_id != service.id:
        raise NotFound(_("There is no such monitor."))
    if not visit.may(Verb.EDIT, visit.config.team_ids_of_service(service.id)):
        raise NotAllowed(_("Who may change the service sees its keys."))
    return one


def entrance_page(visit: Visit, *, error: TocsinError | None = None) -> Response:
    """`/services/{id}/monitors/{monitor}`: the key, what to copy, a test to send."""
    service, one = found_entrance(visit)
    base = base_of(visit)
    pieces = visit.site.pieces(base, one.key)
    own = {kind.name for kind in visit.site.monitors if kind.id == one.vendor_id} or {one.name}
    first = next((piece for piece in pieces if piece.monitor in own), None)
    ordered = ([first] if first is not None else []) + [piece for piece in pieces if piece is not first]
    (line,) = lines(visit, [one], editable=True)
    return visit.page(
        "entrance.html",
        status_of(error) if error is not None else 200,
        service=service,
        line=line,
        pieces=ordered,
        base=base,
        is_guessed=not visit.site.public_url,
        old_until=_old_until(visit, one),
        overlaps=OVERLAPS,
        error=error,
    )


def _old_until(visit: Visit, one: Integration) -> Moment | None:
    until = one.old_key_until
    return until if one.old_key and until is not None and until > visit.now else None


def add(visit: Visit) -> Response:
    """POST `/services/{id}/monitors`."""
    service = found_service(visit)
    wanted = entrance_of(visit, service.id, visit.text("monitor", 40), visit.text("name", 300).strip())
    made: Integration = visit.run(SaveThing(thing_kind="integration", thing=wanted))
    return visit.go(f"/services/{service.id}/monitors/{made.id}", "key-new")


def act(visit: Visit) -> Response:
    """POST `/services/{id}/monitors/{monitor}/{rename|rotate|end-old|remove}`."""
    service, one = found_entrance(visit)
    action, here = visit.request.path_params["action"], f"/services/{service.id}/monitors/{one.id}"
    try:
        if action == "rename":
            _save(visit, replace(one, name=visit.text("name", 300).strip()), "name")
            return visit.go(here, "saved")
        if action == "rotate":
            _rotate(visit, one)
            return visit.go(here, "key-new")
        if action == "end-old":
            _save(visit, replace(one, old_key="", old_key_until=None), "old_key", "old_key_until")
            return visit.go(here, "key-gone")
        if action == "remove":
            if visit.text("typed", 300).strip() != one.name:
                raise Invalid(_("Type the name exactly as it is."))
            visit.run(DeleteThing(thing_kind="integration", thing_id=one.id))
            return visit.go(f"/services/{service.id}", "key-gone")
    except TocsinError as error:
        visit.config = visit.site.desk.config()
        return entrance_page(visit, error=error)
    raise NotFound(_("There is no such action."))


def _rotate(visit: Visit, one: Integration) -> None:
    """Another key from now on. One that was replaced before ends with this."""
    typed = visit.text("overlap", 3)
    if typed not in map(str, OVERLAPS):
        raise Invalid(_("Choose for how long the old key stays good."))
    if visit.text("key", 64) != one.key:
        raise Invalid(_("Somebody has given it another key since you opened the page."))
    stays = int(typed) * HOUR
    changed = replace(one, key="", old_key=one.key if stays else "", old_key_until=visit.now + stays if stays else None)
    _save(visit, changed, "key", "old_key", "old_key_until")


def _save(visit: Visit, one: Integration, *names: str) -> None:
    visit.run(SaveThing(thing_kind="integration", thing=one, fields=names))


ROUTES: Final[tuple[tuple[Any, ...], ...]] = (
    ("/services/{id}/monitors", add, "POST"),
    ("/services/{id}/monitors/{monitor}", entrance_page),
    ("/services/{id}/monitors/{monitor}/{action}", act, "POST"),
)
"""Path, page, and the method where it is not GET."""
