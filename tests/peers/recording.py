"""A proxy that writes down what goes through it, so that the same requests can be made again without their client.

`python -m tests.peers.recording` has the real Terraform provider apply and destroy the lesson, and writes what it asked
and was answered for `tests/dialects/pagerduty/test_recorded.py`.
"""

from __future__ import annotations

import http.client
import json
import tempfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self

LESSON = Path(__file__).parents[1] / "dialects/pagerduty/recorded/lesson.jsonl"
PASSED_ON = ("authorization", "content-type", "accept", "from")


SECRETS = ("integration_key", "routing_key")


def _without_keys(node: Any) -> Any:
    """Monitors' keys are secrets, also those of a server that is gone."""
    if isinstance(node, list):
        return [_without_keys(one) for one in node]
    if isinstance(node, dict):
        return {name: "KEY" if name in SECRETS and value else _without_keys(value) for name, value in node.items()}
    return node


class Recorder:
    """Forwards to a server and keeps every pair, in the order in which the requests came."""

    def __init__(self, port: int) -> None:
        recorder = self
        self.pairs: list[dict[str, Any]] = []
        self._lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _pass_on(self) -> None:
                raw = self.rfile.read(int(self.headers.get("content-length") or 0))
                pair = recorder.begin(self.command, self.path, raw)
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                headers = {name: self.headers[name] for name in PASSED_ON if name in self.headers}
                line.request(self.command, self.path, raw or None, {**headers, "host": self.headers["host"]})
                answer = line.getresponse()
                body = answer.read()
                line.close()
                pair["status"], pair["answer"] = answer.status, json.loads(body) if body else None
                self.send_response(answer.status)
                self.send_header("content-type", answer.headers.get("content-type") or "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = _pass_on  # noqa: N815 - the names that the base class calls

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def begin(self, method: str, path: str, raw: bytes) -> dict[str, Any]:
        """Note a request; what it is answered with is added to what this returns."""
        sent = json.loads(raw) if raw.strip() and method != "GET" else None
        pair = {"method": method, "path": path.removeprefix("/pagerduty"), "sent": sent}
        with self._lock:
            self.pairs.append(pair)
        return pair

    def save(self, file: Path) -> None:
        """Write the pairs, one to a line, without reads that say what an earlier one said."""
        told: dict[str, str] = {}
        lines = []
        for pair in self.pairs:
            line = json.dumps(_without_keys(pair), separators=(",", ":"), sort_keys=True).replace(self.url, "SITE")
            if pair["method"] == "GET" and told.get(pair["path"]) == line:
                continue
            told[pair["path"]] = line
            lines.append(line)
        file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> None:
    """Record the lesson."""
    from tests.peers.test_terraform import Lesson, owners_key  # noqa: PLC0415 - it needs this module
    from tocsin.testing.running import RunningServer  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with RunningServer(place / "data") as server, Recorder(server.port) as recorder:
            lesson = Lesson(place, server, owners_key(server), recorder.url)
            lesson.write()
            lesson.run("init")
            lesson.apply()
            # One at a time, a member is not removed while the team's policy still calls them: the policy goes first.
            lesson.run("destroy", "-auto-approve", "-target=pagerduty_escalation_policy.payments")
            lesson.run("destroy", "-auto-approve")
            recorder.save(LESSON)
            print(f"{len(recorder.pairs)} requests recorded in {LESSON}")


if __name__ == "__main__":
    main()
