"""The benchmarks, each on real processes of its own. What each figure means: docs/performance.md."""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from bench import answers, many, open_pages, paint, profile, rules_alone, screens, terraform
from bench.history import History, write_history
from bench.live import Live, Trial, live, median, share
from bench.mix import ALL_NEW
from bench.past import Past
from bench.probes import API_KEY, Acknowledging, Paging, probing
from bench.report import Figure, Report, say
from tocsin.storage.log.sqlite import SqliteLogReader
from tocsin.testing import processes
from tocsin.testing.load import Place, prepare
from tocsin.testing.running import RunningServer

ROOT = Path(__file__).parent.parent
SERVICES = 50
OPEN = 2_000
"""Alerts that are open all the time."""

PEOPLE = 2_200
OPEN_BEFORE_PAGES = 300
"""For figures about pages: everybody is called for one of these or for one new alert, never twice within a minute,
which would bundle pages."""

PAGES_AT = 500
STEP = 1.15


@dataclass(frozen=True)
class Scale:
    """How long and how often. `QUICK` shows that everything works; only `FULL` is worth quoting."""

    accept_rounds: int
    accept_seconds: float
    step_seconds: float
    load_seconds: float
    page_seconds: float
    runs: int
    run_seconds: float
    storm: int
    storm_seconds: float
    past: History
    things: int
    asked: int
    batches: int
    configured: Mapping[str, int]
    plans: int
    seen: Past
    looks: int


FULL = Scale(3, 5, 5, 60, 60, 5, 12, 100_000, 60, History(), 10_000, 300, 200, terraform.MANY, 5, Past(), 60)
QUICK = Scale(
    1, 3, 3, 10, 10, 1, 6, 10_000, 6, History(100_000, 10_000), 1_000, 30, 20, terraform.FEW, 1, Past(500, 20_000), 5
)


class Bench:
    """One run. `folder` holds everything it writes; `profiled`: samples the engine during (b)."""

    def __init__(self, folder: Path, scale: Scale, report: Report, *, profiled: bool = False) -> None:
        self._folder = folder
        self._scale = scale
        self._report = report
        self._profiled = profiled
        self._numbers = iter(range(10**6))

    def accepted(self) -> None:
        """(a) Durable accepts against Alertmanager's."""
        command = [sys.executable, "-m", "bench.ingest_bench", "--json"]
        command += [f"--rounds={self._scale.accept_rounds}", f"--seconds={self._scale.accept_seconds}"]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True, timeout=600)
        found = json.loads(done.stdout.splitlines()[-1])
        self._report.details["a"] = found
        ours, *theirs = found["medians"].values()
        self._add("a", "durable accepts over 64 connections", ours, "/s")
        if theirs:
            self._add("a", "the same, prometheus-alertmanager (memory only)", theirs[0], "/s")
            self._add("a", "ratio", found["ratio"], "", "at least 0.7, aim 1", met=found["ratio"] >= 0.7)

    def decided(self) -> None:
        """(b) Fully decided events per second, and (f) acknowledgements meanwhile."""
        with self._installation(SERVICES) as running:
            running.fill(OPEN)
            capacity = self._find_capacity(running)
            trial, acks = self._just_above(running, capacity)
        self._note_trial("b", trial)
        rate, behind = trial.decided_rate, trial.backlog_seconds
        self._add("b", "events decided", rate, "/s", note=f"offered {trial.load.rate:,.0f}/s, {_shares(trial)}")
        self._add("b", "backlog at the end", behind, "s of work", "under 1", met=behind < 1)
        accepts = self._report.value("a", "durable accepts over 64 connections")
        if accepts:
            self._add("b", "ratio to (a)", rate / accepts, "", "at least 0.4", met=rate / accepts >= 0.4)
        tail = share(acks.taken_ms, 0.99)
        note = f"{len(acks.taken_ms)} acknowledged, {len(acks.failed)} failed"
        self._add("f", "acknowledge by REST during (b), p50", median(acks.taken_ms), "ms", note=note)
        self._add("f", "acknowledge by REST during (b), p99", tail, "ms", "under 50", met=0 < tail < 50)
        for failure in acks.failed[:3]:
            say(f"an acknowledgement failed: {failure}")

    def _find_capacity(self, running: Live) -> float:
        """The highest rate, in steps, at which a few seconds leave no backlog to speak of.

        A step that fails is tried once more: a hiccup of the machine is not the server's limit.
        """
        rate, good, again = 1_500.0, 0.0, True
        while True:
            trial = running.run(running.load(rate, self._scale.step_seconds))
            say(
                f"offered {rate:6,.0f}/s: decided {trial.decided_rate:6,.0f}/s, {trial.backlog_seconds:.2f} s behind, "
                f"{_shares(trial)}"
            )
            failed = trial.backlog_seconds > 0.15 or trial.sent.late_ms > 500
            if failed and not again:
                return good or trial.decided_rate
            again = not failed
            if not failed:
                good, rate = rate, rate * STEP

    def _just_above(self, running: Live, capacity: float) -> tuple[Trial, Acknowledging]:
        """The highest load whose minute ends with less than a second of work.

        Short steps may promise too much or too little: it goes on in the direction in which the first minute points.
        """
        offered = capacity * 1.05
        best: tuple[Trial, Acknowledging] | None = None
        step = 0.0
        for _ in range(4):
            last = self._try(running, offered)
            kept_up = last[0].backlog_seconds < 1
            if kept_up or best is None:
                best = last
            if step and kept_up is not (step > 1):
                break  # it points back: the last that kept up is the highest
            step = 1.06 if kept_up else 0.94
            offered *= step
        assert best is not None
        return best

    def _try(self, running: Live, offered: float) -> tuple[Trial, Acknowledging]:
        seconds = self._scale.load_seconds
        acks = Acknowledging(running.server, running.server.reads, "person0@example.com")
        sampler = self._sampler(running)
        with probing(acks):
            trial = running.run(running.load(offered, seconds))
        behind = f"{trial.backlog_seconds:.2f} s behind"
        say(f"offered {offered:6,.0f}/s for {seconds:.0f} s: decided {trial.decided_rate:6,.0f}/s, {behind}")
        if sampler is not None:
            sampler.join()
            self._report.details["profile"] = sampler.lines("EngineLoop.run")
        return trial, acks

    def _sampler(self, running: Live) -> profile.Profile | None:
        if not self._profiled or not profile.available():
            return None
        sampler = profile.Profile(running.server.pids()["engine"], max(5, int(self._scale.load_seconds / 2)))
        sampler.start()
        return sampler

    def paged(self) -> None:
        """(c) Trigger to page at the provider, at 500 events per second."""
        with self._installation(PEOPLE) as running:
            running.fill(OPEN_BEFORE_PAGES)
            trial = running.run(running.load(PAGES_AT, self._scale.page_seconds))
        self._note_trial("c", trial)
        half, tail = share(trial.pages_ms, 0.5), share(trial.pages_ms, 0.99)
        note = f"{len(trial.pages_ms)} pages of {len(trial.sent.opened)} new alerts, {_shares(trial)}"
        self._add("c", "trigger to page at 500 events/s, p50", half, "ms", "under 50", met=0 < half < 50, note=note)
        self._add("c", "trigger to page at 500 events/s, p99", tail, "ms", "under 250", met=0 < tail < 250)

    def after_a_million(self) -> None:
        """(d) (b) and (c) again, after a million events and with a hundred thousand pending timers."""
        past = self._scale.past
        empty, full = self._new_folder(), self._new_folder()
        places = prepare(empty, PEOPLE, [API_KEY])
        shutil.copytree(empty, full)
        began = time.perf_counter()
        write_history(full, places, past)
        say(f"{past.events:,} events and {past.timers:,} timers were written in {time.perf_counter() - began:.0f} s")
        found: dict[str, list[tuple[float, float, float]]] = {"empty": [], "full": []}
        for number in range(self._scale.runs):
            order = [("empty", empty), ("full", full)]
            for name, folder in order if number % 2 == 0 else reversed(order):
                found[name].append(self._rate_and_pages(folder, places))
                rate, half, tail = found[name][-1]
                say(f"run {number + 1} {name:5}: {rate:6,.0f}/s decided, pages p50 {half:.1f} ms, p99 {tail:.1f} ms")
        self._report.details["d"] = found
        names = ("events decided under overload", "trigger to page, p50", "trigger to page, p99")
        for place, (name, unit) in enumerate(zip(names, ("/s", "ms", "ms"), strict=True)):
            before, after = (statistics.median(run[place] for run in found[state]) for state in ("empty", "full"))
            ratio = after / before if before else 0.0
            within = ratio >= 0.8 if unit == "/s" else ratio <= 1.2
            note = f"empty {before:,.1f}, full {after:,.1f} {unit} (medians of {self._scale.runs})"
            self._add("d", f"{name}: full to empty", ratio, "", "within 20 %", met=within, note=note)

    def _rate_and_pages(self, prepared: Path, places: Sequence[Place]) -> tuple[float, float, float]:
        folder = self._new_folder()
        shutil.copytree(prepared, folder)
        with live(folder, places) as running:
            running.fill(OPEN_BEFORE_PAGES)
            pages = running.run(running.load(PAGES_AT, self._scale.run_seconds)).pages_ms
            rate = running.run(running.load(self._overload(), self._scale.run_seconds)).decided_rate
        shutil.rmtree(folder)
        return rate, share(pages, 0.5), share(pages, 0.99)

    def _overload(self) -> float:
        """More than can be decided, so that what is decided is what can be."""
        return 1.25 * (self._report.value("b", "events decided") or 4_500)

    def fresh(self) -> None:
        """(e) Memory of a fresh start, and how soon it is ready."""
        ready, resident, proportional = [], [], []
        for _ in range(3):
            server = RunningServer(self._new_folder())
            began = time.perf_counter()
            with server:
                ready.append(time.perf_counter() - began)
                place = server.service("Fresh", server.person("alice", "2025550101"))
                server.wait_for_key(place)
                server.event(place, "first")
                server.phones.wait_for_text("+12025550101")
                used = processes.memory(server.pids().values())
                resident.append(used.resident / 1e6)
                proportional.append(used.proportional / 1e6)
        most = max(resident)
        self._add(
            "e", "resident memory after the first page, all processes (RSS)", most, "MB", "under 200", met=most < 200
        )
        self._add("e", "the same, what is shared counted once (PSS)", max(proportional), "MB")
        self._add("e", "ready after a start", median(ready), "s", "under 3", met=median(ready) < 3)

    def storm(self) -> None:
        """(g) A storm on one service: nothing is lost, others are paged as ever."""
        count, seconds = self._scale.storm, self._scale.storm_seconds
        with self._installation(PEOPLE) as running:
            paging = Paging(running.server, running.places[1:])
            with probing(paging):
                load = running.load(count / seconds, seconds, ALL_NEW, [running.places[0].integration.key])
                trial = running.run(load)
            outcomes = running.outcomes()
            stored = self._log_head(running)
        self._note_trial("g", trial)
        accepted = trial.sent.accepted + len(paging.taken_ms) + 1  # and the probe that waits for the key
        lost = accepted - outcomes  # the log also holds what the provider reported, which has no outcome
        rate = trial.sent.rate
        self._add(
            "g", "new alerts accepted in a storm on one service", rate, "/s", note=f"refused {trial.sent.refused}"
        )
        self._add("g", "events lost", lost, "", "none", met=lost == 0, note=f"{stored:,} in the log")
        tail, note = share(paging.taken_ms, 0.99), f"{len(paging.taken_ms)} probes, {len(paging.failed)} failed"
        self._add("g", "another service's first page, p50", median(paging.taken_ms), "ms", note=note)
        met = 0 < tail < 1000 and not paging.failed
        self._add("g", "another service's first page, p99", tail, "ms", "under 1000", met=met)
        self._add("g", "backlog at the storm's end", trial.backlog_seconds, "s of work", note=_shares(trial))

    def answered(self) -> None:
        """(h) Long lists and (i) schedules, as clients of the REST API wait for them."""
        answers.measure(self._new_folder(), self._report, self._scale.things, self._scale.asked)

    def ruled(self) -> None:
        """(j) An event's way through 200 rules."""
        rules_alone.measure(self._report, self._scale.batches)

    def planned(self) -> None:
        """(k) A terraform plan."""
        folder = self._new_folder()
        folder.mkdir()
        terraform.measure(folder, self._report, self._scale.configured, self._scale.plans)

    def seen(self) -> None:
        """(l) Every screen, on both databases; first paint; (n) the same for many."""
        for name in ("SQLite", "PostgreSQL"):
            with nullcontext() if name == "SQLite" else screens.postgres() as url:
                folder = self._new_folder()
                screens.install(folder, url, self._scale.seen)
                with screens.reading(folder, url) as (server, reader):
                    screens.walked(reader, self._report, name, self._scale.seen, self._scale.looks)
                    if url is None:
                        paint.walked(server, reader, self._report)
                    many.walked(server, reader, self._report)
                shutil.rmtree(folder)

    def opened(self) -> None:
        """(m) Many open pages."""
        open_pages.measure(self._new_folder(), self._report)

    # -- what they share

    def _log_head(self, running: Live) -> int:
        reader = SqliteLogReader(running.server.folder / "log")
        head = reader.head()
        reader.close()
        return head

    @contextmanager
    def _installation(self, people: int) -> Iterator[Live]:
        folder = self._new_folder()
        places = prepare(folder, people, [API_KEY])
        with live(folder, places) as running:
            yield running
        shutil.rmtree(folder)

    def _new_folder(self) -> Path:
        return self._folder / f"data{next(self._numbers)}"

    def _add(
        self,
        part: str,
        name: str,
        value: float,
        unit: str,
        target: str = "",
        *,
        met: bool | None = None,
        note: str = "",
    ) -> None:
        self._report.add(Figure(part, name, value, unit, target, met, note))

    def _note_trial(self, part: str, trial: Trial) -> None:
        sent = trial.sent
        self._report.details[f"{part} load"] = {
            "offered_per_s": trial.load.rate,
            "accepted_per_s": sent.rate,
            "refused": sent.refused,
            "accept_p50_ms": sent.p50_ms,
            "accept_p99_ms": sent.p99_ms,
            "generator_late_ms": sent.late_ms,
            "decided_per_s": trial.decided_rate,
            "backlog": trial.backlog,
            "cores_used": trial.cpu,
        }


def _shares(trial: Trial) -> str:
    """Which process used how much of a core."""
    return "cores: " + ", ".join(f"{role} {used:.2f}" for role, used in trial.cpu.items() if used >= 0.01)
