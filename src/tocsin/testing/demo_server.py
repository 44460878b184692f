"""What the demo's pages ask of the demo's own process, over loopback: the phones, the show, and the buttons.

GET /state (?after=VERSION waits for news)     POST /act /reply /pick-up /press /hang-up
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import parse_qs

from tocsin.kernel.errors import TocsinError
from tocsin.testing.demo_director import Director
from tocsin.testing.demo_story import CAST, PART, number_of
from tocsin.testing.fake_http import Clock, FakeAnswer, FakeHttpServer, FakeRequest, json_answer
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_calls import CallbackFailed, FakeCall
from tocsin.web.demo import ShowAction

NEWS_SECONDS = 20.0


class DemoServer:
    """Serves phones and show on a loopback port."""

    def __init__(self, phones: FakePhones, clock: Clock) -> None:
        self._phones = phones
        self._director: Director | None = None
        self._http = FakeHttpServer(self._answer, clock)
        self._news = threading.Condition()
        self._version = 0

    @property
    def url(self) -> str:
        """Its address."""
        return self._http.url

    def start(self) -> None:
        """Begin to serve, and to notice what happens on the phones."""
        self._http.start()
        threading.Thread(target=self._watch_phones, name="demo-phones", daemon=True).start()

    def stop(self) -> None:
        """Stop serving."""
        self._http.stop()

    def direct(self, director: Director) -> None:
        """From now on the show is this director's."""
        self._director = director

    def tell(self) -> None:
        """Something changed."""
        with self._news:
            self._version += 1
            self._news.notify_all()

    def _watch_phones(self) -> None:
        version = -1
        while True:
            seen = self._phones.wait_for_change(version, NEWS_SECONDS)
            if seen != version:
                version = seen
                self.tell()

    def _answer(self, request: FakeRequest) -> FakeAnswer:
        try:
            if request.method == "GET":
                return self._state(request)
            return self._act(request.path, json.loads(request.body or b"{}"))
        except TocsinError as error:
            return json_answer({"error": error.message}, 409)
        except (LookupError, ValueError) as error:
            return json_answer({"error": str(error)}, 409)
        except CallbackFailed as error:
            return json_answer({"error": f"the server answered {error}"}, 502)

    def _state(self, request: FakeRequest) -> FakeAnswer:
        after = int((parse_qs(request.query).get("after") or ["-1"])[0])
        with self._news:
            self._news.wait_for(lambda: self._version != after, NEWS_SECONDS)
            version = self._version
        show = asdict(self._director.state()) if self._director else None
        return json_answer({"version": version, "show": show, "phones": self._phone_list()})

    def _phone_list(self) -> list[dict[str, Any]]:
        return [
            {
                "number": number_of(name),
                "name": name,
                "note": PART[name],
                "texts": [
                    {"body": text.body, "at": text.received_at, "mine": not text.incoming}
                    for text in self._phones.all_texts(number_of(name))
                ],
                "calls": [_call_json(call) for call in self._phones.calls(number_of(name))],
            }
            for name in CAST
        ]

    def _act(self, path: str, body: Mapping[str, Any]) -> FakeAnswer:
        if path == "/act":
            if self._director is not None:
                self._director.act(ShowAction(body["action"]))
        elif path == "/reply":
            self._phones.reply(body["number"], body["text"])
        else:
            self._call_act(path, self._number_of_call(body["call_id"]), body)
        return json_answer({})

    def _call_act(self, path: str, number: str, body: Mapping[str, Any]) -> None:
        acts: dict[str, Callable[[], object]] = {
            "/pick-up": lambda: self._phones.answer(number),
            "/press": lambda: self._phones.press(number, body["digit"]),
            "/hang-up": lambda: self._phones.hang_up(number),
        }
        acts[path]()

    def _number_of_call(self, call_id: str) -> str:
        for name in CAST:
            if any(call.sid == call_id for call in self._phones.calls(number_of(name))):
                return number_of(name)
        raise LookupError("there is no such call")


def _call_json(call: FakeCall) -> dict[str, Any]:
    return {
        "call_id": call.sid,
        "state": str(call.state),
        "at": call.received_at,
        "heard": list(call.words),
        "pressed": "".join(call.pressed),
    }
