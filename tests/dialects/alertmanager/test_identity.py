"""The fingerprint of a label set."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.dialects.alertmanager.identity import REMEMBERED_CHARS, fingerprint

labels = st.dictionaries(st.text(), st.text())


@pytest.mark.parametrize(
    ("label_set", "expected"),
    [
        ({}, "cbf29ce484222325"),
        ({"a": "1"}, "d3b971819376d835"),
        ({"alertname": "HighLatency", "severity": "critical"}, "476c2d9d67794906"),
        ({"severity": "critical", "alertname": "HighLatency"}, "476c2d9d67794906"),
    ],
)
def test_vectors_of_the_reference(label_set: dict[str, str], expected: str) -> None:
    assert fingerprint(label_set) == expected


def test_names_and_values_do_not_run_into_each_other() -> None:
    assert fingerprint({"ab": "c"}) != fingerprint({"a": "bc"})
    assert fingerprint({"a": "b", "c": "d"}) != fingerprint({"a": "bcd"})


@given(labels)
def test_what_is_remembered_is_what_is_computed(label_set: dict[str, str]) -> None:
    first = fingerprint(label_set)
    assert fingerprint(dict(reversed(label_set.items()))) == first
    assert len(first) == 16
    assert int(first, 16) < 2**64


def test_large_label_sets_have_one_too() -> None:
    large = {"alertname": "x" * REMEMBERED_CHARS}
    assert fingerprint(large) == fingerprint(dict(large))
