"""Whatever is sent: a clear answer, good alerts kept, never an exception, and nothing that can't be stored."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.dialects._kit.hostile import BODIES, VALUES, assert_harmless, json_values, places, planted
from tests.dialects.alertmanager.door import ALERT, FIRING, RESOLVED, WEBHOOK, notify, post
from tocsin.dialects.alertmanager.decode import DECODERS

ODD = FIRING | {"unknown": "field"}
BATCH = [ALERT | {"unknown": "field"}, ALERT | {"labels": {"alertname": "Other"}}]


@pytest.mark.parametrize("name", VALUES)
def test_a_hostile_value_in_every_place(name: str) -> None:
    for path in places(BATCH):
        assert_harmless(post(planted(BATCH, path, VALUES[name])), DECODERS)
    webhook = WEBHOOK | {"alerts": [ODD, RESOLVED]}
    for path in places(webhook):
        assert_harmless(notify(planted(webhook, path, VALUES[name])), DECODERS)


@pytest.mark.parametrize("name", BODIES)
def test_hostile_bodies(name: str) -> None:
    for reading in (notify(BODIES[name]), post(BODIES[name])):
        assert_harmless(reading, DECODERS)
        assert reading.entries == ()


@pytest.mark.parametrize(
    "name", ["nul escaped", "lone high surrogate", "emoji", "invalid UTF-8", "5000 digits", "huge exponent"]
)
def test_a_bad_alert_never_spoils_the_next(name: str) -> None:
    body = planted([ALERT | {"annotations": {"summary": 0}}, ALERT], (0, "annotations", "summary"), VALUES[name])
    events = assert_harmless(post(body), DECODERS)
    assert events[-1].summary == "Instance a:9100 down"
    body = planted(WEBHOOK | {"alerts": [FIRING, RESOLVED]}, ("alerts", 0, "labels", "severity"), VALUES[name])
    events = assert_harmless(notify(body), DECODERS)
    assert events[-1].dedup_key == "0123456789abcdef"


@given(json_values)
def test_any_json(value: object) -> None:
    assert_harmless(post(value), DECODERS)
    assert_harmless(post([value, ALERT]), DECODERS)
    assert_harmless(notify(value), DECODERS)
    events = assert_harmless(notify(WEBHOOK | {"alerts": [value, FIRING]}), DECODERS)
    assert events[-1].dedup_key == "476c2d9d67794906"


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    assert_harmless(post(body), DECODERS)
    assert_harmless(notify(body), DECODERS)


alerts = st.fixed_dictionaries(
    {},
    optional={
        "labels": st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=4) | json_values,
        "annotations": st.none() | st.dictionaries(st.text(max_size=8), st.text(max_size=8)) | json_values,
        "startsAt": st.datetimes().map(lambda moment: moment.isoformat() + "Z") | json_values,
        "endsAt": st.datetimes().map(lambda moment: moment.isoformat() + "+14:00") | json_values,
        "generatorURL": st.text() | json_values,
        "status": st.sampled_from(["firing", "resolved"]) | json_values,
        "fingerprint": st.text() | json_values,
    },
)


@given(st.lists(alerts, max_size=4))
def test_every_alert_is_kept_or_told(batch: list[object]) -> None:
    for reading in (post(batch), notify(WEBHOOK | {"alerts": batch})):
        kept = len(assert_harmless(reading, DECODERS))
        if kept == len(batch):
            assert reading.status == 200
            continue
        assert reading.status == 400
        answer = json.loads(reading.body)
        text = answer if isinstance(answer, str) else "; ".join(answer["errors"])
        told = {number for number in range(len(batch)) if f"alerts[{number}]: " in text}
        assert len(told) == len(batch) - kept
