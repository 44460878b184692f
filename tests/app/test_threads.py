"""What must answer while APIs and pages keep all of their threads busy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, cast

import anyio.to_thread
import pytest
from starlette.requests import Request
from starlette.routing import Route

from tests.app.test_health import Place
from tocsin.app.callbacks import PhoneCallbacks
from tocsin.connectors.sms_voice.settings import phone_settings


def callbacks() -> list[Route]:
    settings = phone_settings("AC1", "secret", "+12025550199", public_url="https://tocsin.example")
    nothing = cast("Any", None)
    return PhoneCallbacks(lambda: settings, nothing, nothing, nothing, nothing, nothing, nothing).routes()


async def statuses(routes: Iterable[Route]) -> set[int]:
    """What each of them answers to a request without a body, all other threads being taken."""
    shared = anyio.to_thread.current_default_thread_limiter()
    for number in range(int(shared.total_tokens)):
        await shared.acquire_on_behalf_of(number)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    found = set()
    for route in routes:
        scope = {"type": "http", "method": "POST", "path": route.path, "query_string": b"", "headers": []}
        found.add((await asyncio.wait_for(route.endpoint(Request(scope, receive)), 5)).status_code)
    return found


@pytest.mark.parametrize(("routes", "status"), [(callbacks, 403), (Place().pulse.routes, 200)])
def test_they_have_threads_of_their_own(routes: Any, status: int) -> None:
    assert asyncio.run(statuses(routes())) == {status}
