"""The settings of the webhook connector. Reads no environment."""

from __future__ import annotations

from dataclasses import dataclass, field

from tocsin.connectors._kit.egress import EgressPolicy


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """`egress` says which addresses may be reached; without it only the public Internet, by https."""

    egress: EgressPolicy = field(default_factory=EgressPolicy)
    user_agent: str = "Tocsin-Webhook/1"
