"""The demo: a real server, a fake phone provider and mailbox, and a director who tells one incident to its end."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import webbrowser
from collections.abc import Callable
from pathlib import Path

from tocsin.app.folder import prepare as prepare_folder
from tocsin.app.installation import system_ids
from tocsin.app.settings import has_display
from tocsin.app.tokens import SIGN_IN_PURPOSE, Tokens
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.control_client import ControlClient
from tocsin.runtime.reads import Reads
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import open_database
from tocsin.storage.schema import read_installation_secret
from tocsin.testing.demo_director import DIRECT, Director, Place
from tocsin.testing.demo_server import DemoServer
from tocsin.testing.demo_story import CAST, number_of, prepare
from tocsin.testing.fake_mail import FakeMailServer
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_server import FakePhonesServer

PORTS = 50
"""So many are tried, one after the other."""

START_SECONDS = 60.0


class DemoFailed(Exception):
    """The demo can't go on; the message says why."""


class Demo:
    """The demo's processes and threads."""

    def __init__(self, folder: Path, port: int, say: Callable[[str], None], *, autoplay: bool) -> None:
        """`say` prints a line for the person at the terminal."""
        self._print = say
        self._folder = folder
        self._autoplay = autoplay
        self._clock = SystemClock()
        self._started = self._clock.ticks()
        self._url = f"http://localhost:{port}"
        self._port = port
        self._phones = FakePhones(self._clock.now, inbound_url=f"{self._url}/twilio/sms")
        self._provider = FakePhonesServer(self._phones, self._clock.now)
        self._mail = FakeMailServer(self._clock.now)
        self._booth = DemoServer(self._phones, self._clock.now)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Start everything, tell the story, stop everything at Ctrl-C (or, with autoplay, at its end)."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopping.set())
        prepare_folder(self._folder)
        for name in CAST:
            self._phones.add_phone(number_of(name), name)
        self._provider.start()
        self._mail.start()
        self._booth.start()
        self._say(1, "four phones and a mailbox")
        server = self._serve()
        try:
            self._play(server)
        finally:
            server.terminate()
            server.wait(20)
            self._booth.stop()
            self._mail.stop()
            self._provider.stop()

    def _play(self, server: subprocess.Popen[bytes]) -> None:
        self._wait(lambda: (self._folder / "control.sock").exists() and self._secret() is not None, server)
        self._say(2, "server: accepting and deciding")
        database = open_database(self._folder, None, read_only=True)
        ids = system_ids()
        desk = ControlClient(self._folder, ConfigReader(database), ids=ids, clock=self._clock)
        desk.start()
        story = prepare(desk, self._clock.now())
        self._wait(lambda: self._takes(story.integration_key), server)
        self._say(3, "installation: Payments, four people, two rotations")
        place = Place(self._url, story, desk, Reads(database), self._phones, self._clock)
        director = Director(place, autoplay=self._autoplay, tell=self._booth.tell)
        self._booth.direct(director)
        telling = threading.Thread(target=director.run, name="director", daemon=True)
        telling.start()
        self._introduce(story.visitor_id, story.integration_key)
        if self._autoplay:
            self._finish(director, telling, server)
        else:
            while server.poll() is None and not self._stopping.wait(0.5):
                pass
        director.stop()
        desk.close()

    def _finish(self, director: Director, telling: threading.Thread, server: subprocess.Popen[bytes]) -> None:
        self._wait(lambda: director.finished.is_set() or not telling.is_alive(), server, seconds=180)
        if not director.finished.is_set():
            raise DemoFailed("The story broke off; what went wrong stands above.")
        end = director.state().end
        self._print("")
        for value, text in end.figures if end else ():
            self._print(f"  {value:>8}  {text}")

    def _introduce(self, visitor_id: str, key: str) -> None:
        token = Tokens(self._secret() or "").make(SIGN_IN_PURPOSE, visitor_id, self._clock.now())
        link = f"{self._url}/sign-in/{token}"
        event = json.dumps({"routing_key": key, **_EVENT}, separators=(",", ":"))
        self._print(f"\n  address     {self._url}")
        self._print(f"  sign in     {link}")
        self._print(f"  phones      {self._url}/demo/phones")
        self._print(f"  an alert    curl {self._url}/v2/enqueue -d '{event}'")
        self._print(f"  data        {self._folder}")
        self._print("  Ctrl-C stops, `make demo` resumes, `make demo-reset` starts over.")
        if not self._autoplay and has_display():
            webbrowser.open(link)

    def _serve(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--data", str(self._folder)]
        command += ["--port", str(self._port), "--host", "127.0.0.1", "--demo", self._booth.url]
        command += ["--parent", str(os.getpid())]
        log = (self._folder / "demo.log").open("ab")
        return subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log)

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.defpath,
            "TOCSIN_PUBLIC_URL": self._url,
            "TOCSIN_SMTP_URL": self._mail.url,
            "TOCSIN_MAIL_FROM": "Tocsin <tocsin@example.com>",
            "TOCSIN_TWILIO_BASE_URL": self._provider.base_url,
            "TOCSIN_TWILIO_ACCOUNT_SID": self._phones.account_sid,
            "TOCSIN_TWILIO_AUTH_TOKEN": self._phones.auth_token,
            "TOCSIN_TWILIO_FROM": "+12025550199",
        }

    def _takes(self, key: str) -> bool:
        """Whether the server knows this key by now: its edge hears of a new one a moment after the engine."""
        try:
            with DIRECT.open(f"{self._url}/alertmanager/{key}/api/v2/status", timeout=5):
                return True
        except OSError:
            return False

    def _secret(self) -> str | None:
        database = open_database(self._folder, None, read_only=True)
        try:
            return read_installation_secret(database)
        finally:
            database.close()

    def _wait(self, holds: Callable[[], bool], server: subprocess.Popen[bytes], seconds: float = START_SECONDS) -> None:
        deadline = self._clock.ticks() + seconds
        while not holds():
            if server.poll() is not None or self._clock.ticks() > deadline or self._stopping.wait(0.05):
                raise DemoFailed(f"The server did not come up; see {self._folder / 'demo.log'}.")

    def _say(self, number: int, text: str) -> None:
        self._print(f"[{number}/3] {self._clock.ticks() - self._started:5.1f} s  {text}")


def port_from(first: int, say: Callable[[str], None]) -> int:
    """The first port from `first` on that nobody listens on. When it is another one than `first`, that is said."""
    for port in range(first, min(first + PORTS, 65536)):
        if is_free(port):
            if port != first:
                say(f"Port {first} is taken; the demo takes {port}.")
            return port
    raise DemoFailed(f"No port from {first} on is free. Name another one with TOCSIN_PORT.")


def is_free(port: int) -> bool:
    """Whether nobody listens on this port here."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


_EVENT = {
    "event_action": "trigger",
    "payload": {"summary": "Disk full on db-1", "source": "db-1", "severity": "critical"},
}
