"""What things are called on pages: people, services, monitors, incidents. Answers for what was removed too."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping

from tocsin.engine.config import Config
from tocsin.incidents.model import Incident
from tocsin.kernel.actor import Actor, ActorKind
from tocsin.kernel.time import Moment
from tocsin.web.language import gettext as _


def isolated(name: str) -> str:
    """The name, fenced off when it runs from right to left, so that it does not turn the sentence around it."""
    if any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in name):
        return f"\u2068{name}\u2069"
    return name


class ConfigNames:
    """Implements `kernel.wording.Names` over the configuration. Numbers of incidents are looked up once each."""

    def __init__(
        self,
        config: Config,
        clock: Callable[[Moment], str],
        incidents: Callable[[Iterable[str]], Mapping[str, Incident]],
    ) -> None:
        self._config = config
        self._clock = clock
        self._find = incidents
        self._numbers: dict[str, str] = {}

    def actor(self, actor: Actor) -> str:
        """Who did it."""
        if actor.kind is ActorKind.USER:
            return self.person(actor.id)
        if actor.kind is ActorKind.KEY:
            key = self._config.api_keys.get(actor.id)
            if key is None:
                return _("A removed API key")
            return _("%(name)s (API key)", name=isolated(key.name))
        if actor.kind is ActorKind.INTEGRATION:
            return self.monitor(actor.id)
        return "Tocsin"

    def person(self, user_id: str) -> str:
        """A person's name."""
        user = self._config.users.get(user_id)
        return isolated(user.name) if user else _("A removed person")

    def monitor(self, integration_id: str) -> str:
        """What reported something."""
        entrance = self._config.entrance(integration_id)
        return isolated(entrance.name) if entrance else _("A removed monitor")

    def service(self, service_id: str) -> str:
        """A service's name."""
        service = self._config.services.get(service_id)
        return isolated(service.name) if service else _("a removed service")

    def priority(self, priority_id: str) -> str:
        """A priority's name."""
        priority = self._config.of("priority").get(priority_id)
        return isolated(priority.name) if priority else _("a removed priority")

    def team(self, team_id: str) -> str:
        """A team's name."""
        team = self._config.teams.get(team_id)
        return isolated(team.name) if team else _("a removed team")

    def incident(self, incident_id: str) -> str:
        """An incident's number."""
        if incident_id not in self._numbers:
            found = self._find([incident_id]).get(incident_id)
            self._numbers[incident_id] = f"#{found.number}" if found else _("a removed incident")
        return self._numbers[incident_id]

    def at(self, moment: Moment) -> str:
        """A moment on the reader's wall clock."""
        return self._clock(moment)
