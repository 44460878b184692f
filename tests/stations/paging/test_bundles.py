"""What gathers for a contact method always has a timer that sends it."""

from __future__ import annotations

import random

from tocsin.directory.model import Channel, ContactMethod, Urgency
from tocsin.incidents.model import Assignment, Incident, Status
from tocsin.kernel.decision import SetTimer
from tocsin.kernel.ids import IdSource
from tocsin.kernel.time import HOUR, MINUTE, SECOND, Moment
from tocsin.paging.bundle import send_bundle
from tocsin.paging.decide import Recipient, Way, bundle_timer, page_people
from tocsin.paging.messages import SendBundle
from tocsin.paging.model import ContactPace, Pace
from tocsin.paging.text import Brief

NOW: Moment = 1_000 * HOUR
PHONE = ContactMethod(id="CSMS", user_id="U", channel=Channel.SMS, address="5550100")
INCIDENT = Incident(
    id="I",
    number=1,
    title="disk full",
    service_id="S",
    status=Status.TRIGGERED,
    urgency=Urgency.HIGH,
    created_at=NOW,
    updated_at=NOW,
    assignments=(Assignment("U", NOW),),
)


def pace(bundle_due_at: Moment) -> Pace:
    """The phone was used half a minute ago, and something gathers for it."""
    used = NOW - 30 * SECOND
    return Pace(
        id="U", last_at=used, contacts=(ContactPace(contact_id="CSMS", sent_at=(used,), bundle_due_at=bundle_due_at),)
    )


def test_a_page_that_joins_a_bundle_has_its_timer_though_the_date_of_the_bundle_is_long_past() -> None:
    for due_at in (NOW - HOUR, NOW + 10 * SECOND, NOW + MINUTE):
        recipient = Recipient("U", (Way(PHONE, 0),), pace(due_at))
        decision = page_people(
            Brief(INCIDENT, "Checkout"), [recipient], "", since=NOW, ids=IdSource(random.Random(1)), now=NOW
        )
        timers = {one.key: one.due_at for one in decision.timers if isinstance(one, SetTimer)}
        assert timers.get(bundle_timer(PHONE.id), NOW + HOUR) <= NOW + MINUTE


def test_a_bundle_for_a_phone_that_is_switched_off_leaves_no_date_behind() -> None:
    due = SendBundle(user_id="U", contact_id=PHONE.id)
    (after,) = send_bundle(due, None, [], 0, pace(NOW), IdSource(random.Random(1)), NOW).state
    assert isinstance(after, Pace)
    assert after.of(PHONE.id).bundle_due_at is None
