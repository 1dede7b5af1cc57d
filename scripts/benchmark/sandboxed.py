"""Sections `job` and `sandbox`: a job under a rate limit, and the speed of the sandbox itself."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

from benchmark.calls import rates
from benchmark.contestants import KEY
from benchmark.course import Course, process
from benchmark.figures import Table, in_rounds
from sendgrid_campaigns import CampaignsClient
from sendgrid_campaigns.sandbox import Knobs, Sandbox

ROUNDS, SENDS = 9, 1_000


def at_best(requests: int, limit: int, window: int) -> float:
    """Return seconds until the last window that a job needs begins, when the job begins with a window."""
    return float((math.ceil(requests / limit) - 1) * window)


def in_virtual_time(sends: int, limit: int, window: int) -> Iterator[Table]:
    """Send fresh campaigns one after the other. Only waiting takes time, and is over at once."""
    seconds: dict[str, list[float]] = {}
    requests: dict[str, list[float]] = {}
    for name, least in (("send", 2 * sends), ("ensure_sent", sends)):
        knobs = Knobs(campaign_limit=sends + 9, rate_limit=limit, rate_window=window)
        with Sandbox(knobs=knobs, clock=lambda: 1_800_000_000.0) as sandbox, sandbox.client() as campaigns:
            ids, began = [sandbox.create_campaign() for _ in range(sends)], sandbox.now()
            for campaign_id in ids:
                getattr(campaigns, name)(campaign_id)
            took = (sandbox.now() - began).total_seconds()
            seconds |= {f"{name}, at best": [at_best(least, limit, window)], name: [took]}
            requests |= {f"{name}, at best": [least], name: [len(sandbox.requests())]}
    title = f"{sends:,} sends, {limit} requests in {window} s, virtual time"
    yield Table(title, "s", seconds)
    yield Table(title, "requests", requests)


def job_section(course: Course) -> Iterator[Table]:
    yield from in_virtual_time(620 if course.quick else 3_000, 600, 60)
    sends, limit, window = (22, 20, 2) if course.quick else (505, 250, 5)
    seconds = {"at best": [at_best(2 * sends, limit, window)]}
    limited = {}
    for name, number in (("1 worker", 1), ("32 workers", 32)):
        with (
            process("sandbox_server.py", sends, limit, window, python=course.project) as served,
            CampaignsClient(KEY, base_url=served["url"]) as campaigns,
            ThreadPoolExecutor(number) as pool,
        ):
            time.sleep(window - time.time() % window)
            began = perf_counter()
            receipts = [*pool.map(campaigns.send, served["ids"])]
            seconds[name] = [perf_counter() - began]
        codes = Counter(attempt.status_code for receipt in receipts for attempt in receipt.attempts)
        limited[name] = [100 * codes[429] / codes.total()]
    note = f"{sends} sends, {limit} requests in {window} s"
    yield Table("a job under a rate limit, over HTTP", "s", seconds, "at best", [note])
    yield Table("percent of answers that were 429", "%", limited)


def in_process(sends: int) -> float:
    """Return sends a second of the sandbox's own client."""
    with Sandbox(knobs=Knobs(campaign_limit=sends + 9)) as sandbox, sandbox.client() as campaigns:
        ids = [sandbox.create_campaign() for _ in range(sends)]
        began = perf_counter()
        for campaign_id in ids:
            campaigns.send(campaign_id)
        return sends / (perf_counter() - began)


def sandbox_section(course: Course) -> Iterator[Table]:
    sends = SENDS // 10 if course.quick else SENDS
    inside = {"sends through client(): two requests each": lambda: in_process(sends)}
    yield Table("the sandbox in process", "sends/s", in_rounds(inside, course.rounds(ROUNDS)))
    with process("sandbox_server.py", 1, 0, 60, python=course.project) as served:
        table = rates(course, {"aiohttp": served["url"]}, 32, "the sandbox over HTTP, get, 32 in flight")
    if table.notes:
        raise SystemExit(f"the sandbox over HTTP: {table.notes}")
    yield table
