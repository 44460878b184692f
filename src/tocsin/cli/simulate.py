"""`tocsin simulate SERVICE`: who would be paged, how and when, if an alarm arrived then. Prints; decides nothing.

With `--policy` the same of an escalation policy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import click

from tocsin.app.installation import installation
from tocsin.app.logs import configure
from tocsin.app.providers import NEEDED, providers
from tocsin.app.settings import from_environment
from tocsin.directory.model import Channel, Urgency
from tocsin.engine.config import Config
from tocsin.events.model import Severity
from tocsin.incidents.model import NextStep, NoTimer
from tocsin.kernel.errors import TocsinError
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Moment, Span, from_datetime, iso, to_datetime
from tocsin.kernel.wording import listed
from tocsin.oncall import zone_named
from tocsin.paging.messages import PageAnswered, PageStarted
from tocsin.runtime.reads import Reads
from tocsin.runtime.simulation import (
    Question,
    Step,
    Story,
    policy_called,
    service_called,
    simulate,
    trial_service,
    turns_of,
)
from tocsin.storage.database import DatabaseError
from tocsin.web.names import ConfigNames
from tocsin.web.simulated import names_in, sentence
from tocsin.web.times import Times, zone_of

LONGEST_HOURS = 72
_YEARS = range(2000, 2200)

_NEXT: Mapping[NextStep, str] = {
    NextStep.ESCALATE: "The next level follows",
    NextStep.LAST_RESORT: "The last resort is called again",
    NextStep.UNACKNOWLEDGE: "The acknowledgement runs out",
}
_ENDS: Mapping[NoTimer | None, str] = {
    NoTimer.EXHAUSTED: "the policy is used up and the last resort is switched off",
    NoTimer.LOW_URGENCY: "low urgency never escalates",
    NoTimer.NO_ACK_TIMEOUT: "somebody has it",
}


def _moment(_context: click.Context, _parameter: click.Parameter, text: str | None) -> Moment | None:
    """An instant with its offset: whose midnight is meant is never guessed."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
        if at.year in _YEARS:
            return from_datetime(at)
    except ValueError:
        pass
    raise click.BadParameter("give date, time and offset, like 2026-12-24T22:00+01:00 or 2026-12-24T21:00Z")


@click.command("simulate")
@click.argument("service", required=False)
@click.option("--policy", metavar="NAME", help="Instead of a service: an escalation policy, by its id or name.")
@click.option("--at", metavar="TIME", callback=_moment, help="When the alarm arrives, 2026-12-24T22:00+01:00 (now).")
@click.option("--urgency", type=click.Choice([one.value for one in Urgency]), help="Instead of what the service says.")
@click.option(
    "--severity", type=click.Choice([one.value for one in Severity]), help="What the monitor says (critical)."
)
@click.option(
    "--hours", type=click.FloatRange(0.1, LONGEST_HOURS), default=2.0, show_default=True, help="How far to look."
)
@click.option(
    "--answer-after", type=click.FloatRange(0), metavar="MINUTES", help="Whoever was paged last answers then."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON only.")
@click.option(
    "--data", type=click.Path(path_type=Path, file_okay=False), help="Folder of everything (TOCSIN_DATA_DIR)."
)
def command(*, as_json: bool, data: Path | None, **asked: Any) -> None:
    """Tell who would be paged, how and when, if an alarm arrived on SERVICE (its id or name) and nobody answered.

    With --policy it arrives on a service of that policy where every alarm is urgent.

    The engine itself decides, on a copy of the configuration: nothing is sent, and a running server is not touched.
    Run it with the server's own settings: a channel that is not set up here can't be used. Ends with 0, with 1 when
    nobody would be paged, or with 2 (could not look).
    """
    if asked["urgency"] and asked["severity"]:
        raise click.UsageError("Give either --urgency or --severity.")
    if bool(asked["service"]) is bool(asked["policy"]):
        raise click.UsageError("Give either a service or --policy.")
    configure("simulate")
    try:
        place = installation(from_environment(data=data))
        config = place.stored_config()
        question = _question(config, asked, place.clock.now())
        with closing(place.database(read_only=True)) as database:
            ways = providers(place, database).ways(config)
            question = replace(question, turns=turns_of(config, Reads(database).memories))
        story = simulate(config, ways, question, ids=place.ids, settings=NEEDED)
    except TocsinError as error:
        _could_not(error.message)
    except DatabaseError as error:
        _could_not(f"the database can't be read: {str(error)[:300]}")
    if as_json:
        click.echo(json.dumps(_as_json(story, config)))
    else:
        for line in _lines(story, config):
            click.echo(line)
    sys.exit(0 if story.sent else 1)


def _question(config: Config, asked: Mapping[str, Any], now: Moment) -> Question:
    after = asked["answer_after"]
    named = asked["policy"]
    return Question(
        service=trial_service(policy_called(config, named)) if named else service_called(config, asked["service"]),
        at=asked["at"] if asked["at"] is not None else now,
        span=round(asked["hours"] * HOUR),
        severity=Severity(asked["severity"] or Severity.CRITICAL),
        urgency=Urgency(asked["urgency"]) if asked["urgency"] else None,
        answer_after=None if after is None else round(after * MINUTE),
    )


def _could_not(why: str) -> NoReturn:
    click.echo(f"Error: {why}", err=True)
    sys.exit(2)


def _lines(story: Story, config: Config) -> Iterator[str]:
    zone = zone_named(story.zone_name)

    def wall(at: Moment, form: str) -> str:
        return to_datetime(at).astimezone(zone).strftime(form)

    at = story.question.at
    yield f"{story.question.service.name}, {wall(at, '%a %d %b %Y %H:%M')} ({story.zone_name}): {_alarm(story)}"
    names = names_in(story, Times(at, zone_of(story.zone_name)))
    for step in story.steps:
        below = "  " if step.fact.kind.startswith("page.") else ""
        text = f"{below}{sentence(step, names)}{_address(step)}"
        yield f"{_offset(step.at - at):>7}  {wall(step.at, '%a %H:%M:%S')}  {text}"
    yield _summary(story, config)
    if config.settings.sending_fenced:
        yield "Sending is fenced off since a restore: until `tocsin restore --confirm`, none of this leaves."


def _alarm(story: Story) -> str:
    parts = ["an alarm" if story.question.urgency else f"severity {story.question.severity}"]
    if story.urgency:
        parts.append(f"{story.urgency} urgency")
    if story.policy:
        levels, passes = _counted(len(story.policy.rules), "level"), _counted(story.policy.passes, "pass", "passes")
        parts.append(f"policy {story.policy.name} ({levels}, {passes})")
    return ", ".join(parts)


def _counted(number: int, word: str, several: str = "") -> str:
    return f"{number} {word if number == 1 else several or word + 's'}"


def _offset(span: Span) -> str:
    """How long after the alarm: "+0:05", "+0:05:30"."""
    minutes, seconds = divmod(span // SECOND, 60)
    return f"+{minutes // 60}:{minutes % 60:02}" + (f":{seconds:02}" if seconds else "")


def _address(step: Step) -> str:
    """Where a page goes. Of a webhook only the host: what follows is often a secret."""
    if not isinstance(step.fact, PageStarted):
        return ""
    address = step.fact.address
    return f" [{urlsplit(address).hostname if step.fact.channel is Channel.WEBHOOK else address}]"


def _summary(story: Story, config: Config) -> str:
    if story.incident is None:
        return f"The alarm pages nobody: {story.reason}."
    if not story.sent:
        return "Nobody answers, because nobody is paged: this alarm would stay unheard."
    at = story.question.at
    answer = next((step for step in story.steps if isinstance(step.fact, PageAnswered)), None)
    head = "Nobody answers" if answer is None else f"Answered at {_offset(answer.at - at)}"
    names = [config.users[user_id].name for user_id in story.paged]
    are = "is" if len(names) == 1 else "are"
    last = _offset(story.sent[-1][0] - at)
    pages = _counted(len(story.sent), "page")
    return f"{head}: {listed(names)} {are} paged, {pages} in all, the last at {last}. {_afterwards(story)}"


def _afterwards(story: Story) -> str:
    """How it would go on after the time that was looked at."""
    incident = story.incident
    if incident is None or not incident.is_open:
        return "Then it is over."
    if incident.timer_at is None or incident.next_step is None:
        return f"Then nothing more happens by itself ({_ENDS.get(incident.timer_reason, incident.timer_reason)})."
    return f"{_NEXT[incident.next_step]} at {_offset(incident.timer_at - story.question.at)}."


def _as_json(story: Story, config: Config) -> dict[str, Any]:
    asked, policy = story.question, story.policy
    names = names_in(story, Times(asked.at, zone_of(story.zone_name)))
    return {
        "service": {"id": asked.service.id, "name": asked.service.name},
        "policy": {"id": policy.id, "name": policy.name, "passes": policy.passes} if policy else None,
        "at": iso(asked.at),
        "time_zone": story.zone_name,
        "urgency": story.urgency,
        "outcome": story.outcome,
        "reason": story.reason,
        "steps": [_step_json(step, asked.at, config, names) for step in story.steps],
        "paged": [{"id": user_id, "name": config.users[user_id].name} for user_id in story.paged],
        "pages": len(story.sent),
        "summary": _summary(story, config),
    }


def _step_json(step: Step, alarm_at: Moment, config: Config, names: ConfigNames) -> dict[str, Any]:
    user = config.users.get(getattr(step.fact, "user_id", ""))
    return {
        "at": iso(step.at),
        "after_seconds": (step.at - alarm_at) // SECOND,
        "kind": step.fact.kind,
        "text": sentence(step, names),
        "person": {"id": user.id, "name": user.name} if user else None,
        "channel": getattr(step.fact, "channel", None) or None,
        "address": getattr(step.fact, "address", None),
        "level": step.level,
        "pass": step.pass_number,
        "passes": step.passes,
    }
