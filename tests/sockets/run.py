"""The real clients on real sockets, and all that goes wrong on a wire: is each proof true, and each result?

python -m sockets.run                              100,000 faulty requests, from a seed that is printed
python -m sockets.run --requests 1000 --seed 7     fewer, from that seed: the same faults; how long things take differs
python -m sockets.run --seed 7 --call NAME         one call, a hundred times: a misjudged call is shown with its NAME

An attempt is misjudged that is "not sent" or "rejected" although the service carried the request out or will, or
"accepted" although it did not; and a result that is a definite no although there is mail, or a receipt although there
is none. What the service did is read in its ledger in the end, when nothing can happen any more.
"""

import argparse
import asyncio
import gc
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sandbox.certificates import self_signed
from sendgrid_campaigns import OutcomeUnknownError, SendGridError
from sockets.families import ANSWER, FAMILIES, FOLLOWED, MAILING, SENDS
from sockets.kinds import KINDS
from sockets.stage import HOST, SHORT, Ledger, Performance, Stage

# --- a call, by its name ---

DECK = [(index, place) for place in range(10) for index, each in enumerate(FAMILIES) if place < each.weight]
"""Each family as often as its weight says."""
STAGES = [(kind, tls) for tls in (False, True) for kind in KINDS]


def planned(seed: int, kind: str, tls: bool, number: int) -> tuple[int, Performance] | None:
    """Return a family and a call of it; None where what is planned does not exist on such a stage."""
    index, place = DECK[number % len(DECK)]
    turn = number // len(DECK) * FAMILIES[index].weight + place
    name = f"{kind}-{'tls' if tls else 'plain'}-{number}"
    script = FAMILIES[index].script(random.Random(f"{seed}/{name}"), turn // 2)  # noqa: S311
    if script.tls not in (None, tls):
        return None
    return index, Performance(name, script, fresh=turn % 2 == 0 if script.fresh is None else script.fresh)


# --- what is true ---

SLOW = 10.0
"""Seconds by which a busy machine may be late."""


@dataclass(frozen=True)
class Judged:
    """What a client said of a call, and what is wrong with that."""

    proofs: Sequence[str]
    """Of the faulty requests."""
    result: str
    problems: Sequence[str]


def judged(performance: Performance, ledger: Ledger) -> Judged:
    """Hold what a client said of a call, and of each attempt, against what the service has seen."""
    outcome, script = performance.outcome, performance.script
    problems, carried_out = list[str](), False
    attempts: Sequence[Any] | None = getattr(outcome, "attempts", None)
    if attempts is None:
        attempts = [None] * performance.requests  # a result that is no receipt does not tell
    if len(attempts) != performance.requests:
        problems.append(f"{performance.requests} requests were made, and {len(attempts)} attempts are told of")
    for number, attempt in enumerate(attempts, 1):
        came = ledger.requests.get(performance.mark(number), ())
        applied = any(record.method != "GET" and record.status_code < 300 for record in came)
        carried_out = carried_out or applied
        if any(record.path == FOLLOWED for record in came):
            problems.append(f"request {number} followed a redirect")
        if attempt is None:
            continue
        untrue = {"not sent": bool(came), "rejected": applied, "accepted": attempt.method != "GET" and not applied}
        fault = performance.struck.get(number)
        if untrue.get(attempt.proof):
            seen = ", ".join(f"{record.status_code} to the {record.origin}" for record in came) or "nothing"
            problems.append(f"request {number} is judged {attempt.proof!r}; the service answered {seen}")
        elif fault and fault.expected and attempt.proof not in fault.expected and not script.hasty:
            problems.append(f"request {number} is judged {attempt.proof!r} and not {' or '.join(fault.expected)}")
        if script.hasty and attempt.seconds > SHORT + SLOW:
            problems.append(f"request {number} took {attempt.seconds:.1f} s")

    mailings = ledger.mailings.get(performance.campaign_id, 0) if script.operation in MAILING else int(carried_out)
    match outcome:
        case OutcomeUnknownError():
            result = "doubt"
        case SendGridError():
            result = "no"
        case Exception():
            result = "doubt"
            problems.append(f"{type(outcome).__name__} was raised")
        case _:
            result = "receipt"
    if result == "receipt" and not (carried_out and mailings):
        problems.append("it is said to be done, and it was not")
    if result == "no" and (carried_out or mailings):
        problems.append("it is said not to be done, and it was")
    if mailings > 1:
        problems.append(f"it was mailed {mailings} times")
    told = [attempts[number - 1] for number in performance.struck if number <= len(attempts)]
    return Judged([each.proof if each else "not told" for each in told], result, problems)


# --- many calls ---

PROOFS = ("not sent", "rejected", "accepted", "ambiguous", "unknown", "not told")
RESULTS = ("receipt", "no", "doubt")
COLUMNS = (*PROOFS, *RESULTS, "misjudged")

Row = tuple[int, str, bool, bool]
"""Family, kind of client, TLS, new connections: what is counted together."""


@dataclass
class Tally:
    """What was counted."""

    counts: Counter[tuple[Row, str]] = field(default_factory=Counter[tuple[Row, str]])
    """By column: of faulty requests, the proofs; of calls, the results and those misjudged."""
    cuts: Counter[int] = field(default_factory=Counter[int])
    """Behind which byte answers to a send were cut."""
    requests: int = 0
    """With those that met no fault."""
    unmet: int = 0
    """Faults that no request came to meet."""
    descriptors: int = 0
    """That a process had more of afterwards than before."""
    threads: int = 0
    problems: list[str] = field(default_factory=list[str])

    @property
    def faulty(self) -> int:
        return sum(number for (_, column), number in self.counts.items() if column in PROOFS)

    def add(self, other: "Tally") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def count(self, row: Row, performance: Performance, said: Judged) -> None:
        columns = [*said.proofs, said.result, *["misjudged"] * bool(said.problems)]
        self.counts.update((row, column) for column in columns)
        self.requests += performance.requests
        plans = [fault.plan or {} for fault in performance.struck.values()]
        if performance.script.operation in SENDS:
            self.cuts.update(plan["cut"] for plan in plans if "cut" in plan and "answer" not in plan)
        if said.problems:
            faults = [f"{number}: {fault.plan}"[:200] for number, fault in performance.struck.items()]
            lines = [*said.problems, *faults, repr(performance.outcome), *str(performance.outcome).splitlines()[1:]]
            head = f"{performance.name}: {performance.script.operation}"
            self.problems.append("\n    ".join((head, *lines)))


AT_ONCE = 8
"""Calls at the same time in one process: some of them wait for what does not come."""
PART = 800
"""Calls that are made before a process reports."""


@dataclass(frozen=True)
class Part:
    """Calls that one process makes."""

    seed: int
    kind: str
    certificates: Path | None
    """The folder with a certificate and its key; None: plain HTTP."""
    numbers: Sequence[int]

    def play(self) -> Tally:
        """Make the calls and judge them."""
        before = _held()
        tally = asyncio.run(self._played())
        after = _held()
        tally.descriptors, tally.threads = after[0] - before[0], after[1] - before[1]
        return tally

    async def _played(self) -> Tally:
        made = (planned(self.seed, self.kind, self.certificates is not None, number) for number in self.numbers)
        calls, tally = [each for each in made if each is not None], Tally()
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))

        async def share(left: deque[tuple[int, Performance]]) -> None:
            while left:
                stage, played = Stage(self.kind, self.certificates), list[tuple[int, Performance]]()
                while left and not stage.spoiled:
                    played.append(left.popleft())
                    await stage.perform(played[-1][1])
                ledger = await stage.close()
                tally.unmet += stage.unmet
                for index, performance in played:
                    row = index, self.kind, self.certificates is not None, performance.fresh
                    tally.count(row, performance, judged(performance, ledger))

        await asyncio.gather(*(share(deque(calls[number::AT_ONCE])) for number in range(AT_ONCE)))
        return tally


def _held() -> tuple[int, int]:
    """Count the descriptors and threads of this process."""
    gc.collect()
    return len(os.listdir("/proc/self/fd")), threading.active_count()


def campaign(seed: int, requests: int, certificates: Path, processes: int, told: Callable[[Tally], None]) -> Tally:
    """Play so many faulty requests, in so many processes."""
    size = min(PART, requests // 7 + 1)  # so that few requests, too, go to every stage
    parts = (
        Part(seed, kind, certificates if tls else None, range(number * size, (number + 1) * size))
        for number in count()
        for kind, tls in STAGES
    )
    tally, going = Tally(), set[Future[Tally]]()
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        while going or tally.faulty < requests:
            while tally.faulty < requests and len(going) < processes:
                going.add(pool.submit(Part.play, next(parts)))
            done, going = wait(going, return_when=FIRST_COMPLETED)
            for each in done:
                tally.add(each.result())
            told(tally)
    return tally


# --- what is shown ---


def rows(tally: Tally) -> Iterator[tuple[str, dict[str, int]]]:
    """Yield what was counted of each family, of each kind of connection, and in all."""

    def counted(chosen: Callable[[Row], bool]) -> dict[str, int]:
        found = Counter[str]()
        for (row, column), number in tally.counts.items():
            found[column] += number if chosen(row) else 0
        return {"requests": sum(found[each] for each in PROOFS), **{each: found[each] for each in COLUMNS}}

    for index, family in enumerate(FAMILIES):
        yield f"{family.number:9}{family.name}", counted(lambda row, index=index: row[0] == index)
    for kind in product(KINDS, (False, True), (True, False)):
        name = f"{kind[0]}, {'TLS' if kind[1] else 'plain'}, {'new' if kind[2] else 'kept'} connections"
        yield f"{'':9}{name}", counted(lambda row, kind=kind: row[1:] == kind)
    yield f"{'':9}all", counted(lambda _: True)


def table(tally: Tally) -> str:
    lines = ["", f"{'':66}" + "".join(f"{head:>11}" for head in ("requests", *COLUMNS))]
    for name, counts in rows(tally):
        if any(counts.values()):
            lines.append(f"{name:66}" + "".join(f"{each or '-':>11}" for each in counts.values()))
    return "\n".join(lines)


def summary(tally: Tally, seconds: float) -> str:
    calls = sum(number for (_, column), number in tally.counts.items() if column in RESULTS)
    cuts = [tally.cuts[where] for where in range(ANSWER)]
    return (
        f"{tally.faulty:,} faulty requests of {tally.requests:,}, in {calls:,} calls and {seconds:.0f} s:"
        f" {len(tally.problems)} calls misjudged."
        f" A send's answer was cut behind {sum(map(bool, cuts))} of {ANSWER} bytes, {min(cuts)} to {max(cuts)} times;"
        f" {tally.unmet} faults were not met."
        f" Left behind: {tally.descriptors} descriptors, {tally.threads} threads."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="faulty ones, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--call", metavar="NAME", help="such as async-tls-123")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    seed, began = options.seed, time.monotonic()

    shown: list[str] = []

    def told(tally: Tally) -> None:
        for problem in tally.problems[len(shown) : 20]:
            shown.append(problem)
            name = problem.partition(":")[0]
            print(f"\n{problem}\n    again: python -m sockets.run --seed {seed} --call {name}", flush=True)
        so_far = f"{tally.faulty:,} faulty requests in {time.monotonic() - began:.0f} s"
        print(f"{so_far}, {len(tally.problems)} calls misjudged", file=sys.stderr, flush=True)

    print(f"seed {seed}; again with it: make faults SEED={seed}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        self_signed(folder)
        # Clients trust the certificate, and go to the server by no proxy.
        os.environ.update(SSL_CERT_FILE=str(folder / "certificate.pem"), NO_PROXY=HOST, no_proxy=HOST)
        if options.call:
            kind, security, number = options.call.split("-")
            part, tally = Part(seed, kind, folder if security == "tls" else None, [int(number)]), Tally()
            for _ in range(100):
                tally.add(part.play())
            told(tally)
        else:
            tally = campaign(seed, options.requests, folder, options.processes, told)
    print(table(tally), end="\n\n")
    print(summary(tally, time.monotonic() - began))
    if tally.problems or tally.descriptors > 0 or tally.threads > 0:
        sys.exit(f"\nseed {seed}: {len(tally.problems)} calls were misjudged, or something was left behind")


if __name__ == "__main__":
    main()
