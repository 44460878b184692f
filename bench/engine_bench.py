"""What one event costs the engine alone: a log written beforehand, decided in this process, no network.

Prints microseconds per event for repeats, resolves, new incidents and the usual mix, each from the log to the commit.
`--profile` says where they go, `--past` gives the installation a history first.
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
import shutil
import tempfile
from itertools import islice
from pathlib import Path

from bench.engine_alone import Engine
from bench.history import History, write_history
from bench.mix import ALL_NEW, USUAL, Alerts, Mix
from tocsin.testing.load import prepare


def measure(engine: Engine, alerts: Alerts, name: str, mix: Mix, count: int) -> float:
    """Microseconds per event of this mix."""
    written = engine.write(islice(alerts.steps(mix), count))
    sent = engine.outlet.sent
    seconds, used = engine.decide()
    each, busy = (1e6 * value / written for value in (seconds, used))
    rate, pages = written / seconds, engine.outlet.sent - sent
    print(f"{name:<24} {each:8.0f} us ({busy:5.0f} us busy) {rate:9,.0f}/s   {pages} pages", flush=True)
    return each


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--services", type=int, default=50)
    parser.add_argument("--open", type=int, default=2_000, help="alerts that are open all the time")
    parser.add_argument("--past", type=int, nargs=2, metavar=("EVENTS", "TIMERS"), help="what has happened before")
    parser.add_argument("--profile", choices=("usual", "new", "repeats"), help="where the time goes in this mix")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    try:
        places = prepare(folder, args.services)
        if args.past:
            write_history(folder, places, History(*args.past))
        engine = Engine(folder, places)
        alerts = Alerts()
        measure(engine, alerts, "first incidents", ALL_NEW, args.open)
        mixes = {"repeats": Mix(1, 0, 0), "new": ALL_NEW, "usual": USUAL}
        if args.profile:
            profile = cProfile.Profile()
            profile.enable()
            measure(engine, alerts, args.profile, mixes[args.profile], args.events)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(45)
        else:
            measure(engine, alerts, "repeats", mixes["repeats"], args.events)
            measure(engine, alerts, "new incidents", ALL_NEW, args.events // 10)
            measure(engine, alerts, "resolves", Mix(0, 1, 0), args.events // 10)
            measure(engine, alerts, "usual mix", USUAL, args.events)
        engine.close()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
