"""What sends, for tests that ask by settings alone: secrets are sealed by a key of the test's."""

from __future__ import annotations

import random

from tocsin.app.providers import Providers
from tocsin.app.settings import AppSettings
from tocsin.kernel.ids import IdSource
from tocsin.runtime.clock import SystemClock
from tocsin.runtime.sealing import Sealer

SEALER = Sealer(lambda: ["a key that nobody else has, for tests"], IdSource(random.Random(1)))


def providers_of(settings: AppSettings, sealer: Sealer = SEALER) -> Providers:
    """What sends by these settings."""
    return Providers(settings, SystemClock(), sealer)
