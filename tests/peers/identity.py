"""A real, certified OpenID Connect provider in a process of its own, on loopback, that a test can talk to."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import npm

SOURCE = Path(__file__).parent / "oidc"
BUILD = npm.ROOT / "build" / "identity-provider"
CLIENT_ID = "tocsin"
CLIENT_SECRET = "a secret that only the test and its provider know"


def fetched() -> bool:
    """Whether the provider that the lock file names is in the build folder, as it was or now."""
    return npm.fetched(SOURCE, BUILD)


@dataclass
class Identity:
    """The running provider."""

    issuer: str
    process: subprocess.Popen[str]

    def people(self, **claims: dict[str, Any]) -> None:
        """What it says of these people from now on."""
        self._order({"people": claims})

    def rotate(self) -> None:
        """It signs with a new key from now on; the old one is gone."""
        self._order({"rotate": True})

    def stop(self) -> None:
        """It is gone."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def _order(self, order: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline().strip() == "done"


@contextmanager
def running(base: str, people: dict[str, Any]) -> Iterator[Identity]:
    """A provider that knows Tocsin at the address `base`, and these people by the name that they sign in with."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = {
        "port": port,
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uri": f"{base}/sign-in/provider/back",
        "home": f"{base}/sign-in",
        "ended": f"{base}/sign-in/provider/ended",
    }
    command = [
        str(npm.NODE / "bin" / "node"),
        str(SOURCE / "provider.mjs"),
        json.dumps(settings),
        json.dumps(people),
    ]
    process = subprocess.Popen(
        command,
        env=os.environ | {"PROVIDER_MODULES": str(BUILD)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    issuer = json.loads(process.stdout.readline())["issuer"]
    one = Identity(issuer, process)
    try:
        yield one
    finally:
        if process.poll() is None:
            one.stop()
        process.stdout.close()
