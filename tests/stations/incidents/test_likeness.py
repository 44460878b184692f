"""Which incidents are alike."""

from __future__ import annotations

import pytest

from tocsin.directory.model import Urgency
from tocsin.incidents.likeness import SAME_KEY, likeness, most_alike
from tocsin.incidents.model import Incident, Status


def incident(number: int, title: str, key: str = "") -> Incident:
    return Incident(
        id=f"Q{number}",
        number=number,
        title=title,
        service_id="P1",
        status=Status.RESOLVED,
        urgency=Urgency.HIGH,
        incident_key=key,
        created_at=number,
        updated_at=number,
    )


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("Disk of db-1 is 97 % full", "Disk of db-12 is 83 % full", 90.0),
        ("Disk is full", "DISK IS FULL", 90.0),
        ("Disk is full", "Disk is slow", 45.0),
        ("Disk is full", "Queue grows", 0.0),
        ("", "", 0.0),
    ],
)
def test_titles_that_say_the_same_but_for_numbers_are_alike(one: str, other: str, alike: float) -> None:
    assert likeness(incident(1, one), incident(2, other)) == alike


def test_the_same_key_counts_more_than_any_title() -> None:
    found = most_alike(
        incident(9, "Disk is full", "k"),
        [
            incident(1, "Disk is full"),
            incident(2, "Queue grows"),
            incident(3, "Other words", "k"),
            incident(4, "Disk is full"),
        ],
    )
    assert [(one.number, score) for one, score in found] == [(3, SAME_KEY), (4, 90.0), (1, 90.0)]
