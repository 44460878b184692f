"""What a simulation found, in words: the sentences of the timeline, and how it ends. Decides wording only."""

from __future__ import annotations

from tocsin.kernel.wording import Names
from tocsin.runtime.simulation import Step, Story
from tocsin.web.names import ConfigNames
from tocsin.web.timeline import SENTENCES
from tocsin.web.times import Times


def names_in(story: Story, times: Times) -> ConfigNames:
    """What things are called in the story, for a reader of these times."""
    incident = story.incident
    return ConfigNames(story.config, times.clock, lambda _ids: {incident.id: incident} if incident else {})


def sentence(step: Step, names: Names) -> str:
    """How a step reads on a timeline."""
    return SENTENCES[type(step.fact)](step.actor, step.fact, names)
