"""Is the protocol right, whatever goes wrong? Every short history, a million random ones, and wrong protocols.

Of legacy campaigns and of single sends, which have 300,000 random ones more.

python -m model.simulate                  all of it, on every processor; the seed is printed
python -m model.simulate --seed 7         the same random histories again
python -m model.simulate --replay NAME    one history, step by step: NAME is what a violation is shown with

What must hold stands at the top of judge.py, and what is assumed of the service in docs/reliability.md. In the same
histories, the naive client tries again on any error, three times, and believes the last answer.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from multiprocessing import get_context
from random import SystemRandom
from typing import Any

from model import explore, sample
from model.caller import in_bulk
from model.judge import Tally
from model.mutants import MUTANTS, caught

HISTORIES, SINGLE_HISTORIES = 1_000_000, 300_000
CHUNK = 2_000
FOR_EACH_OFF = 20_000
"""Histories with each assumption switched off."""
EXPLORED = "every history with few faults and acts of others"


def _in_bulk(work: Callable[..., Any], *arguments: Any) -> Any:
    with in_bulk():
        return work(*arguments)


@dataclass
class Report:
    """What a run has found."""

    seed: int
    rows: defaultdict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    """By what the service and the network are like, or by the assumption that is switched off."""
    missed: list[str] = field(default_factory=list[str])
    """The mutants that are not caught."""

    def complaints(self) -> Iterator[str]:
        """Yield everything for which the run fails."""
        for setting in (EXPLORED, *sample.INSIDE, *sample.SINGLE_INSIDE):
            for line, name in self.rows[setting].wrong:
                yield f"{line}: python -m model.simulate --replay '{name}'"
        for mutant in self.missed:
            yield f"a wrong protocol is not caught: {mutant}"
        for off in ("A1", "SS1"):
            if not self.rows[off].twice:
                yield f"with {off} off, nothing is mailed twice: then this would not see it either"

    def lines(self) -> Iterator[str]:
        yield f"{'':45} histories  mailed  false  false  other    naive client: mailed   false"
        yield f'{"":45}             twice   "no" "done"                           twice    "no"'
        for setting in (EXPLORED, *sample.INSIDE, *sample.SINGLE_INSIDE, *sample.OFF):
            tally, off = self.rows[setting], sample.OFF.get(setting)
            wrong = f"{tally.twice:8,}{tally.false_no:7,}{tally.false_done:7,}{tally.other:7,}"
            name = f"{setting} off: {off}" if off else setting
            yield f"{name:45}{tally.histories:10,}{wrong}{tally.naive_twice:24,}{tally.naive_no:8,}"
        yield f"wrong protocols, planted on purpose: {len(MUTANTS) - len(self.missed)} of {len(MUTANTS)} caught"
        yield f"seed {self.seed}; the same again: python -m model.simulate --seed {self.seed}"


def simulate(seed: int) -> Report:
    report = Report(seed)
    with ProcessPoolExecutor(mp_context=get_context("fork")) as pool:
        parts: dict[Future[Any], str] = {}
        for task in sorted(explore.everything(), key=lambda task: -task.others):
            parts[pool.submit(_in_bulk, explore.explore, task)] = EXPLORED
        for mutant in MUTANTS:
            parts[pool.submit(_in_bulk, caught, mutant)] = mutant.name
        of_each = {
            **dict.fromkeys(sample.INSIDE, HISTORIES // len(sample.INSIDE)),
            **dict.fromkeys(sample.SINGLE_INSIDE, SINGLE_HISTORIES // len(sample.SINGLE_INSIDE)),
            **dict.fromkeys(sample.OFF, FOR_EACH_OFF),
        }
        for setting, count in of_each.items():
            for first in range(0, count, CHUNK):
                parts[pool.submit(_in_bulk, sample.tally, seed + first, CHUNK, setting)] = setting
        for number, done in enumerate(as_completed(parts), 1):
            if number * 10 // len(parts) > (number - 1) * 10 // len(parts):
                print(f"{number:,} of {len(parts):,} parts", file=sys.stderr, flush=True)
            if isinstance(done.result(), Tally):
                report.rows[parts[done]].add(done.result())
            elif done.result() is None:
                report.missed.append(parts[done])
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=SystemRandom().randrange(10**9))
    parser.add_argument("--replay", metavar="NAME", help="tell this one history")
    options = parser.parse_args()
    if options.replay is not None:
        with in_bulk():
            caller, wrong = sample.replay(options.replay, log=True)
        print(*caller.log, *(wrong or ["nothing is wrong"]), sep="\n")
        sys.exit(bool(wrong))
    print(f"seed {options.seed}", file=sys.stderr, flush=True)
    report = simulate(options.seed)
    print(*report.lines(), sep="\n")
    complaints = list(report.complaints())
    if complaints:
        sys.exit("\n".join(complaints))


if __name__ == "__main__":
    main()
