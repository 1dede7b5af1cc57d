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
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from itertools import count, repeat
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from sandbox.certificates import self_signed
from sendgrid_campaigns import OutcomeUnknownError, SendGridError
from sockets.families import FAMILIES, FOLLOWED, MAILING
from sockets.kinds import KINDS
from sockets.stage import HOST, SHORT, Ledger, Performance, Stage

# --- a call, by its name ---

DECK = [(index, place) for place in range(20) for index, each in enumerate(FAMILIES) if place < each.weight]
"""Each family as often as its weight says."""
STAGES = [(kind, tls) for tls in (False, True) for kind in KINDS]


def planned(seed: int, kind: str, tls: bool, number: int) -> tuple[str, Performance] | None:
    """Return a family and a call of it; None where what is planned does not exist on such a stage."""
    index, place = DECK[number % len(DECK)]
    turn = number // len(DECK) * FAMILIES[index].weight + place
    name = f"{kind}-{'tls' if tls else 'plain'}-{number}"
    call = FAMILIES[index].call(name, random.Random(f"{seed}/{name}"), turn // 2)  # noqa: S311
    if call.tls not in (None, tls):
        return None
    call.fresh = turn % 2 == 0 if call.fresh is None else call.fresh
    return FAMILIES[index].name, call


# --- what is true ---

SLOW = 10.0
"""Seconds by which a busy machine may be late."""


def judged(performance: Performance, ledger: Ledger) -> Iterator[str]:
    """Hold what a client said of a call and of each attempt against what the service has seen; yield what is wrong."""
    outcome, carried_out = performance.outcome, False
    attempts: Sequence[Any] | None = getattr(outcome, "attempts", None)
    if attempts is None:
        attempts = [None] * performance.requests  # a result that is no receipt does not tell
    if len(attempts) != performance.requests:
        yield f"{performance.requests} requests were made, and {len(attempts)} attempts are told of"
    for number, attempt in enumerate(attempts, 1):
        came = ledger.requests.get(performance.mark(number), ())
        applied = any(record.method != "GET" and record.status_code < 300 for record in came)
        carried_out = carried_out or applied
        if any(record.path == FOLLOWED for record in came):
            yield f"request {number} followed a redirect"
        if attempt is None:
            continue
        untrue = {"not sent": bool(came), "rejected": applied, "accepted": attempt.method != "GET" and not applied}
        fault = performance.struck.get(number)
        if untrue.get(attempt.proof):
            seen = ", ".join(f"{record.status_code} to the {record.origin}" for record in came) or "nothing"
            yield f"request {number} is judged {attempt.proof!r}; the service answered {seen}"
        elif fault and fault.expected and attempt.proof not in fault.expected and not performance.hasty:
            yield f"request {number} is judged {attempt.proof!r} and not {' or '.join(fault.expected)}"
        if performance.hasty and attempt.seconds > SHORT + SLOW:
            yield f"request {number} took {attempt.seconds:.1f} s"

    mailings = ledger.mailings.get(performance.campaign_id, 0) if performance.operation in MAILING else int(carried_out)
    if mailings > 1:
        yield f"it was mailed {mailings} times"
    if not isinstance(outcome, Exception):
        if not (carried_out and mailings):
            yield "it is said to be done, and it was not"
    elif not isinstance(outcome, SendGridError):
        yield f"{type(outcome).__name__} was raised"
    elif not isinstance(outcome, OutcomeUnknownError) and (carried_out or mailings):
        yield "it is said not to be done, and it was"


# --- many calls ---


@dataclass
class Tally:
    """What was counted."""

    faulty: Counter[str] = field(default_factory=Counter[str])
    """Requests that met a fault, by family."""
    left: Counter[str] = field(default_factory=Counter[str])
    """What processes held more of afterwards than before."""
    problems: list[str] = field(default_factory=list[str])
    """Of each call that is misjudged."""

    def add(self, other: "Tally") -> None:
        self.faulty.update(other.faulty)
        self.left.update(other.left)
        self.problems += other.problems

    def count(self, family: str, performance: Performance, problems: Sequence[str]) -> None:
        faults = {number: fault.plan or {} for number, fault in performance.struck.items()}
        self.faulty[family] += len(faults)
        if problems:
            told = [repr(performance.outcome), *str(performance.outcome).splitlines()[1:]]
            lines = [*problems, *(f"{number}: {plan}"[:200] for number, plan in faults.items()), *told]
            self.problems.append("\n    ".join((f"{performance.name}: {performance.operation}", *lines)))


AT_ONCE = 8
"""Calls at the same time in one process: some of them wait for what does not come."""
PART = 800
"""Calls that are made before a process reports."""


def play(seed: int, kind: str, certificates: Path | None, numbers: Iterable[int]) -> Tally:
    """Make calls and judge them. certificates: the folder with a certificate and its key; None: plain HTTP."""
    before, tally = _held(), Tally()
    calls = [call for number in numbers if (call := planned(seed, kind, certificates is not None, number))]

    async def share(left: deque[tuple[str, Performance]]) -> None:
        while left:
            stage, played = Stage(kind, certificates), list[tuple[str, Performance]]()
            while left and not stage.spoiled:
                played.append(left.popleft())
                await stage.perform(played[-1][1])
            ledger = await stage.close()
            for family, performance in played:
                tally.count(family, performance, [*judged(performance, ledger)])

    async def shares() -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(AT_ONCE))
        await asyncio.gather(*(share(deque(calls[number::AT_ONCE])) for number in range(AT_ONCE)))

    asyncio.run(shares())
    tally.left.update(_held())
    tally.left.subtract(before)
    return tally


def _held() -> dict[str, int]:
    """Count the descriptors and threads of this process."""
    gc.collect()
    return {"descriptors": len(os.listdir("/proc/self/fd")), "threads": threading.active_count()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000, help="faulty ones, at least")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(2**32))
    parser.add_argument("--call", metavar="NAME", help="such as async-tls-123")
    options = parser.parse_args()
    seed, requests, processes = options.seed, options.requests, os.cpu_count() or 1
    print(f"seed {seed}; again with it: make faults SEED={seed}", file=sys.stderr, flush=True)
    size = min(PART, requests // 7 + 1)  # so that few requests, too, go to every stage
    tally, going, tenths = Tally(), set[Future[Tally]](), 0
    context = get_context("spawn")
    with tempfile.TemporaryDirectory() as name, ProcessPoolExecutor(processes, mp_context=context) as pool:
        folder = Path(name)
        self_signed(folder)
        # Clients trust the certificate, and go to the server by no proxy.
        os.environ.update(SSL_CERT_FILE=str(folder / "certificate.pem"), NO_PROXY=HOST, no_proxy=HOST)
        rounds: Iterator[tuple[str, bool, Sequence[int]]]
        rounds = ((*stage, range(first, first + size)) for first in count(0, size) for stage in STAGES)
        if options.call:
            kind, security, number = options.call.split("-")
            rounds = repeat((kind, security == "tls", [int(number)]), 100)
        parts = ((seed, kind, folder if tls else None, numbers) for kind, tls, numbers in rounds)
        while True:
            while tally.faulty.total() < requests and len(going) < processes and (part := next(parts, None)):
                going.add(pool.submit(play, *part))
            if not going:
                break
            done, going = wait(going, return_when=FIRST_COMPLETED)
            for each in done:
                found = each.result()
                for problem in found.problems:
                    again = f"python -m sockets.run --seed {seed} --call {problem.partition(':')[0]}"
                    print(f"\n{problem}\n    again: {again}", flush=True)
                tally.add(found)
            if tally.faulty.total() * 10 // requests > tenths:
                tenths = tally.faulty.total() * 10 // requests
                print(f"{tally.faulty.total():,} of {requests:,} faulty requests", file=sys.stderr, flush=True)
    for family in FAMILIES:
        print(f"{family.name:60}{tally.faulty[family.name]:>10,}")
    print(f"{'all':60}{tally.faulty.total():>10,}: {len(tally.problems)} calls misjudged")
    if tally.problems or any(number > 0 for number in tally.left.values()):
        sys.exit(f"seed {seed}: {len(tally.problems)} calls were misjudged; left behind: {dict(tally.left)}")


if __name__ == "__main__":
    main()
