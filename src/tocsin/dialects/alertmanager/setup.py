"""What to write into Prometheus and Alertmanager so that they send here: pieces to copy, with address and key."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from tocsin.dialects.alertmanager.read import HOOK, PREFIX


def pieces(base: str, key: str) -> Iterator[tuple[str, str, str]]:
    """For whom, where it is written, and what. `base`: our address, without a slash at its end."""
    receiver = (
        f"route:\n  receiver: tocsin\nreceivers:\n  - name: tocsin\n    webhook_configs:\n"
        f"      - url: {base}{HOOK}/{key}\n        send_resolved: true"
    )
    yield "Alertmanager", "alertmanager.yml", receiver
    parts = urlsplit(base)
    alerting = (
        f"alerting:\n  alertmanagers:\n    - scheme: {parts.scheme}\n      path_prefix: {parts.path}{PREFIX}{key}\n"
        f"      static_configs:\n        - targets: ['{parts.netloc}']"
    )
    yield "Prometheus", "prometheus.yml", alerting
