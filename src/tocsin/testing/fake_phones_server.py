"""The fake phone provider over HTTP: Twilio's two endpoints, and a small control API for pages and other processes.

POST /2010-04-01/Accounts/{sid}/Messages.json, .../Calls.json     as at Twilio, Basic authentication
GET  /phones                                                     every phone, as JSON (?after=VERSION waits for news)
POST /phones/{number}/reply {"body"}  /press {"digits"}  /answer  /listen  /hang-up  /miss
POST /faults {"status", "times", "retry_after"}                  the next requests are answered so
"""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from tocsin.testing.fake_http import Clock, FakeAnswer, FakeHttpServer, FakeRequest, json_answer, says
from tocsin.testing.fake_phones import FakePhones, FakeText, Refused
from tocsin.testing.fake_phones_calls import CallbackFailed, FakeCall
from tocsin.testing.fake_server import StartStop

_API = "/2010-04-01/Accounts/"
_NEWS_SECONDS = 25.0


class FakePhonesServer(StartStop):
    """Serves `phones` on a loopback port. `base_url` is what the phone connector's base URL setting takes."""

    def __init__(self, phones: FakePhones, clock: Clock, *, port: int = 0) -> None:
        self.phones = phones
        self._http = FakeHttpServer(self._answer, clock, port=port)

    @property
    def base_url(self) -> str:
        """Its address, without a slash at the end."""
        return self._http.url

    def start(self) -> None:
        """Begin to serve and to deliver receipts."""
        self.phones.start()
        self._http.start()

    def stop(self) -> None:
        """Stop both."""
        self._http.stop()
        self.phones.stop()

    def _answer(self, request: FakeRequest) -> FakeAnswer:
        if request.path.startswith(_API):
            return self.phones.faults.around(lambda: self._provider(request))
        try:
            return self._control(request)
        except (LookupError, ValueError) as error:
            return json_answer({"error": str(error)}, 409)
        except CallbackFailed as failure:
            return json_answer({"error": str(failure)}, 502)

    def _provider(self, request: FakeRequest) -> FakeAnswer:
        try:
            self._authenticate(request)
            account, _, resource = request.path.removeprefix(_API).partition("/")
            if account != self.phones.account_sid or request.method != "POST":
                raise Refused(404, 20404, f"The requested resource {request.path} was not found")
            form = dict(request.form())
            if resource == "Messages.json":
                return json_answer(_text_json(self.phones.accept_text(form, request.received_at), account), 201)
            if resource == "Calls.json":
                return json_answer(_call_json(self.phones.accept_call(form, request.received_at), account), 201)
            raise Refused(404, 20404, f"The requested resource {request.path} was not found")
        except Refused as refusal:
            return _refusal(refusal)

    def _authenticate(self, request: FakeRequest) -> None:
        pair = f"{self.phones.account_sid}:{self.phones.auth_token}".encode()
        expected = b"Basic " + base64.b64encode(pair)
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            raise Refused(401, 20003, "Authenticate")

    def _control(self, request: FakeRequest) -> FakeAnswer:
        parts = [unquote(part) for part in request.path.strip("/").split("/")]
        if request.method == "GET" and parts == ["phones"]:
            after = parse_qs(request.query).get("after")
            if after:
                self.phones.wait_for_change(int(after[0]), _NEWS_SECONDS)
            return json_answer(self.phones.feed())
        if request.method != "POST":
            return json_answer({"error": "not found"}, 404)
        given = json.loads(request.body or b"{}")
        if parts == ["faults"]:
            fault = says(int(given.get("status", 503)), retry_after=str(given.get("retry_after", "")))
            self.phones.faults.next(*[fault] * int(given.get("times", 1)))
            return json_answer({})
        if len(parts) != 3 or parts[0] != "phones":
            return json_answer({"error": "not found"}, 404)
        return self._act(parts[1], parts[2], given)

    def _act(self, number: str, verb: str, given: dict[str, Any]) -> FakeAnswer:
        phones = self.phones
        acts: dict[str, Callable[[], Any]] = {
            "reply": lambda: phones.reply(number, str(given["body"])),
            "press": lambda: phones.press(number, str(given["digits"])),
            "answer": lambda: phones.answer(number),
            "listen": lambda: phones.listen(number),
            "hang-up": lambda: phones.hang_up(number),
            "miss": lambda: phones.miss(number),
        }
        if verb not in acts:
            return json_answer({"error": "not found"}, 404)
        return json_answer({"heard": acts[verb]()})


def _refusal(refusal: Refused) -> FakeAnswer:
    body = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"https://www.twilio.com/docs/errors/{refusal.code}",
        "status": refusal.status,
    }
    return json_answer(body, refusal.status, **({"retry_after": "1"} if refusal.status == 429 else {}))


def _text_json(text: FakeText, account: str) -> dict[str, Any]:
    return {
        "sid": text.sid,
        "account_sid": account,
        "to": text.number,
        "from": text.other,
        "body": text.body,
        "status": "queued",
        "num_segments": "1",
        "error_code": None,
        "error_message": None,
        "price": None,
    }


def _call_json(call: FakeCall, account: str) -> dict[str, Any]:
    return {"sid": call.sid, "account_sid": account, "to": call.number, "from": call.sender, "status": "queued"}
