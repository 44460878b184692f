"""The pages' addresses: which function answers which path. The one entrance of this package."""

from __future__ import annotations

from typing import ClassVar

from starlette.convertors import Convertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.kernel.errors import Unavailable
from tocsin.web import assets, guard, language
from tocsin.web.actions import act
from tocsin.web.alert import act_on_alert, alert_page
from tocsin.web.alerts import alerts_page
from tocsin.web.answer import answer, answer_page
from tocsin.web.bulk import undo_many
from tocsin.web.calendars.serving import feed
from tocsin.web.compose import compose, compose_page
from tocsin.web.defined import DEFINED
from tocsin.web.density import switch_density
from tocsin.web.event import event_page
from tocsin.web.find import find_page
from tocsin.web.incident import incident_page
from tocsin.web.incidents import act_on_many, incidents_page
from tocsin.web.linked import LINKED
from tocsin.web.live import live
from tocsin.web.me import act_on_me, me_page, switch_zone
from tocsin.web.me_security import SECURITY
from tocsin.web.now import now_page
from tocsin.web.nowhere import not_found
from tocsin.web.oncall import oncall_page
from tocsin.web.open_pages import OpenPages
from tocsin.web.phones import direct, end_page, phones_page, use_phone
from tocsin.web.render import render
from tocsin.web.saved_views import remove_view, save_view
from tocsin.web.signin import NOTICES, SIGN_IN, sign_out
from tocsin.web.site import Site
from tocsin.web.visit import Door, Page, language_of, starting


class _Number(Convertor[int]):
    """A number in an address, as long as ours can be. Longer ones are nobody's; Python reads none of 5,000 digits."""

    regex: ClassVar[str] = "[0-9]{1,18}"

    def convert(self, value: str) -> int:
        """What pages get."""
        return int(value)

    def to_string(self, value: int) -> str:
        """What stands in the address."""
        return str(value)


register_url_convertor("number", _Number())


def create(site: Site) -> list[BaseRoute]:
    """The routes of all pages. The demo's are there only when `site` has phones or a show."""
    door = Door(site)
    open_pages = OpenPages(site, door.pages, door.reading)

    def members(path: str, page: Page, *methods: str) -> Route:
        return Route(path, door.members(page), methods=methods or ("GET",))

    def anybody(path: str, page: Page, *methods: str, token_needed: bool = True) -> Route:
        return Route(path, door.anybody(page, token_needed=token_needed), methods=methods or ("GET",))

    routes: list[BaseRoute] = [
        assets.ROUTE,
        *(anybody(path, page, *methods) for path, page, *methods in SIGN_IN),
        *(anybody(path, page, *methods, token_needed=False) for path, page, *methods in NOTICES),
        members("/sign-out", sign_out, "POST"),
        anybody("/a/{token}", answer_page),
        anybody("/a/{token}", answer, "POST", token_needed=False),
        anybody("/calendar/{secret}.ics", feed),
        members("/", now_page),
        members("/incidents", incidents_page),
        members("/incidents", act_on_many, "POST"),
        members("/incidents/undo", undo_many, "POST"),
        members("/incidents/views", save_view, "POST"),
        members("/incidents/views/{id}/remove", remove_view, "POST"),
        members("/incidents/new", compose_page),
        members("/incidents/new", compose, "POST"),
        members("/incidents/{number:number}", incident_page),
        members("/incidents/{number:number}/{action}", act, "POST"),
        members("/alerts", alerts_page),
        members("/alerts/events/{seq:number}", event_page),
        members("/alerts/{id}", alert_page),
        members("/alerts/{id}/{action}", act_on_alert, "POST"),
        members("/on-call", oncall_page),
        *(members(path, page, *methods) for path, page, *methods in DEFINED),
        *(members(path, page) for path, page in LINKED),
        members("/find", find_page),
        members("/me", me_page),
        *(members(path, page, *methods) for path, page, *methods in SECURITY),
        members("/me/{action}", act_on_me, "POST"),
        members("/zone", switch_zone, "POST"),
        members("/density", switch_density, "POST"),
        Route("/live", live(site, open_pages)),
    ]
    if site.booth is not None:
        routes += [members("/demo/phones", phones_page), members("/demo/phones", use_phone, "POST")]
    if site.show is not None:
        routes += [members("/demo/show", direct, "POST"), members("/demo/end", end_page)]
    open_pages.routes = routes
    return routes


async def broken(request: Request, _error: Exception) -> Response:
    """The answer when a page fails, for the application's 500: rests on nothing that may be broken too."""
    with language.speaking(language_of(request)):
        return HTMLResponse(render("broken.html", {}), 500, dict(guard.HEADERS))


async def not_ready(request: Request, error: Exception) -> Response:
    """The answer when what is no page finds that the server can't answer yet."""
    known = error if isinstance(error, Unavailable) else Unavailable("The server is starting.")
    with language.speaking(language_of(request)):
        return starting(known, posted=request.method == "POST")


__all__ = ["Site", "broken", "create", "guard", "not_found", "not_ready"]
