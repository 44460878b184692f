"""Maintenance windows as PagerDuty's clients expect them: the times in the client's own words where it sent some."""

from __future__ import annotations

from collections.abc import Collection

from tocsin.alerts.windows import MaintenanceWindow
from tocsin.dialects.pagerduty.write import people, services
from tocsin.dialects.pagerduty.write.refs import Refs, Wire, instant


def window(one: MaintenanceWindow, service_ids: Collection[str], refs: Refs, included: Collection[str] = ()) -> Wire:
    """A window, with those of its services that the reader may see. `included`: services, teams, users in full."""
    config = refs.config
    teams = dict.fromkeys(team for each in service_ids for team in config.team_ids_of_service(each))
    maker = config.users.get(one.created_by)
    made_by = refs.user(one.created_by) if one.created_by else None
    summary = one.description or "Maintenance window"
    return {
        **refs.links.keys("maintenance_window", one.id, summary, f"maintenance_windows/{one.id}"),
        "sequence_number": one.sequence_number,
        "start_time": one.wire_start or instant(one.start),
        "end_time": one.wire_end or instant(one.end),
        "description": one.description,
        "created_by": people.user(maker, refs) if maker is not None and "users" in included else made_by,
        "services": [
            services.service(config.services[each], refs)
            if "services" in included and each in config.services
            else refs.service(each)
            for each in service_ids
        ],
        "teams": people.teams(tuple(teams), refs, full="teams" in included),
    }
