"""The condition language of orchestrations: what people write to say which events a rule is for.

Decides whether an event meets such a condition, and fills templates from the event. Never decides what a rule does,
and never executes anything that a person typed. `scan` and `parse` read a text, `tree` is what they read, `build`
makes it a function, `scene` is what that function looks at, `explain` says it in English.
"""

from tocsin.events.pcl.condition import Condition, Counter, compile  # noqa: A004 - as in `re.compile`
from tocsin.events.pcl.errors import PclError, Remark
from tocsin.events.pcl.explain import explain
from tocsin.events.pcl.parse import EVENT_ROOTS, INCIDENT_ROOTS, parse, parse_path
from tocsin.events.pcl.patterns import captures, check_regex
from tocsin.events.pcl.reach import always, apart_in_time
from tocsin.events.pcl.scan import quoted
from tocsin.events.pcl.scene import Named, Scene
from tocsin.events.pcl.templates import render, unknown_places
from tocsin.events.pcl.tree import Path

__all__ = [
    "EVENT_ROOTS",
    "INCIDENT_ROOTS",
    "Condition",
    "Counter",
    "Named",
    "Path",
    "PclError",
    "Remark",
    "Scene",
    "always",
    "apart_in_time",
    "captures",
    "check_regex",
    "compile",
    "explain",
    "parse",
    "parse_path",
    "quoted",
    "render",
    "unknown_places",
]
