"""Is the protocol right, whatever goes wrong? Every short history, a million random ones, and wrong protocols.

python -m model.simulate                        all of it, on two processes; the seed is printed
python -m model.simulate --seed 7               the same random histories again
python -m model.simulate --replay NAME          one history, step by step: NAME is what a violation is shown with
python -m model.simulate --histories 10000000   so many random histories
python -m model.simulate --assumptions          only the table of assumptions switched off

What must hold stands at the top of judge.py, and what is assumed of the service in docs/reliability.md. The naive client
tries again on any error, three times, and believes the last answer: in the same histories.
"""

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import SystemRandom
from typing import Any

from model import explore, sample
from model.caller import in_bulk
from model.judge import Tally
from model.mutants import MUTANTS, Mutant, caught
from scenarios import WRITES

CHUNK = 2_000
FOR_EACH_OFF = 20_000
"""Histories with each assumption switched off."""
EXPLORED, BY_WRITE, BY_SETTING, OFF = (
    "every history with few faults and acts of others, by write",
    "random histories, by write",
    "random histories, by what the service and the network are like",
    "an assumption switched off: what would be wrong then",
)
Found = tuple[list[tuple[str, str, Tally]], float]
"""Rows of the report's sections, and the seconds that they took."""


# --- what runs in other processes ---


def _explored(task: explore.Task) -> Found:
    began = time.process_time()
    with in_bulk():
        return [(EXPLORED, task.write, explore.explore(task))], time.process_time() - began


def _sampled(first: int, count: int, setting: str | None) -> Found:
    began = time.process_time()
    with in_bulk():
        found = sample.tally(first, count, setting)
    if setting is not None:
        return [(OFF, setting, found[setting])], time.process_time() - began
    rows = [(BY_WRITE if name in WRITES else BY_SETTING, name, tally) for name, tally in found.items()]
    return rows, time.process_time() - began


def _caught(mutant: Mutant) -> tuple[str, str] | None:
    with in_bulk():
        return caught(mutant)


# --- all of it ---


def _sections() -> dict[str, dict[str, Tally]]:
    rows = {EXPLORED: WRITES, BY_WRITE: WRITES, BY_SETTING: sample.INSIDE, OFF: sample.OFF}
    return {section: {name: Tally() for name in names} for section, names in rows.items()}


@dataclass
class Report:
    """What a run has found."""

    seed: int
    sections: dict[str, dict[str, Tally]] = field(default_factory=_sections)
    seconds: dict[str, float] = field(default_factory=dict[str, float])
    """Of one processor, by section."""
    mutants: dict[str, tuple[str, str] | None] = field(default_factory=dict[str, tuple[str, str] | None])

    def add(self, found: Found) -> None:
        """Add what a process has found."""
        rows, seconds = found
        for section, row, tally in rows:
            self.sections[section][row].add(tally)
        self.seconds[rows[0][0]] = self.seconds.get(rows[0][0], 0.0) + seconds

    def total(self, section: str) -> Tally:
        """Return the sum of a section."""
        total = Tally()
        for tally in self.sections[section].values():
            total.add(tally)
        return total

    def complaints(self) -> Iterator[str]:
        """Yield everything for which the run fails."""
        for section in (EXPLORED, BY_SETTING):
            for line, name in self.total(section).wrong:
                yield f"{line}: python -m model.simulate --replay '{name}'"
        for mutant, found in self.mutants.items():
            if found is None:
                yield f"a wrong protocol is not caught: {mutant}"
        if self.sections[OFF]["A1"].histories and not self.sections[OFF]["A1"].twice:
            yield "with A1 off, nothing is mailed twice: then this would not see it either"


def simulate(histories: int, seed: int, processes: int, *, only_assumptions: bool = False) -> Report:
    """Run all of it."""
    report = Report(seed)
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        parts: dict[Future[Any], str] = {}
        for task in () if only_assumptions else sorted(explore.everything(), key=lambda task: -task.others):
            parts[pool.submit(_explored, task)] = ""
        for mutant in () if only_assumptions else MUTANTS:
            parts[pool.submit(_caught, mutant)] = mutant.name
        for first in () if only_assumptions else range(0, histories, CHUNK):
            parts[pool.submit(_sampled, seed + first, min(CHUNK, histories - first), None)] = ""
        for setting in sample.OFF:
            for first in range(0, FOR_EACH_OFF, CHUNK):
                parts[pool.submit(_sampled, seed + first, CHUNK, setting)] = ""
        for done in _progress(as_completed(parts), len(parts)):
            if parts[done]:
                report.mutants[parts[done]] = done.result()
            else:
                report.add(done.result())
    return report


def _progress(done: Iterable[Future[Any]], of: int) -> Iterator[Future[Any]]:
    """Say on stderr how far it is: all the time on a terminal, else now and then."""
    every, last = (0.2, "\r") if sys.stderr.isatty() else (30.0, "\n")
    told = time.monotonic()
    for number, future in enumerate(done, 1):
        yield future
        if time.monotonic() > told + every:
            told = time.monotonic()
            print(f"{number} of {of} parts", end=last, file=sys.stderr, flush=True)


# --- what is printed ---

HEAD = f"""\
{"":47} histories mailed  false  false  other  unknown, and in    naive client: mailed
{"":47}            twice   "no" "done"         truth done, not   twice     "no" "done\""""


def lines(report: Report) -> Iterator[str]:
    """Yield the report, line by line."""
    yield from HEAD.splitlines()
    for section, rows in report.sections.items():
        total = report.total(section)
        if total.histories:
            yield f"{section} ({report.seconds[section]:.0f} s of one processor)"
            for name, tally in rows.items():
                yield _row(f"{name}: {sample.OFF[name]}" if section == OFF else name, tally, naive=section != EXPLORED)
            if section != OFF:
                yield _row("all", total, naive=section != EXPLORED)
    if report.mutants:
        seen = sum(found is not None for found in report.mutants.values())
        yield f"wrong protocols, planted on purpose: {seen} of {len(report.mutants)} caught"
    yield f"seed {report.seed}; the same again: python -m model.simulate --seed {report.seed}"


def _row(name: str, tally: Tally, *, naive: bool) -> str:
    counts = [tally.twice, tally.false_no, tally.false_done, tally.other]
    text = f"  {name:45}{tally.histories:10,}" + "".join(f"{count:7,}" for count in counts)
    text += f"{tally.unknown_done:9,}{tally.unknown_not:8,}"
    return text + (f"{tally.naive_twice:8,}{tally.naive_no:9,}{tally.naive_done:7,}" if naive else "")


def replay(name: str) -> int:
    """Print one history; return 1 when something is wrong with it."""
    with in_bulk():
        caller, wrong = (explore if name.count("/") > 1 else sample).replay(name)
    print(*caller.log, *(wrong or ["nothing is wrong"]), sep="\n")
    return int(bool(wrong))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1_000_000, help="random ones; 1,000,000 unless given")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", metavar="NAME", help="tell this one history")
    parser.add_argument("--assumptions", action="store_true", help="only with assumptions switched off")
    options = parser.parse_args()
    if options.replay is not None:
        sys.exit(replay(options.replay))
    seed = SystemRandom().randrange(10**9) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    report = simulate(options.histories, seed, options.processes, only_assumptions=options.assumptions)
    print(*lines(report), sep="\n")
    complaints = list(report.complaints())
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
