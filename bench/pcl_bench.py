"""Prints what conditions of orchestrations cost: reading one, asking 200 rules (`python bench/pcl_bench.py`)."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from time import perf_counter

from tocsin.events import pcl
from tocsin.kernel.time import parse_iso

NOW = parse_iso("2026-03-04T12:00:00Z")

EVENT = {
    "summary": "CRITICAL: checkout-api p99 latency 2.4 s over 5 m on eu-west-1 (threshold 1.5 s), 14 pods affected",
    "source": "checkout-api-7d9f8b6c5-x2vqp.prod.eu-west-1.example.net",
    "severity": "critical",
    "component": "checkout-api",
    "group": "payments",
    "class": "latency",
    "custom_details": {
        "cluster": "prod-eu-1",
        "namespace": "payments",
        "status_code": 503,
        "value": 2.4,
        "runbook": "https://wiki.example.net/runbooks/checkout-latency",
        "labels": {"team": "payments", "tier": "1"},
    },
}

WORDS = (
    "database",
    "disk",
    "backup",
    "staging",
    "certificate",
    "kafka",
    "redis",
    "queue",
    "dns",
    "vpn",
    "batch",
    "mail",
)

PARTS = (
    "event.summary matches part '{word} {number}'",
    "event.source matches part '{word}-{number}'",
    "event.custom_details['namespace'] matches part '{word}{number}'",
)
WHOLES = (
    "event.severity matches 'info'",
    "event.component matches '{word}-{number}'",
    "event.custom_details.cluster matches '{word}-{number}'",
    "event.class == '{word}{number}'",
)
REGEXES = (
    "event.source matches regex '^{word}[0-9]+-{number}'",
    "event.summary matches regex '{word} (failed|down) on host-{number}'",
)
OTHERS = ("event.custom_details.{word}_{number} exists", "event.custom_details.value > {number}00")

SHAPES = {
    "{a}": 8,
    "{a} and {b}": 5,
    "{a} or {b}": 3,
    "{a} and ({b} or {c})": 2,
    "{a} or ({b} and not {c})": 2,
}


def test_of(chance: random.Random) -> str:
    """One comparison: most look for a part of a text, one in eight is a regular expression."""
    kind = chance.choices((PARTS, WHOLES, REGEXES, OTHERS), (12, 6, 3, 3))[0]
    return chance.choice(kind).format(word=chance.choice(WORDS), number=chance.randrange(10, 99))


def expressions(count: int, seed: int = 7) -> list[str]:
    chance = random.Random(seed)
    shapes, weights = list(SHAPES), list(SHAPES.values())
    return [
        chance.choices(shapes, weights)[0].format(a=test_of(chance), b=test_of(chance), c=test_of(chance))
        for _ in range(count)
    ]


def best(work: Callable[[], object], repeats: int = 60) -> float:
    """The shortest of some runs, in seconds: what the work costs without the neighbours' noise."""
    times = []
    for _ in range(repeats):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return min(times)


def per_event(conditions: Sequence[pcl.Condition], count: int = 100) -> float:
    """Microseconds for one event that none of the conditions is true of, its scene included."""

    def ask() -> None:
        for _ in range(count):
            scene = pcl.Scene(EVENT, now=NOW)
            for condition in conditions:
                if condition.holds(scene):
                    raise AssertionError(condition.text)

    return best(ask) / count * 1e6


def compiled(texts: Sequence[str]) -> Callable[[], object]:
    def read_all() -> None:
        pcl.compile.cache_clear()
        for text in texts:
            pcl.compile(text)

    return read_all


def main() -> None:
    texts = expressions(200)
    conditions = [pcl.compile(text) for text in texts]
    tests = sum(text.count(" event.") + 1 for text in texts)
    regexes = sum(text.count("matches regex") for text in texts)
    print(f"200 rules, {tests} tests of which {regexes} regular expressions, none true:")
    print(f"  one event {per_event(conditions):.1f} us (target: below 60)")
    for name, kind in (("parts", PARTS), ("wholes", WHOLES), ("regular expressions", REGEXES), ("others", OTHERS)):
        alone = [
            pcl.compile(kind[number % len(kind)].format(word=WORDS[number % len(WORDS)], number=number))
            for number in range(100, 300)
        ]
        print(f"  200 rules of one test, {name}: {per_event(alone):.1f} us")
    hours = [pcl.compile("now in Sat,Sun 09:00:00 to 17:00:00 America/New_York")] * 200
    print(f"  200 rules of one test, the same schedule: {per_event(hours):.1f} us")
    print(f"  reading a condition for the first time {best(compiled(texts)) / len(texts) * 1e6:.0f} us")
    shallow = "(" * 32 + "true" + ")" * 32
    print(f"  reading the deepest condition {best(compiled([shallow])) * 1e6:.0f} us")
    template = "[{{event.severity}}] {{event.summary}} on {{event.source}} ({{event.custom_details.labels.team}})"
    scene = pcl.Scene(EVENT, now=NOW)
    print(f"  filling a template of 4 places {best(lambda: pcl.render(template, scene)) * 1e6:.1f} us")


if __name__ == "__main__":
    main()
