"""What clients of Alertmanager's API read: status, receivers, silences, alerts, groups, and the health addresses.

Decides who may read (whoever has the integration key, for that integration's alerts) and which parameters mean what.
Posting alerts is not here: that is a hot address, see read.py.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import msgspec
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from tocsin.alerts.model import Alert
from tocsin.dialects._kit.keys import IntegrationRef, Keys
from tocsin.dialects.alertmanager import errors, matchers, write
from tocsin.dialects.alertmanager.auth import caller
from tocsin.kernel.errors import Invalid, Unavailable
from tocsin.kernel.time import Moment
from tocsin.kernel.wording import plain_text
from tocsin.runtime.ingest import Reading

OpenAlerts: TypeAlias = Callable[[IntegrationRef], Awaitable[Sequence[Alert]]]
"""The open alerts of an integration, from the read side. May raise Unavailable."""

_Answer: TypeAlias = Callable[[Request, IntegrationRef], Awaitable[Any]]

NO_SILENCES: Final = "silences are not kept here; silence alerts where they come from"
GONE: Final = {
    "status": "deprecated",
    "error": "The Alertmanager v1 API was removed in version 0.27; use /api/v2 (https://prometheus.io/docs/alerting)",
}
_PREFIX: Final = "/alertmanager/{integration_key}"


def routes(keys: Keys, open_alerts: OpenAlerts, started_at: Moment) -> list[BaseRoute]:
    """The GET side, below `/alertmanager/{integration_key}` and at the root (there with the key as credential).

    `/api/v1` answers 410 below the prefix only: at the root it is our own interface.
    """
    reader = _Reader(open_alerts, started_at)
    answers: tuple[tuple[str, _Answer], ...] = (
        ("/api/v2/status", reader.status),
        ("/api/v2/receivers", reader.receivers),
        ("/api/v2/silences", reader.silences),
        ("/api/v2/alerts", reader.alerts),
        ("/api/v2/alerts/groups", reader.groups),
    )
    found: list[BaseRoute] = []
    well = _always(PlainTextResponse("OK"))
    for prefix in (_PREFIX, ""):
        found += [Route(prefix + path, partial(_answered, keys, answer), methods=["GET"]) for path, answer in answers]
        found += [
            Route(prefix + "/api/v2/silences", _always(_json(501, NO_SILENCES)), methods=["POST"]),
            Route(prefix + "/api/v2/silence/{id}", _always(_json(404, NO_SILENCES)), methods=["GET", "DELETE"]),
            Route(prefix + "/-/healthy", well, methods=["GET"]),
            Route(prefix + "/-/ready", well, methods=["GET"]),
        ]
    found.append(
        Route(_PREFIX + "/api/v1/{rest:path}", _always(_json(410, GONE)), methods=["GET", "POST", "PUT", "DELETE"])
    )
    return found


class _Reader:
    """The answers, once it is known who asks."""

    def __init__(self, open_alerts: OpenAlerts, started_at: Moment) -> None:
        self._open_alerts = open_alerts
        self._started_at = started_at

    async def status(self, request: Request, ref: IntegrationRef) -> Any:
        return write.status(self._started_at)

    async def receivers(self, request: Request, ref: IntegrationRef) -> Any:
        return write.receivers()

    async def silences(self, request: Request, ref: IntegrationRef) -> Any:
        return []

    async def alerts(self, request: Request, ref: IntegrationRef) -> Any:
        return [write.gettable(alert) for alert in await self._chosen(request, ref)]

    async def groups(self, request: Request, ref: IntegrationRef) -> Any:
        return write.groups(await self._chosen(request, ref))

    async def _chosen(self, request: Request, ref: IntegrationRef) -> list[Alert]:
        wanted = [matcher for text in request.query_params.getlist("filter") for matcher in matchers.parse(text)]
        active, silenced, inhibited = (_flag(request, name) for name in ("active", "silenced", "inhibited"))
        receiver = request.query_params.get("receiver")
        if receiver and not matchers.anchored(receiver).fullmatch(write.RECEIVER):
            return []
        return [
            alert
            for alert in await self._open_alerts(ref)
            if (silenced and inhibited if alert.suppressed else active)
            and matchers.all_match(wanted, write.labels_of(alert))
        ]


async def _answered(keys: Keys, answer: _Answer, request: Request) -> Response:
    try:
        ref = caller(keys, request.path_params.get("integration_key", ""), request.headers.get("authorization"))
        if ref is None:
            return _response(errors.api_unauthorized())
        value = await answer(request, ref)
    except Unavailable as error:
        return _response(errors.api_refused(error))
    except Invalid as error:
        return _response(errors.api(400, error.message))
    return _json(200, value)


def _always(response: Response) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_request: Request) -> Response:
        return response

    return answer


def _flag(request: Request, name: str) -> bool:
    text = request.query_params.get(name, "true").lower()
    if text not in ("true", "false", "1", "0"):
        raise Invalid(f"{name} must be true or false")
    return text in ("true", "1")


def _json(status: int, value: Any) -> Response:
    body = msgspec.json.encode(value, enc_hook=plain_text)
    return Response(body, status, {"cache-control": "no-store"}, media_type="application/json")


def _response(reading: Reading) -> Response:
    return Response(reading.body, reading.status, {**dict(reading.headers), "cache-control": "no-store"})
