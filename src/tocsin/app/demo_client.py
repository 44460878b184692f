"""The edge's view of a running demo: phones and show live in the demo's own process and are asked over loopback.

Implements `web.demo.PhoneBooth` and `web.demo.DemoShow`. Only mounted when the server was started by `tocsin demo`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Any

import httpx2
import msgspec

from tocsin.kernel.errors import Conflict, Unavailable
from tocsin.web.demo import BoothPhone, ShowAction, ShowState

NEWS_SECONDS = 30.0


class _State(msgspec.Struct):
    version: int
    show: ShowState | None
    phones: list[BoothPhone]


class DemoClient:
    """Keeps the newest state in memory; `changed` is called, from a thread, whenever it is another."""

    def __init__(self, url: str, changed: Callable[[], None]) -> None:
        self._url = url
        self._changed = changed
        self._state: _State | None = None
        self._first = threading.Event()

    def start(self) -> None:
        """Begin to follow."""
        threading.Thread(target=self._follow, name="demo", daemon=True).start()

    def phones(self) -> Sequence[BoothPhone]:
        """Every phone."""
        return self._known().phones

    def state(self) -> ShowState:
        """Where the show is."""
        show = self._known().show
        if show is None:
            raise Unavailable("The demo is starting.", reason="demo")
        return show

    def act(self, action: ShowAction) -> None:
        """A button of the strip."""
        self._post("/act", {"action": action.value})

    def reply(self, number: str, text: str) -> None:
        """A text from a phone."""
        self._post("/reply", {"number": number, "text": text})

    def pick_up(self, call_id: str) -> None:
        """The call is taken."""
        self._post("/pick-up", {"call_id": call_id})

    def press(self, call_id: str, digit: str) -> None:
        """A key is pressed."""
        self._post("/press", {"call_id": call_id, "digit": digit})

    def hang_up(self, call_id: str) -> None:
        """The call is ended or declined."""
        self._post("/hang-up", {"call_id": call_id})

    def _known(self) -> _State:
        self._first.wait(5)
        if self._state is None:
            raise Unavailable("The demo is starting.", reason="demo")
        return self._state

    def _post(self, path: str, body: dict[str, Any]) -> None:
        try:
            answer = httpx2.post(self._url + path, json=body, timeout=15)
        except httpx2.HTTPError:
            raise Unavailable("The demo's phones do not answer.", reason="demo") from None
        if answer.status_code != 200:
            raise Conflict(answer.json().get("error", "That is not possible now."), reason="demo")

    def _follow(self) -> None:
        version = -1
        pause = threading.Event()
        while True:
            try:
                answer = httpx2.get(f"{self._url}/state?after={version}", timeout=NEWS_SECONDS)
                state = msgspec.json.decode(answer.content, type=_State)
            except (httpx2.HTTPError, msgspec.MsgspecError):
                pause.wait(0.5)
                continue
            news, version, self._state = state.version != version, state.version, state
            self._first.set()
            if news:
                self._changed()
