"""`make bench`: every benchmark that the product makes promises about, in one run, with ratios.

    python -m bench                   all of them, about twenty minutes
    python -m bench --quick           all of them, short: shows that they work, not how fast we are
    python -m bench --only b,c        some of them
    python -m bench --json FILE       the figures for programs
    python -m bench --profile         where the engine's time goes during (b) (needs py-spy)

They are benchmarks, not tests: a figure that falls short is printed as it is, and the exit code is 0 all the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from pathlib import Path

from bench import machine
from bench.report import Report, say
from bench.sections import FULL, QUICK, Bench

PARTS = {
    "a": (Bench.accepted, "durable accepts, against Debian's prometheus-alertmanager"),
    "b": (Bench.decided, "events fully decided; (f) acknowledgements meanwhile"),
    "c": (Bench.paged, "from trigger to page at the provider"),
    "d": (Bench.after_a_million, "the same after a million events, with 100,000 pending timers"),
    "e": (Bench.fresh, "a fresh start: memory and time"),
    "g": (Bench.storm, "a storm on one service"),
    "h": (Bench.answered, "lists of 100 out of 10,000 over HTTP; (i) a schedule of a year, who is on call now"),
    "j": (Bench.ruled, "an event through 200 rules"),
    "k": (Bench.planned, "a terraform plan of 500 objects"),
    "l": (Bench.seen, "every screen with a million alerts behind it, on both databases; (n) the same for many"),
    "m": (Bench.opened, "500 open pages"),
}


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", default="a,b,c,d,e,g,h,j,k,l,m", help="parts, separated by commas")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--profile", action="store_true")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="tocsin-bench-"))
    report = Report(machine.facts(folder))
    print("machine: " + ", ".join(f"{name} {value}" for name, value in report.machine.items()))
    if report.machine["load_before"] > 0.3 * report.machine["cores"]:
        print("OTHERS ARE BUSY ON THIS MACHINE: these figures say little.")
    bench = Bench(folder, QUICK if args.quick else FULL, report, profiled=args.profile)
    try:
        for part in args.only.split(","):
            measure, title = PARTS[part.strip()]
            began = time.perf_counter()
            print(f"\n({part}) {title}", flush=True)
            measure(bench)
            say(f"took {time.perf_counter() - began:.0f} s")
    finally:
        shutil.rmtree(folder)
    if args.json:
        args.json.write_text(json.dumps(report.to_json(), indent=1), encoding="utf-8")
    print("\nAll figures" + (" (quick: not to be quoted)" if args.quick else ""))
    for figure in report.figures:
        print(figure.line())
    for line in report.details.get("profile", ()):
        print(line)


if __name__ == "__main__":
    main()
