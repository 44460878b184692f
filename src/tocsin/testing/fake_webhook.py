"""Fake webhook receivers that check signatures, keep what they took, and fail when told to.

Verifies with its own lines of code, so that a mistake in the connector's signature can't agree with itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tocsin.kernel.time import SECOND, Moment
from tocsin.testing.fake_http import Clock, FakeAnswer, FakeHttpServer, FakeRequest, FaultScript, json_answer
from tocsin.testing.fake_server import StartStop

_TOLERANCE = 300 * SECOND


@dataclass(frozen=True, slots=True)
class Hook:
    """A webhook that was taken."""

    id: str
    payload: Any
    headers: dict[str, str]
    received_at: Moment
    repeat: bool  # the same id came before


class FakeWebhook(StartStop):
    """Answers 204 to a well signed webhook, 401 to any other. `secret` "" takes unsigned ones."""

    def __init__(
        self, clock: Clock, *, secret: str = "whsec_dGhpcyBpcyBhIHRlc3Qgc2VjcmV0IQ==", tls: ssl.SSLContext | None = None
    ) -> None:
        self.secret = secret
        self.faults = FaultScript()
        self.hooks: list[Hook] = []
        self.rejected: list[str] = []  # why
        self._clock = clock
        self._changed = threading.Condition()
        self._http = FakeHttpServer(lambda request: self.faults.around(lambda: self._take(request)), clock, tls=tls)

    @property
    def url(self) -> str:
        """Where to send webhooks."""
        return f"{self._http.url}/hook"

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._http.port

    def start(self) -> None:
        """Begin to serve."""
        self._http.start()

    def stop(self) -> None:
        """Stop serving."""
        self._http.stop()

    def wait_for(self, predicate: Callable[[Hook], bool] = lambda _: True, timeout: float = 5.0) -> Hook:
        """The first webhook that fits, as soon as there is one. Raises TimeoutError."""
        with self._changed:
            found = self._changed.wait_for(
                lambda: next((hook for hook in self.hooks if predicate(hook)), None), timeout
            )
        if found is None:
            raise TimeoutError(f"no webhook that fits arrived within {timeout} s")
        return found

    id_header = "webhook-id"

    def _take(self, request: FakeRequest) -> FakeAnswer:
        why = self._objection(request)
        if why:
            self.rejected.append(why)
            return json_answer({"error": why}, 401)
        hook_id = request.headers.get(self.id_header, "")
        with self._changed:
            repeat = any(hook.id == hook_id for hook in self.hooks)
            payload = json.loads(request.body)
            self.hooks.append(Hook(hook_id, payload, dict(request.headers), request.received_at, repeat))
            self._changed.notify_all()
        return FakeAnswer(204)

    def _objection(self, request: FakeRequest) -> str:
        if not self.secret:
            return ""
        hook_id, stamp = request.headers.get("webhook-id", ""), request.headers.get("webhook-timestamp", "")
        if not hook_id or not stamp.isdigit():
            return "headers are missing"
        if abs(int(stamp) * SECOND - self._clock()) > _TOLERANCE:
            return "the timestamp is too far from now"
        key = base64.b64decode(self.secret.removeprefix("whsec_"))
        signed = hook_id.encode() + b"." + stamp.encode() + b"." + request.body
        expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        given = request.headers.get("webhook-signature", "").split(" ")
        return "" if any(hmac.compare_digest(expected, one) for one in given) else "no signature matches"


class FakeSubscriber(FakeWebhook):
    """A receiver of a webhook subscription: the signature is `v1=` and the HMAC of the raw body in hexadecimal."""

    id_header = "x-webhook-id"

    def _objection(self, request: FakeRequest) -> str:
        if not request.headers.get(self.id_header) or not request.headers.get("x-webhook-subscription"):
            return "headers are missing"
        expected = "v1=" + hmac.new(self.secret.encode(), request.body, hashlib.sha256).hexdigest()
        given = request.headers.get("x-pagerduty-signature", "").split(",")
        return "" if any(hmac.compare_digest(expected, one) for one in given) else "no signature matches"
