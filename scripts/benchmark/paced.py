"""Section `pace`: how close a job comes to what a rate limit allows, in the sandbox's time and at its HTTP door."""

import asyncio
import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import attrs
import httpx

from benchmark.contestants import KEY
from benchmark.course import Course, process
from benchmark.figures import Table, tell
from benchmark.virtual_time import LoopClock, Slow, VirtualLoop
from sendgrid_campaigns import AsyncCampaignsClient, CampaignsClient, Clock, RateLimitError, Retry, SendReceipt
from sendgrid_campaigns.sandbox import Knobs, Sandbox

BEGIN = 1_800_000_000.0
"""Unix time, at which a window begins."""
LATENCY = 0.08
"""Seconds that a request takes in virtual time."""
LEAST, PACED_1, PACED_32, UNPACED = "the least there can be", "1 worker", "32 workers", "32 workers, not paced"


@attrs.frozen
class Job:
    """So many sends, of two requests each, under a limit."""

    sends: int
    limit: int
    window: int
    """Seconds."""

    def least(self) -> float:
        """Seconds until the last window that it needs begins, when it begins with one: it cannot end before."""
        return (math.ceil(2 * self.sends / self.limit) - 1) * self.window

    def __str__(self) -> str:
        return f"{self.sends:,} sends, {self.limit} requests in {self.window} s"


@attrs.frozen
class Ran:
    """How a job went."""

    seconds: float
    answers: Counter[int]

    @property
    def limited(self) -> float:
        """Answers that were 429, in percent."""
        return 100 * self.answers[429] / self.answers.total()


def _counted(receipts: Sequence[SendReceipt | RateLimitError]) -> Counter[int]:
    return Counter(attempt.status_code or 0 for receipt in receipts for attempt in receipt.attempts)


# --- in virtual time ---


def _knobs(job: Job) -> Knobs:
    return Knobs(rate_limit=job.limit, rate_window=job.window, campaign_limit=job.sends + 9)


def one_in_virtual_time(job: Job) -> Ran:
    with Sandbox(knobs=_knobs(job), clock=lambda: BEGIN) as sandbox, sandbox.client() as campaigns:
        receipts = [campaigns.send(sandbox.create_campaign()) for _ in range(job.sends)]
        return Ran(sandbox.now().timestamp() - BEGIN, _counted(receipts))


def many_in_virtual_time(job: Job, workers: int, retry: Retry) -> Ran:
    loop = VirtualLoop()
    clock = LoopClock(loop, BEGIN)

    async def work(sandbox: Sandbox) -> Ran:
        http = httpx.AsyncClient(transport=Slow(sandbox.transport(), LATENCY))
        campaigns = AsyncCampaignsClient("SG.sandbox", http_client=http, clock=clock, retry=retry)
        ids = [sandbox.create_campaign() for _ in range(job.sends)]
        receipts: list[SendReceipt | RateLimitError] = []

        async def worker() -> None:
            while ids:
                campaign_id = ids.pop()
                try:
                    receipts.append(await campaigns.send(campaign_id))
                except RateLimitError as error:
                    receipts.append(error)
                    ids.append(campaign_id)

        await asyncio.gather(*(worker() for _ in range(workers)))
        return Ran(loop.now, _counted(receipts))

    with Sandbox(knobs=_knobs(job), clock=clock.time) as sandbox, asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(work(sandbox))


# --- at the HTTP door ---


class _Until(Clock):
    """The machine's clock; waits are told, for they are long."""

    def sleep(self, seconds: float) -> None:
        tell(f"pace: waits {seconds:.1f} s for the limit")
        super().sleep(seconds)


def at_the_door(course: Course, job: Job, workers: int) -> Ran:
    arguments = map(str, (job.sends, job.limit, job.window))
    with process("sandbox_server.py", *arguments, python=course.project) as served:
        url, ids, lock = str(served["url"]), iter(served["ids"]), threading.Lock()
        with CampaignsClient(KEY, base_url=url, clock=_Until()) as campaigns, ThreadPoolExecutor(workers) as pool:

            def worker(_: int) -> list[SendReceipt]:
                receipts: list[SendReceipt] = []
                while True:
                    with lock:
                        campaign_id = next(ids, None)
                    if campaign_id is None:
                        return receipts
                    receipts.append(campaigns.send(campaign_id))

            time.sleep(job.window - time.time() % job.window)  # until a window begins
            began = time.perf_counter()
            receipts = [receipt for each in pool.map(worker, range(workers)) for receipt in each]
            return Ran(time.perf_counter() - began, _counted(receipts))


def pace_section(course: Course) -> Iterator[Table]:
    virtual = Job(200, 100, 60) if course.quick else Job(3_000, 600, 60)
    door = Job(22, 20, 2) if course.quick else Job(505, 250, 5)
    runs: dict[Job, dict[str, Callable[[], Ran]]] = {
        virtual: {
            PACED_1: lambda: one_in_virtual_time(virtual),
            PACED_32: lambda: many_in_virtual_time(virtual, 32, Retry()),
            UNPACED: lambda: many_in_virtual_time(virtual, 32, Retry(pace=False)),
        },
        door: {
            PACED_1: lambda: at_the_door(course, door, 1),
            PACED_32: lambda: at_the_door(course, door, 32),
        },
    }
    for where, (job, contestants) in zip((VIRTUAL, DOOR), runs.items(), strict=True):
        ran = {name: run() for name, run in contestants.items()}
        seconds = {LEAST: [job.least()], **{name: [each.seconds] for name, each in ran.items()}}
        yield Table("pace", f"a job, {where}", "s", seconds, LEAST, note=str(job))
        limited = {name: [each.limited] for name, each in ran.items()}
        yield Table("pace", f"answers that were 429, {where}", "%", limited)


VIRTUAL, DOOR = "in virtual time", "at the sandbox's HTTP door"
