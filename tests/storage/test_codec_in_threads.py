"""A new process whose threads all read at once, each type for the first time: it must live.

Before every type was made known at import, a third of such processes died of it (SIGSEGV in the library).
"""

from __future__ import annotations

import json
import subprocess
import sys

from tocsin.directory.model import Channel, ContactMethod, Service, SupportHours, Urgency, User
from tocsin.escalation.model import Policy, Rule, Target, TargetKind
from tocsin.incidents.model import Acknowledgement, Assignment, Incident, Status
from tocsin.kernel.actor import SYSTEM
from tocsin.storage.codec import plain

PROCESSES = 20

THINGS = (
    User(id="u", name="Alice", email="alice@example.com"),
    Service(
        id="s",
        name="Payments",
        policy_id="p",
        support_hours=SupportHours(time_zone="Etc/UTC", start_second=1, end_second=2, days=(1,)),
    ),
    Policy(
        id="p",
        name="Payments",
        rules=(Rule(id="r", delay_minutes=3, targets=(Target(kind=TargetKind.USER, id="u"),)),),
    ),
    Incident(
        id="i",
        number=1,
        title="t",
        service_id="s",
        status=Status.TRIGGERED,
        urgency=Urgency.HIGH,
        created_at=1,
        updated_at=1,
        assignments=(Assignment("u", 1),),
        acknowledgements=(Acknowledgement(SYSTEM, 1),),
    ),
    ContactMethod(id="c", user_id="u", channel=Channel.SMS, address="2025550100"),
    SYSTEM,
)

READERS = """
import importlib, json, sys, threading
from tocsin.storage import codec

given = [
    (getattr(importlib.import_module(module), name), json.dumps(values), values)
    for module, name, values in json.loads(sys.argv[1])
]
sys.setswitchinterval(1e-6)
together = threading.Barrier(12)

def read(number):
    together.wait()
    for kind, text, values in given:
        for _ in range(5):
            codec.load(kind, text) if number % 2 else codec.build(kind, values)

threads = [threading.Thread(target=read, args=(number,)) for number in range(12)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""


def test_threads_that_read_a_type_for_the_first_time_together_do_not_crash() -> None:
    given = json.dumps([(type(one).__module__, type(one).__name__, plain(one)) for one in THINGS])
    for _ in range(PROCESSES):
        command = [sys.executable, "-c", READERS, given]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert ended.returncode == 0, (ended.returncode, ended.stderr)
