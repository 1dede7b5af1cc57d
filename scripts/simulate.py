"""Is outcome.py right, whatever goes wrong? Every short history, a million by chance, and wrong machines on purpose.

simulate.py                         all of it, on two processes; the seed is printed
simulate.py --seed 7                the same histories by chance again
simulate.py --replay NAME           one history, step by step: NAME is what a violation is shown with
simulate.py --histories 10000 --json

What must hold stands at the top of simulation/watch.py, and what is assumed of the service in docs/reliability.md. The
naive client tries again on any error, three times, and believes the last answer: in the same histories.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from random import SystemRandom
from typing import Any

import attrs

from sendgrid_campaigns import outcome
from simulation import chance, explore
from simulation.caller import OPERATIONS
from simulation.mutants import MUTANTS, Mutant, caught
from simulation.watch import COUNTS, Tally

CHUNK = 5_000
FOR_EACH_OFF = 20_000
"""Histories with each assumption switched off."""

EXPLORED, BY_OPERATION, BY_SETTING, OFF = (
    "every history of up to 3 faults and 2 acts of others, by operation",
    "by chance, by operation",
    "by chance, by what the service and the network are like",
    "an assumption switched off: what would be wrong then",
)
Rows = dict[str, Tally]


# --- what is done in another process ---


def _explored(task: explore.Task) -> dict[tuple[str, str], Tally]:
    return {(EXPLORED, task.operation): explore.explore(outcome, task)}


def _by_chance(first: int, count: int, setting: str | None) -> dict[tuple[str, str], Tally]:
    found = chance.tally(outcome, first, count, setting)
    if setting is not None:
        return {(OFF, setting): found[setting]}
    return {(BY_OPERATION if name in OPERATIONS else BY_SETTING, name): tally for name, tally in found.items()}


def _caught(mutant: Mutant) -> tuple[str, str] | None:
    return caught(mutant)


# --- all of it ---


@attrs.define
class Report:
    """What a run has found."""

    seed: int
    sections: dict[str, Rows] = attrs.field(
        factory=lambda: {
            EXPLORED: {name: Tally() for name in OPERATIONS},
            BY_OPERATION: {name: Tally() for name in OPERATIONS},
            BY_SETTING: {name: Tally() for name in chance.INSIDE},
            OFF: {name: Tally() for name in chance.OFF},
        }
    )
    mutants: dict[str, tuple[str, str] | None] = attrs.field(factory=dict[str, tuple[str, str] | None])
    seconds: float = 0.0

    def total(self, section: str) -> Tally:
        total = Tally()
        for tally in self.sections[section].values():
            total.add(tally)
        return total

    def complaints(self) -> Iterator[str]:
        """Everything for which the run fails."""
        for section in (EXPLORED, BY_SETTING):
            for line, name in self.total(section).wrong:
                yield f"{line}: scripts/simulate.py --replay '{name}'"
        for mutant, found in self.mutants.items():
            if found is None:
                yield f"a wrong machine is not caught: {mutant}"
        if not self.sections[OFF]["A1"].twice:
            yield "with A1 off, nothing is mailed twice: then this would not see it either"


def simulate(histories: int, seed: int, processes: int) -> Report:
    report = Report(seed)
    began = time.monotonic()
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        tallies: set[Future[dict[tuple[str, str], Tally]]] = set()
        mutants: dict[Future[tuple[str, str] | None], str] = {}
        for task in sorted(explore.everything(), key=lambda task: -task.others):
            tallies.add(pool.submit(_explored, task))
        for first in range(0, histories, CHUNK):
            tallies.add(pool.submit(_by_chance, seed + first, min(CHUNK, histories - first), None))
        for setting in chance.OFF:
            tallies.add(pool.submit(_by_chance, seed, min(FOR_EACH_OFF, histories), setting))
        for mutant in MUTANTS:
            mutants[pool.submit(_caught, mutant)] = mutant.name
        for done in _progress(as_completed({*tallies, *mutants}), len(tallies) + len(mutants)):
            if done in mutants:
                report.mutants[mutants[done]] = done.result()
            else:
                for (section, row), tally in done.result().items():
                    report.sections[section][row].add(tally)
    report.seconds = time.monotonic() - began
    return report


def _progress(done: Iterable[Future[Any]], of: int) -> Iterator[Future[Any]]:
    """Say on stderr how far it is: all the time on a terminal, else every few seconds."""
    every, last = (0.2, "\r") if sys.stderr.isatty() else (10.0, "\n")
    told = time.monotonic()
    for number, future in enumerate(done, 1):
        yield future
        if time.monotonic() > told + every:
            told = time.monotonic()
            print(f"{number} of {of} parts", end=last, file=sys.stderr, flush=True)


# --- what is printed ---

HEAD = f"""\
{"":41} histories mailed  false  false  rules  unknown, and in    naive client: mailed
{"":41}            twice   "no" "done" broken  truth done, not   twice     "no" "done\""""


def lines(report: Report) -> Iterator[str]:
    yield from HEAD.splitlines()
    for section, rows in report.sections.items():
        yield section
        for name, tally in rows.items():
            yield _row(f"{name}: {chance.OFF[name]}" if section == OFF else name, tally, naive=section != EXPLORED)
        if section in (EXPLORED, BY_SETTING):
            yield _row("all", report.total(section), naive=section != EXPLORED)
    seen = sum(found is not None for found in report.mutants.values())
    yield f"wrong machines, made on purpose: {seen} of {len(MUTANTS)} caught"
    yield f"{report.seconds:.0f} s; seed {report.seed}, again with it: scripts/simulate.py --seed {report.seed}"


def _row(name: str, tally: Tally, *, naive: bool) -> str:
    counts = [tally.twice, tally.false_no, tally.false_done, tally.other]
    text = f"  {name:39}{tally.histories:10,}" + "".join(f"{count:7,}" for count in counts)
    text += f"{tally.unknown_done:9,}{tally.unknown_not:8,}"
    return text + (f"{tally.naive_twice:8,}{tally.naive_no:9,}{tally.naive_done:7,}" if naive else "")


def as_json(report: Report) -> str:
    def counts(tally: Tally) -> dict[str, int]:
        return {name: getattr(tally, name) for name in COUNTS}

    sections = {title: {name: counts(tally) for name, tally in rows.items()} for title, rows in report.sections.items()}
    told = {"seed": report.seed, "seconds": round(report.seconds, 1), "sections": sections, "mutants": report.mutants}
    return json.dumps({**told, "complaints": list(report.complaints())}, indent=2)


def replay(name: str) -> int:
    """Tell one history; 1 when something is wrong with it."""
    told: Callable[..., Any] = explore.replay if name.count("/") > 1 else chance.replay
    ended, wrong = told(outcome, name)
    print(*ended.caller.log, *(wrong or ["nothing is wrong"]), sep="\n")
    return int(bool(wrong))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1_000_000, help="by chance; 1,000,000 unless given")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", metavar="NAME", help="tell this one history")
    parser.add_argument("--json", action="store_true", help="print the table as JSON")
    options = parser.parse_args()
    if options.replay is not None:
        sys.exit(replay(options.replay))
    seed = SystemRandom().randrange(10**9) if options.seed is None else options.seed
    report = simulate(options.histories, seed, options.processes)
    print(as_json(report) if options.json else "\n".join(lines(report)))
    complaints = list(report.complaints())
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
