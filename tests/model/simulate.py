"""Is the protocol right, whatever goes wrong? Every short history, a million random ones, and wrong protocols.

python -m model.simulate                        all of it, on two processes; the seed is printed
python -m model.simulate --seed 7               the same random histories again
python -m model.simulate --replay NAME          one history, step by step: NAME is what a violation is shown with
python -m model.simulate --histories 10000000   so many random histories

What must hold stands at the top of judge.py, and what is assumed of the service in docs/reliability.md. In the same
histories, the naive client tries again on any error, three times, and believes the last answer.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import SystemRandom
from typing import Any

from model import explore, sample
from model.caller import in_bulk
from model.judge import Tally
from model.mutants import MUTANTS, caught
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
Rows = dict[tuple[str, str], Tally]


# --- what runs in other processes ---


def _explored(task: explore.Task) -> Rows:
    return {(EXPLORED, task.write): explore.explore(task)}


def _sampled(first: int, count: int, setting: str | None) -> Rows:
    found = sample.tally(first, count, setting)
    if setting is not None:
        return {(OFF, setting): found[setting]}
    return {(BY_WRITE if name in WRITES else BY_SETTING, name): tally for name, tally in found.items()}


def _measured(work: Any, *arguments: Any) -> tuple[Any, float]:
    began = time.process_time()
    with in_bulk():
        return work(*arguments), time.process_time() - began


# --- all of it ---


@dataclass
class Report:
    """What a run has found."""

    seed: int
    rows: Rows = field(default_factory=Rows)
    seconds: dict[str, float] = field(default_factory=dict[str, float])  # of one processor, by section
    mutants: dict[str, tuple[str, str] | None] = field(default_factory=dict[str, tuple[str, str] | None])

    def total(self, section: str) -> Tally:
        total = Tally()
        for (of, _), tally in self.rows.items():
            if of == section:
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
        if not self.rows[OFF, "A1"].twice:
            yield "with A1 off, nothing is mailed twice: then this would not see it either"

    def lines(self) -> Iterator[str]:
        yield f"{'':47} histories mailed  false  false  other  unknown, and in    naive client: mailed"
        yield f'{"":47}            twice   "no" "done"         truth done, not   twice     "no" "done"'
        for section in (EXPLORED, BY_WRITE, BY_SETTING, OFF):
            yield f"{section} ({self.seconds.get(section, 0):.0f} s of one processor)"
            names = {EXPLORED: WRITES, BY_WRITE: WRITES, BY_SETTING: sample.INSIDE, OFF: sample.OFF}[section]
            rows = {f"{name}: {sample.OFF[name]}" if section == OFF else name: (section, name) for name in names}
            for name, row in rows.items():
                yield _row(name, self.rows.get(row, Tally()))
            if section != OFF:
                yield _row("all", self.total(section))
        seen = sum(found is not None for found in self.mutants.values())
        yield f"wrong protocols, planted on purpose: {seen} of {len(self.mutants)} caught"
        yield f"seed {self.seed}; the same again: python -m model.simulate --seed {self.seed}"


def _row(name: str, tally: Tally) -> str:
    wrong = [tally.twice, tally.false_no, tally.false_done, tally.other]
    naive = f"{tally.naive_twice:8,}{tally.naive_no:9,}{tally.naive_done:7,}"
    counts = "".join(f"{count:7,}" for count in wrong) + f"{tally.unknown_done:9,}{tally.unknown_not:8,}"
    return f"  {name:45}{tally.histories:10,}{counts}{naive}"


def simulate(histories: int, seed: int, processes: int) -> Report:
    report = Report(seed)
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as pool:
        parts: dict[Future[Any], str] = {}
        for task in sorted(explore.everything(), key=lambda task: -task.others):
            parts[pool.submit(_measured, _explored, task)] = ""
        for mutant in MUTANTS:
            parts[pool.submit(_measured, caught, mutant)] = mutant.name
        for setting, count in ((None, histories), *((setting, FOR_EACH_OFF) for setting in sample.OFF)):
            for first in range(0, count, CHUNK):
                parts[pool.submit(_measured, _sampled, seed + first, min(CHUNK, count - first), setting)] = ""
        for done in as_completed(parts):
            found, seconds = done.result()
            if parts[done]:
                report.mutants[parts[done]] = found
                continue
            for row, tally in found.items():
                report.rows.setdefault(row, Tally()).add(tally)
            section = next(iter(found))[0]
            report.seconds[section] = report.seconds.get(section, 0.0) + seconds
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--histories", type=int, default=1_000_000, help="random ones; 1,000,000 unless given")
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--replay", metavar="NAME", help="tell this one history")
    options = parser.parse_args()
    if options.replay is not None:
        with in_bulk():
            caller, wrong = (explore if options.replay.count("/") > 1 else sample).replay(options.replay)
        print(*caller.log, *(wrong or ["nothing is wrong"]), sep="\n")
        sys.exit(bool(wrong))
    seed = SystemRandom().randrange(10**9) if options.seed is None else options.seed
    print(f"seed {seed}", file=sys.stderr, flush=True)
    report = simulate(options.histories, seed, options.processes)
    print(*report.lines(), sep="\n")
    complaints = list(report.complaints())
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
