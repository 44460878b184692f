"""/extensions, /addons, /response_plays and the kinds of extensions: a table of what is kept for clients.

Decides what each of them holds. None of it is acted upon.
"""

from __future__ import annotations

from starlette.responses import Response

from tocsin.dialects.pagerduty.call import Call, Routes, answer, named
from tocsin.dialects.pagerduty.extension_schemas import BY_ID, SCHEMAS
from tocsin.dialects.pagerduty.read.fields import Fields
from tocsin.dialects.pagerduty.read.kept import (
    ARRAY,
    NAME,
    Field,
    Shape,
    Sort,
    Values,
    choice,
    long_text,
    reference,
    references,
    text,
)
from tocsin.dialects.pagerduty.resources.keeping import Keeping
from tocsin.dialects.pagerduty.write import kept as write
from tocsin.dialects.pagerduty.write.refs import Refs, Wire
from tocsin.directory.kept import Kept

URL_CHARS = 2000


def _summed_up(_call: Call, _one: Kept, body: Wire) -> Wire:
    """By what it speaks to: a client that renames one takes a summary that changes with it for a defect."""
    return {"summary": (body["extension_schema"] or body)["summary"]}


def _secure(fields: Fields, values: Values) -> None:
    if not str(values["src"]).startswith("https://"):
        fields.wrong("Src must be an https URL")


EXTENSION = Keeping(
    Sort(
        resource="extension",
        wrapper="extension",
        plural="extensions",
        path="/extensions",
        type="extension",
        fields={
            "name": NAME,
            "endpoint_url": text("", URL_CHARS),
            "extension_objects": references("service"),
            "extension_schema": reference("extension_schema"),
            "config": Field(shape=Shape.ANYTHING, secret=True),
        },
        required=("name", "extension_objects", "extension_schema"),
        filters={"extension_object_id": "extension_objects", "extension_schema_id": "extension_schema"},
        constants={"temporarily_disabled": False, "html_url": None},
    ),
    more=_summed_up,
)
ADDON = Keeping(
    Sort(
        resource="addon",
        wrapper="addon",
        plural="addons",
        path="/addons",
        fields={
            "type": choice("full_page_addon", "incident_show_addon"),
            "name": NAME,
            "src": text(most=URL_CHARS),
            "services": references("service"),
        },
        required=("type", "name", "src"),
        filters={"filter": "type", "service_ids": "services"},
        check=_secure,
    )
)
RESPONSE_PLAY = Keeping(
    Sort(
        resource="response_play",
        wrapper="response_play",
        plural="response_plays",
        path="/response_plays",
        type="response_play",
        fields={
            "name": NAME,
            "description": long_text(),
            "team": reference("team"),
            "subscribers": ARRAY,
            "subscribers_message": long_text(""),
            "responders": ARRAY,
            "responders_message": long_text(""),
            "runnability": choice("services", "teams", "responders", default="services"),
            "conference_number": text(),
            "conference_url": text(most=URL_CHARS),
        },
    )
)
TABLE = (EXTENSION, ADDON, RESPONSE_PLAY)
"""What is kept and needs nothing beyond the five."""


def enabled(call: Call) -> Response:
    """POST /extensions/{id}/enable: none is ever disabled, so this is as it is."""
    return EXTENSION.answered(call, EXTENSION.one(call))


def schemas(call: Call) -> Response:
    """GET /extension_schemas."""
    refs = Refs(call.config, call.links)
    found = named(SCHEMAS, call.query.get("query", ""))
    return call.listed("extension_schemas", found, lambda one: write.extension_schema(one, refs))


def schema_shown(call: Call) -> Response:
    """GET /extension_schemas/{id}."""
    found = call.found(BY_ID.get(call.path["id"]))
    return answer({"extension_schema": write.extension_schema(found, Refs(call.config, call.links))})


ROUTES: Routes = (
    ("/extension_schemas", {"GET": schemas}),
    ("/extension_schemas/{id}", {"GET": schema_shown}),
    ("/extensions/{id}/enable", {"POST": enabled}),
    *(route for keeping in TABLE for route in keeping.routes()),
)
"""Path -> method -> handler."""
