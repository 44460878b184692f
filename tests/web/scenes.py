"""Scenes for screenshots and browser tests: empty, usual, and full to the brim."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.web.place import Place, policy_of, priorities, rename, small
from tocsin.directory.model import Integration, Role, Service, Urgency
from tocsin.events.model import Action, Event, Severity
from tocsin.incidents.messages import Acknowledge, AddNote, Resolve, SetPriority, SetUrgency, Snooze
from tocsin.kernel.actor import SYSTEM, Via
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Span
from tocsin.paging.messages import AnswerMessage, RecordReceipt
from tocsin.paging.model import Answer
from tocsin.testing.rules import quiet
from tocsin.web.demo import BoothCall, BoothPhone, BoothText, EndCard, ShowAction, ShowState, ShowStep

LONG_NAME = "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh Junior"
ARABIC = "فشل الدفع: قاعدة البيانات لا تستجيب في المنطقة الغربية"
HEBREW = "שירות התשלומים אינו מגיב"
NOTE = "A long backup holds the replica back.\nIt ends at about 03:00; I look again then."
CERTIFICATE = "Certificate of checkout.example.com ends in 13 days"
RUNBOOK = "https://wiki.example.com/payments/errors"
DISK = (
    "Disk /var/lib/postgresql on db-eu-west-1a-payments-ledger-replica-7 is 97 % full and will be in about 42 minutes"
)
ERRORS = "Payment API error rate is 12 % (limit 1 %)"
DEPLOY = "payments-api 4.19.0 to eu-west-1"
DEPLOY_LINK = {"href": "https://deploys.example.com/payments-api/4.19.0", "text": "The deploy"}
MORE: dict[str, Any] = {
    "source": "payments-api-3",
    "component": "payments-api",
    "details": {"alertname": "PaymentErrors", "region": "eu-west-1", "value": "0.1204", "runbook": RUNBOOK},
    "links": ({"href": "https://grafana.example.com/d/payments?var-region=eu-west-1", "text": "Payments dashboard"},),
    "images": ({"src": "https://grafana.example.com/render/payments.png", "alt": "Error rate, last hour"},),
    "client": "Prometheus",
    "client_url": "https://prometheus.example.com/graph?g0.expr=errors",
    "runbook_url": RUNBOOK,
}
SCRIPT = "<script>alert(1)</script> & <b>bold</b> in a title"
EMOJI = "🔥🔥 checkout is melting 🫠 — latency p99 > 12 s 🇪🇺"


def empty(folder: Path) -> Place:
    """The first day: one owner, nothing else."""
    place = Place(folder)
    place.person("erin", Role.OWNER)
    return place


def calm(folder: Path) -> Place:
    """Nothing is wrong now; something was."""
    place = small(folder)
    _quiet_days(place)
    return place


def usual(folder: Path) -> Place:
    """One incident that escalated to Bob, one in hand, one low, and a history."""
    place = small(folder)
    _quiet_days(place)
    p1, p2, _ = priorities(place)
    place.service("CheckoutWeb", place.policy)
    place.service("Ledger", place.policy, acknowledgement_timeout=1800)
    payments_id = place.services["PaymentsService"][0].id
    place.desk.save(quiet(payments_id, "event.source matches part 'staging'", "Staging never pages"))
    held = place.alarm("Ledger", "lag", "Replication lag on ledger-db is 340 s", source="ledger-db-2")
    assert held is not None
    _deliver(place)
    pass_(place, 48 * SECOND)
    place.desk.run(place.as_("alice", Via.SMS), Acknowledge(incident_id=held.id))
    place.desk.run(
        place.as_("alice"),
        AddNote(
            incident_id=held.id,
            text="A long backup holds the replica back.\nIt ends at about 03:00; I look again then.",
        ),
    )
    place.desk.run(place.as_("alice"), SetPriority(incident_id=held.id, priority_id=p2.id))
    pass_(place, 13 * MINUTE)
    place.alarm("PaymentsService", "deploy", DEPLOY, Action.CHANGE, source="argo-cd", links=(DEPLOY_LINK,))
    low = place.alarm("CheckoutWeb", "cert", CERTIFICATE, severity=Severity.WARNING)
    assert low is not None
    place.desk.run(place.as_("carol"), SetUrgency(incident_id=low.id, urgency=Urgency.LOW))
    pass_(place, 2 * MINUTE)
    fire = place.alarm("PaymentsService", "errors", ERRORS, **MORE)
    assert fire is not None
    place.desk.run(place.as_("carol"), SetPriority(incident_id=fire.id, priority_id=p1.id))
    place.alarm("PaymentsService", "staging-errors", "Payment API error rate is 80 %", source="payments-staging-1")
    _deliver(place)
    pass_(place, 5 * MINUTE)
    _deliver(place)
    pass_(place, 41 * SECOND)
    for _ in range(3):
        place.alarm("PaymentsService", "errors", ERRORS, **MORE)
    return place


def answered(folder: Path) -> Place:
    """As `usual`, and Bob has taken the call."""
    place = usual(folder)
    fire = next(one for one in place.desk.reads.incidents().items if one.title == ERRORS)
    for message_id in {page.message_id for page in place.desk.reads.pages_of(fire.id) if page.message_id}:
        message = place.desk.reads.message(message_id)
        if message is not None and message.user_id == place.people["bob"].id:
            place.desk.run(SYSTEM, AnswerMessage(message_id=message.id, answer=Answer.ACKNOWLEDGE))
    pass_(place, 20 * MINUTE)
    place.desk.run(place.as_("bob"), AddNote(incident_id=fire.id, text="Rolled payments-api back to 4.18.2."))
    pass_(place, 25 * SECOND)
    return place


def full(folder: Path) -> Place:
    """Names of 60 characters, Arabic, Hebrew, emoji, long lists."""
    place = usual(folder)
    rename(place, "alice", LONG_NAME)
    rename(place, "bob", "محمد عبد الرحمن بن يوسف القحطاني")
    long_service = "Payments settlement reconciliation and chargeback gateway EU"
    place.service(long_service, place.policy)
    place.service("שירות תשלומים", place.policy)
    titles = [
        EMOJI,
        ARABIC,
        HEBREW,
        "x" * 120,
        SCRIPT,
        DISK,
    ]
    for number in range(64):
        service = (long_service, "שירות תשלומים", "PaymentsService", "Ledger")[number % 4]
        made = place.alarm(service, f"many-{number}", titles[number % len(titles)])
        assert made is not None
        if number % 3 == 1:
            place.desk.run(place.as_("bob"), Acknowledge(incident_id=made.id))
        if number % 9 == 5:
            place.desk.run(place.as_("bob"), Resolve(incident_id=made.id))
        if number % 7 == 3 and number % 9 != 5:
            place.desk.run(place.as_("carol"), Snooze(incident_id=made.id, seconds=3600))
        pass_(place, 7 * SECOND)
    _deliver(place)
    return place


def crowd(folder: Path) -> Place:
    """A large company on a bad night: 5,000 open alerts on 200 services, 60 people, 40 schedules and policies."""
    place = full(folder)
    for number in range(60):
        name = f"person{number}"
        place.person(name, shown=(f"{LONG_NAME} {number}", f"سارة الأحمد {number}", f"Person {number} 🦊")[number % 3])
    policies = []
    for number in range(40):
        names = [f"person{(number * 3 + step) % 60}" for step in range(4)]
        schedule = place.rota(f"Rotation {number} of the platform team for Europe and the Middle East", *names)
        policies.append(policy_of(place, f"Policy {number}, follow the sun", (5, schedule), (10, names[2]), loops=2))
    services = [f"Service {number} · ledger, settlement and reconciliation for EU" for number in range(200)]
    for number, service in enumerate(services):
        place.service(service, policies[number % 40], group_seconds=7200 if number % 4 else None)
    titles = (DISK, EMOJI, ARABIC, ERRORS, CERTIFICATE)
    now = place.desk.clock.now()
    events = [
        Event(
            action=Action.TRIGGER,
            integration_id=place.services[services[number % 200]][1].id,
            dedup_key=f"crowd-{number}",
            received_at=now,
            summary=f"{titles[number % len(titles)]} ({number})",
            source=f"node-{number % 977}.eu-west-1.example.com",
            severity=tuple(Severity)[number % 4],
        )
        for number in range(5000)
    ]
    for start in range(0, len(events), 250):
        place.desk.receive_all(events[start : start + 250])
    _deliver(place)
    return place


def catalogue(folder: Path) -> Place:
    """Two hundred services, of which some burn, with names of every length."""
    place = usual(folder)
    names = ("Payments settlement reconciliation and chargeback gateway EU", HEBREW, EMOJI[:40], "Search", "Mail out")
    for number in range(200):
        name = f"{names[number % len(names)][:56]} {number}"
        made: Service = place.desk.save(Service(id="", name=name, policy_id=place.policy.id))
        if number % 2:
            place.desk.save(Integration(id="", service_id=made.id, name="Prometheus", key=""))
    return place


def _quiet_days(place: Place) -> None:
    """Two old incidents: one answered in 41 s, one that ended by itself."""
    place.desk.clock.moment += -26 * HOUR
    first = place.alarm(
        "PaymentsService", "old-1", "Payment API error rate is 4 % (limit 1 %)", source="payments-api-1"
    )
    assert first is not None
    _deliver(place)
    pass_(place, 41 * SECOND)
    place.desk.run(place.as_("bob", Via.VOICE), Acknowledge(incident_id=first.id))
    pass_(place, 32 * MINUTE)
    place.desk.run(
        place.as_("bob"), Resolve(incident_id=first.id, resolution="The processor had an outage of its own.")
    )
    pass_(place, 20 * HOUR)
    second = place.alarm("PaymentsService", "old-2", "Queue of refunds grows", source="refunds-1")
    assert second is not None
    _deliver(place)
    pass_(place, 3 * MINUTE)
    place.alarm("PaymentsService", "old-2", action=Action.RESOLVE)
    pass_(place, 5 * HOUR)


def pass_(place: Place, span: Span) -> None:
    """Let time pass in steps so small that every page is taken as soon as it goes out."""
    until = place.desk.clock.moment + span
    while place.desk.clock.moment < until:
        place.desk.advance(min(SECOND, until - place.desk.clock.moment) if span < HOUR else span)
        if place.desk.sent:
            _deliver(place)


def _deliver(place: Place) -> None:
    """Everything that waits is taken by its provider 38 ms later, and arrives 1.9 s after that."""
    place.desk.clock.moment += 38_000
    taken = place.desk.settle()
    place.desk.clock.moment += 1_900_000
    for message in taken:
        place.desk.run(SYSTEM, RecordReceipt(message_id=message.message_id, status="delivered"))


def numbers(place: Place) -> dict[str, Any]:
    """The numbers of the incidents that matter: the one on fire, one in hand; and the alert of the former."""
    found: dict[str, Any] = {"fire": 1, "held": 1, "alert": "none"}
    incidents = place.desk.reads.incidents(limit=200).items
    for incident in incidents[:1]:
        found["alert"] = next((one.id for one in place.desk.reads.alerts_of(incident.id).items), "none")
    for incident in incidents:
        if incident.title == ERRORS:
            found["fire"] = incident.number
            found["alert"] = place.desk.reads.alerts_of(incident.id).items[0].id
        if incident.title.startswith("Replication lag"):
            found["held"] = incident.number
    return found


class Booth:
    """Four phones that show a story, and keep what is done to them."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.done: list[tuple[str, str, str]] = []

    def phones(self) -> list[BoothPhone]:
        """Alice got a text, Bob's phone rings."""
        now = self.place.desk.clock.now()
        alarm = (
            "#5 PaymentsService: Payment API error rate is 12 % (limit 1 %). Reply 10 to acknowledge, 10 r to resolve."
        )
        spoken = "Incident 5 on PaymentsService. Payment API error rate is 12 percent. Press 1 to acknowledge."
        return [
            BoothPhone("+12025550100", "Alice", "primary on call", (BoothText(alarm, now - 5 * MINUTE),)),
            BoothPhone("+12025550101", "Bob", "secondary", (), (BoothCall("CA1", "ringing", now - 4 * SECOND),)),
            BoothPhone(
                "+12025550102", "Carol", "manager of Payments",
                (BoothText("10", now - 2 * MINUTE, mine=True), BoothText("You have #4.", now - 2 * MINUTE + SECOND)),
                (BoothCall("CA2", "ended", now - 3 * MINUTE, (spoken,), "1"),),
            ),
            BoothPhone("+12025550103", "Erin", "owner"),
        ]  # fmt: skip

    def reply(self, number: str, text: str) -> None:
        """Kept."""
        self.done.append(("reply", number, text))

    def pick_up(self, call_id: str) -> None:
        """Kept."""
        self.done.append(("pick_up", call_id, ""))

    def press(self, call_id: str, digit: str) -> None:
        """Kept."""
        self.done.append(("press", call_id, digit))

    def hang_up(self, call_id: str) -> None:
        """Kept."""
        self.done.append(("hang_up", call_id, ""))


STEPS = (
    ShowStep("Alarm", "Three alerts arrive: two make one incident, staging pages nobody."),
    ShowStep("Nobody answers", "Alice does not see her text. The policy gives her five minutes; the demo skips most."),
    ShowStep("Bob’s phone rings", "Level 2 of the policy."),
    ShowStep("Answered", "Bob has it; nobody else is called."),
    ShowStep("Over", "The monitor says that it is over."),
)
FIGURES = (
    ("1", "problem"),
    ("3", "events"),
    ("2", "people woken"),
    ("20 s", "until answered"),
    ("0", "pages from staging"),
)


class Show:
    """A show at one of its steps, which keeps what the audience did."""

    def __init__(self, step: int = 0, number: int = 0) -> None:
        self.step = step
        self.number = number
        self.done: list[ShowAction] = []

    def state(self) -> ShowState:
        """Where it is."""
        over = self.step > len(STEPS)
        actions = (ShowAction.START,) if not self.step else (ShowAction.AGAIN,) if over else tuple(RUNNING)
        wish = "Bob’s phone rings: press 1 on the Phones page." if self.step == 3 else ""
        end = EndCard(FIGURES, "receivers:\n  - name: tocsin\n    webhook_configs: ...", "make run") if over else None
        return ShowState(STEPS, self.step, wish=wish, incident_number=self.number, actions=actions, end=end)

    def act(self, action: ShowAction) -> None:
        """Kept."""
        self.done.append(action)


RUNNING = (ShowAction.PAUSE, ShowAction.NEXT, ShowAction.SKIP)


def staged(place: Place, show: Show | None = None) -> Place:
    """The same with phones to look at, and a show if one is given."""
    place.site = replace(place.site, booth=Booth(place), show=show)
    return place
