"""How the fake phone provider calls us back: signed forms, and following the TwiML of a call. Keeps no inbox.

Signs with its own lines of code, so that a mistake in the connector's signature can't agree with itself.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlencode, urljoin, urlsplit
from xml.etree import ElementTree as ET

from tocsin.kernel.time import Moment

TIMEOUT_SECONDS = 10.0
_HOPS = 10


class CallbackFailed(Exception):
    """Our side did not answer a callback as it should. `status` 0 = not at all."""

    def __init__(self, status: int, said: str) -> None:
        super().__init__(f"the callback was answered with {status}: {said[:200]}")
        self.status = status


class CallState(StrEnum):
    """Where a call stands."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ENDED = "ended"
    MISSED = "missed"


@dataclass(slots=True)
class FakeCall:
    """A call to one of the phones. `words` is what its owner has heard, `pressed` the keys they pressed."""

    sid: str
    number: str
    sender: str
    received_at: Moment
    url: str = ""
    twiml: str = ""
    status_url: str = ""
    state: CallState = CallState.RINGING
    words: list[str] = field(default_factory=list)
    pressed: list[str] = field(default_factory=list)
    gather_url: str = ""
    rest: list[ET.Element] = field(default_factory=list)


class CallbackClient:
    """Posts signed forms to the URLs that the account's owner gave."""

    def __init__(self, account_sid: str, auth_token: str, tls: ssl.SSLContext | None = None) -> None:
        self._account_sid = account_sid
        self._auth_token = auth_token
        self._tls = tls

    def sign(self, url: str, fields: Mapping[str, str]) -> str:
        """The signature header's value."""
        text = url
        for name in sorted(fields):
            text += name + fields[name]
        return base64.b64encode(hmac.new(self._auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()

    def post(self, url: str, fields: Mapping[str, str], *, signature: str | None = None) -> str:
        """Post a form, return the answer's body. Raises CallbackFailed. `signature`: a forged one."""
        form = {"AccountSid": self._account_sid, "ApiVersion": "2010-04-01", **fields}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "X-Twilio-Signature": self.sign(url, form) if signature is None else signature,
            "User-Agent": "TwilioProxy/1.1",
        }
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.hostname or "", parts.port)
        try:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            connection.request("POST", path or "/", urlencode(form), headers)
            answer = connection.getresponse()
            body = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise CallbackFailed(0, str(error)) from error
        finally:
            connection.close()
        if not 200 <= answer.status <= 299:
            raise CallbackFailed(answer.status, body)
        return body

    def _connection(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)


class CallRunner:
    """Follows a call's TwiML as the provider would: says, gathers, redirects, hangs up."""

    def __init__(self, client: CallbackClient) -> None:
        self._client = client

    def pick_up(self, call: FakeCall) -> list[str]:
        """Somebody answers: returns what they hear before they must press a key or the call ends."""
        call.state = CallState.ANSWERED
        return self._follow(call, call.url, {}) if call.url else self._run(call, _verbs(call.twiml), "", 0)

    def press(self, call: FakeCall, digits: str) -> list[str]:
        """A key is pressed while the call waits for one: returns what is heard then. Raises ValueError otherwise."""
        if call.state is not CallState.ANSWERED or not call.gather_url:
            raise ValueError("the call is not waiting for a key")
        call.pressed.append(digits)
        return self._follow(call, call.gather_url, {"Digits": digits})

    def wait(self, call: FakeCall) -> list[str]:
        """No key is pressed: returns what is heard then (the next round, or the goodbye)."""
        if call.state is not CallState.ANSWERED or not call.gather_url:
            raise ValueError("the call is not waiting for a key")
        rest, base = call.rest, call.gather_url
        call.gather_url = ""
        return self._run(call, rest, base, 0)

    def fields(self, call: FakeCall, status: str) -> dict[str, str]:
        """What every callback about a call says."""
        return {
            "CallSid": call.sid,
            "CallStatus": status,
            "From": call.sender,
            "To": call.number,
            "Direction": "outbound-api",
        }

    def _follow(self, call: FakeCall, url: str, extra: Mapping[str, str], hops: int = 0) -> list[str]:
        if hops > _HOPS:
            raise CallbackFailed(200, "the TwiML goes round in circles")
        xml = self._client.post(url, {**self.fields(call, "in-progress"), **extra})
        return self._run(call, _verbs(xml), url, hops)

    def _run(self, call: FakeCall, verbs: list[ET.Element], base: str, hops: int) -> list[str]:
        heard: list[str] = []
        call.gather_url = ""
        for position, verb in enumerate(verbs):
            if verb.tag == "Say":
                _hear(call, heard, verb)
            elif verb.tag == "Gather":
                for say in verb.iter("Say"):
                    _hear(call, heard, say)
                call.gather_url = urljoin(base, verb.get("action", ""))
                call.rest = verbs[position + 1 :]
                return heard
            elif verb.tag == "Redirect":
                return heard + self._follow(call, urljoin(base, verb.text or ""), {}, hops + 1)
            elif verb.tag == "Hangup":
                break
            elif verb.tag != "Pause":
                raise CallbackFailed(200, f"unknown verb {verb.tag}")
        call.state = CallState.ENDED
        return heard


def _hear(call: FakeCall, heard: list[str], say: ET.Element) -> None:
    heard.append(say.text or "")
    call.words.append(say.text or "")


def _verbs(xml: str) -> list[ET.Element]:
    try:
        response = ET.fromstring(xml)  # noqa: S314 - from the installation under test
    except ET.ParseError as error:
        raise CallbackFailed(200, f"not XML: {error}") from error
    if response.tag != "Response":
        raise CallbackFailed(200, f"<{response.tag}> is no TwiML")
    return list(response)
