"""What `/api/v1` is, as OpenAPI 3.1: the addresses, what they answer, what may be sent. Decides nothing."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

_TEXT: Final = {"type": "string"}
_OR_NULL: Final = {"type": ["string", "null"]}
_URL: Final = {"type": ["string", "null"], "description": "An http or https address; null for none."}

_OF_SERVICE: Final = {
    "runbook_url": {**_URL, "description": "What somebody set; null = the one that the description names, if any."},
    "dashboard_url": _URL,
    "repository_url": _URL,
    "owner_team_id": {**_OR_NULL, "description": "Who answers for it; null = the team of its escalation policy."},
    "component": {**_OR_NULL, "description": "What of the product it is part of."},
}
_OF_TEAM: Final = {
    "lead_id": {**_OR_NULL, "description": "The person who answers for it."},
    "chat_group": {**_OR_NULL, "description": "How the chat calls it, as in @payments."},
}


def _thing(more: dict[str, Any]) -> dict[str, Any]:
    properties = {"id": _TEXT, "name": _TEXT, **more}
    return {"type": "object", "properties": properties, "required": [*properties], "additionalProperties": False}


def _changes(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _list(name: str, of: str) -> dict[str, Any]:
    properties = {
        name: {"type": "array", "items": _ref(of)},
        "next": {**_OR_NULL, "description": "Send it as `after`."},
    }
    return {"type": "object", "properties": properties, "required": [name, "next"], "additionalProperties": False}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _json(schema: dict[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _operation(summary: str, schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    refused = {"description": "Refused, in words.", **_json(_ref("Error"))}
    return {
        "summary": summary,
        "responses": {"200": {"description": "Done.", **_json(schema)}, "4XX": refused, "503": refused},
        **more,
    }


def _paths(name: str, one: str, word: str) -> dict[str, Any]:
    by_id = {"name": "id", "in": "path", "required": True, "schema": _TEXT}
    narrowing = [{"name": each, "in": "query", "schema": _TEXT} for each in ("name", "after")]
    limit = {"name": "limit", "in": "query", "schema": {"type": "integer", "minimum": 1, "maximum": 500}}
    body = {"required": True, **_json(_ref(f"{one}Changes"))}
    return {
        f"/{name}": {"get": _operation(f"All {name}", _ref(f"{one}List"), parameters=[*narrowing, limit])},
        f"/{name}/{{id}}": {
            "parameters": [by_id],
            "get": _operation(f"One {word}", _ref(one)),
            "patch": _operation(f"Change what is named of a {word}", _ref(one), requestBody=body),
        },
    }


@cache
def description() -> dict[str, Any]:
    """The document."""
    details = {"type": "array", "items": _TEXT}
    error = {"type": "object", "properties": {"code": _TEXT, "message": _TEXT, "details": details}}
    error |= {"required": ["code", "message", "details"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tocsin", "version": "1"},
        "servers": [{"url": "/api/v1"}],
        "security": [{"key": []}],
        "paths": {
            "/openapi.json": {"get": _operation("This document", {"type": "object"})},
            **_paths("services", "Service", "service"),
            **_paths("teams", "Team", "team"),
        },
        "components": {
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
            "schemas": {
                "Service": _thing({"runbook": {**_OR_NULL, "description": "What counts."}, **_OF_SERVICE}),
                "ServiceChanges": _changes(_OF_SERVICE),
                "ServiceList": _list("services", "Service"),
                "Team": _thing(_OF_TEAM),
                "TeamChanges": _changes(_OF_TEAM),
                "TeamList": _list("teams", "Team"),
                "Error": {"type": "object", "properties": {"error": error}, "required": ["error"]},
            },
        },
    }
