"""A real server in processes of its own, with a fake phone provider beside it: for kill loops, benchmarks and the demo.

Starts `tocsin serve` as a user would, on a loopback port and in a folder of its own; all talk goes over its sockets.
What it started it also ends: nothing is left when the block is over, and `leftovers` says so if something is.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

from tocsin.app.installation import Installation, installation, system_ids
from tocsin.app.settings import from_environment, inherited_environment
from tocsin.directory.model import Channel, ContactMethod, Integration, NotificationRule, Role, Service, Urgency, User
from tocsin.engine.config import Config
from tocsin.engine.kinds import KIND_OF
from tocsin.engine.things import DeleteThing, SaveThing
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.kernel.actor import Actor, ActorKind, Via
from tocsin.kernel.decision import Command
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.desk import Line
from tocsin.runtime.frames import SOCKET_NAME
from tocsin.runtime.reads import Reads
from tocsin.storage.config_reader import ConfigReader
from tocsin.storage.database import Database
from tocsin.testing import processes
from tocsin.testing.fake_phones import FakePhones
from tocsin.testing.fake_phones_server import FakePhonesServer

START_SECONDS = 60.0
"""A large installation on a busy machine takes its time."""

OWNER = Actor(ActorKind.SYSTEM, "", Via.CLI)


def free_port() -> int:
    """A loopback port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class RunningServer:
    """One installation, serving. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        *,
        environment: Mapping[str, str] | None = None,
        database_url: str | None = None,
        tls: tuple[Path, Path] | None = None,
    ) -> None:
        """`tls`: a certificate for 127.0.0.1 and its key; then it is spoken to over https."""
        self.folder = folder
        self.clock = SystemClock()
        self.ids = system_ids()
        self.port = free_port()
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.phones = FakePhones(self.clock.now, inbound_url=f"{self.url}/twilio/sms")
        self.provider = FakePhonesServer(self.phones, self.clock.now)
        self._database_url = database_url
        self._extra = dict(environment or {})
        self._trust = None
        if tls:
            self._extra |= {"TOCSIN_TLS_CERT": str(tls[0]), "TOCSIN_TLS_KEY": str(tls[1])}
            self._trust = ssl.create_default_context(cafile=tls[0])
        self._process: subprocess.Popen[bytes] | None = None
        self.log = folder.parent / f"{folder.name}.log"
        """Where the processes write what they log."""
        self._database: Database | None = None
        self._client: Line | None = None

    def __enter__(self) -> Self:
        """Start provider and server; returns when the server accepts and decides."""
        self.provider.start()
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Stop everything."""
        try:
            self.stop()
        finally:
            self.provider.stop()

    def start(self) -> None:
        """Start the server and wait until both roles are there."""
        self.launch()
        self.wait_until(lambda: self.get("/readyz")[0] == 200, "the edge is ready", START_SECONDS)
        self.wait_until(self.engine_answers, "the engine is ready", START_SECONDS)
        self._connect()

    def launch(self) -> None:
        """Start the server and do not wait."""
        assert self._running() is None, "it runs already"
        command = [sys.executable, "-m", "tocsin.cli.main", "serve", "--data", str(self.folder)]
        command += ["--port", str(self.port), "--host", "127.0.0.1"]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, env=self.environment(), stderr=log, stdout=log)

    def stop(self, seconds: float = 20.0) -> int | None:
        """SIGTERM, wait, and the exit code; None when it did not run.

        Raises subprocess.TimeoutExpired when that was not enough; then it was killed.
        """
        self._disconnect()
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.terminate()
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill("all")
            raise

    def engine_answers(self) -> bool:
        """Whether an engine listens at its door (a socket's file outlives a killed engine)."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            return probe.connect_ex(str(self.folder / SOCKET_NAME)) == 0

    def place(self) -> Installation:
        """The way to everything that this server keeps."""
        return installation(from_environment(self.environment(), data=self.folder, port=self.port))

    def pids(self) -> dict[str, int]:
        """The processes that run now, of `supervisor`, `edge` and `engine`."""
        found = {role: pid for pid, role in processes.serving(self.folder).items()}
        if (mine := self._running()) is not None:
            found.setdefault(processes.SUPERVISOR, mine)  # it has no words yet for an instant after it was launched
        return found

    def _running(self) -> int | None:
        if self._process is None or self._process.poll() is not None:
            return None
        return self._process.pid

    def leftovers(self) -> list[str]:
        """What should not be there once the server has ended: its processes, a listener on its port."""
        found = [f"{role} (process {pid})" for pid, role in processes.serving(self.folder).items()]
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                found.append(f"a listener on port {self.port}")
        return found

    def kill(self, role: str) -> None:
        """End (kill -9) `edge`, `engine`, `supervisor` (its children die with it), or `all` of them at once."""
        for name, pid in self.pids().items():
            if role in (name, "all"):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if role in ("supervisor", "all"):
            assert self._process is not None
            self._process.wait()
            self._disconnect()

    def pause(self, role: str) -> None:
        """Freeze one process (SIGSTOP); `kill` ends it, `resume` lets it go on."""
        os.kill(self.pids()[role], signal.SIGSTOP)

    def resume(self, role: str) -> None:
        """Let a frozen process go on (SIGCONT)."""
        os.kill(self.pids()[role], signal.SIGCONT)

    def read_log(self) -> str:
        """What the processes wrote."""
        return self.log.read_text() if self.log.is_file() else ""

    def wait_until(self, holds: Callable[[], bool], what: str, seconds: float = 15.0) -> None:
        """Wait for a condition. Raises TimeoutError with the end of the log."""
        pause = threading.Event()
        deadline = self.clock.ticks() + seconds
        while self.clock.ticks() < deadline:
            if holds():
                return
            pause.wait(0.01)
        raise TimeoutError(f"waited {seconds} s until {what}\n{self.read_log()[-4000:]}")

    # -- HTTP

    def get(self, path: str) -> tuple[int, bytes]:
        """GET; status 0 when nobody answers."""
        return self._request(urllib.request.Request(self.url + path))  # noqa: S310 - our own loopback server

    def post(self, path: str, body: Any, headers: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        """POST JSON; status 0 when nobody answers."""
        data = json.dumps(body).encode()
        headers = {"content-type": "application/json", **(headers or {})}
        return self._request(urllib.request.Request(self.url + path, data, dict(headers)))  # noqa: S310

    def _request(self, request: urllib.request.Request) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(request, timeout=10, context=self._trust) as answer:  # noqa: S310
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()
        except OSError:
            return 0, b""

    def event(
        self, integration: Integration, key: str, summary: str = "", action: str = "trigger"
    ) -> tuple[int, bytes]:
        """Send an event by PagerDuty's Events API v2."""
        body: dict[str, Any] = {"routing_key": integration.key, "event_action": action, "dedup_key": key}
        if action == "trigger":
            body["payload"] = {"summary": summary or key, "source": "test", "severity": "critical"}
        return self.post("/v2/enqueue", body)

    # -- the engine

    def run(self, command: Command, actor: Actor = OWNER) -> Any:
        """Have the engine run a command, over its socket."""
        assert self._client is not None
        return self._client.run(actor, command)

    def save(self, thing: Any, *fields: str) -> Any:
        """Create or change a thing."""
        return self.run(SaveThing(thing_kind=KIND_OF[type(thing)], thing=thing, fields=fields))

    def config(self) -> Config:
        """The configuration as stored now."""
        assert self._client is not None
        return self._client.config()

    @property
    def reads(self) -> Reads:
        """Queries on the server's database."""
        assert self._database is not None
        return Reads(self._database)

    def person(self, name: str, number: str, channel: Channel = Channel.SMS, role: Role = Role.RESPONDER) -> User:
        """A person who is reached by this number at once; the phone exists at the provider."""
        user: User = self.save(User(id="", name=name.title(), email=f"{name}@example.com", role=role))
        for rule in self.config().rules_of.get(user.id, ()):
            self.run(DeleteThing(thing_kind="notification_rule", thing_id=rule.id))
        contact: ContactMethod = self.save(ContactMethod(id="", user_id=user.id, channel=channel, address=number))
        self.save(NotificationRule(id="", user_id=user.id, contact_method_id=contact.id, urgency=Urgency.HIGH))
        self.phones.add_phone(f"+1{number}", name.title())
        return user

    def service(self, name: str, *people: User, delay_minutes: int = 5) -> Integration:
        """A service whose policy calls these people one after the other; returns its integration."""
        targets = [Target(kind=TargetKind.USER, id=user.id) for user in people]
        rules = tuple(Rule(id="", delay_minutes=delay_minutes, targets=(target,)) for target in targets)
        policy: Policy = self.save(Policy(id="", name=name, rules=rules))
        service: Service = self.save(Service(id="", name=name, policy_id=policy.id))
        integration: Integration = self.save(Integration(id="", service_id=service.id, name="Monitor", key=""))
        return integration

    def wait_for_key(self, integration: Integration) -> None:
        """Wait until the edge knows a new integration's key (it takes the resolution of an alert that is not there)."""
        probe = {"routing_key": integration.key, "event_action": "resolve", "dedup_key": "probe"}
        self.wait_until(lambda: self.post("/v2/enqueue", probe)[0] == 202, "the edge knows the key")

    def _connect(self) -> None:
        place = self.place()
        self._database = place.database(read_only=True)
        self._client = place.line(ConfigReader(self._database))
        self._client.start()

    def _disconnect(self) -> None:
        if self._client is not None:
            self._client.close()
        if self._database is not None:
            self._database.close()

    def environment(self) -> dict[str, str]:
        """The environment of the server and of commands beside it."""
        inherited = inherited_environment()
        database = {"TOCSIN_DATABASE_URL": self._database_url} if self._database_url else {}
        return {
            **inherited,
            **database,
            "TOCSIN_PUBLIC_URL": self.url,
            "TOCSIN_TWILIO_BASE_URL": self.provider.base_url,
            "TOCSIN_TWILIO_ACCOUNT_SID": self.phones.account_sid,
            "TOCSIN_TWILIO_AUTH_TOKEN": self.phones.auth_token,
            "TOCSIN_TWILIO_FROM": "+12025550199",
            **self._extra,
        }
