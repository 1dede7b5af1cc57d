"""Section `crowd`: many sends started at once, until the last one has ended."""

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from time import perf_counter

import httpx

from benchmark.contestants import ASYNC, HEADERS, SDK, SYNC, Contestant, async_httpx_calls, checked
from benchmark.course import DELAY, SLOW, Course
from benchmark.figures import Table, in_rounds

SENDS, ROUNDS = 500, 3
CONNECTIONS, THREADS = 100, 200
"""All clients open at most CONNECTIONS by default."""
IN_THREADS = f"{SDK}, {THREADS} threads"
PATIENT: Contestant = (lambda url: httpx.AsyncClient(headers=HEADERS, timeout=60), async_httpx_calls)
"""By default, httpx gives up when a connection is not free within five seconds."""
TASKS: dict[str, tuple[Contestant, int, int]] = {
    "httpx": (PATIENT, SENDS, 0),
    "httpx, after one send": (PATIENT, SENDS, 1),
    "httpx, semaphore of 50": (PATIENT, 50, 0),
    SDK: (ASYNC[SDK], SENDS, 0),
    "aiohttp": (ASYNC["aiohttp"], SENDS, 0),
    "the SDK on aiohttp": (ASYNC["the SDK on aiohttp"], SENDS, 0),
}
"""A client, how many sends its program lets begin at a time, and how many sends the client has made before."""


async def all_ended(name: str, url: str, sends: int, errors: Counter[str]) -> float:
    """Return seconds until all sends have ended. Adds to `errors` the sends without a receipt."""
    (client, calls), at_once, before = TASKS[name]
    gate = asyncio.Semaphore(at_once)
    async with client(url) as opened:
        send = calls(opened, url)["send"]

        async def one() -> None:
            async with gate:
                checked(name, "send", await send())

        for _ in range(before):
            await send()
        began = perf_counter()
        ended = await asyncio.gather(*(one() for _ in range(sends)), return_exceptions=True)
        seconds = perf_counter() - began
    errors.update(type(error).__name__ for error in ended if error)
    return seconds


def in_tasks(name: str, url: str, sends: int, errors: Counter[str]) -> float:
    return asyncio.run(all_ended(name, url, sends, errors))


def in_threads(url: str, sends: int, errors: Counter[str]) -> float:
    client, calls = SYNC[SDK]
    with client(url) as opened, ThreadPoolExecutor(THREADS) as pool:
        began = perf_counter()
        futures = [pool.submit(calls(opened, url)["send"]) for _ in range(sends)]
        errors.update(type(error).__name__ for each in futures if (error := each.exception()))
        return perf_counter() - began


def crowd_section(course: Course) -> Iterator[Table]:
    sends, url = 20 if course.quick else SENDS, course.urls[SLOW]
    errors = {name: Counter[str]() for name in (*TASKS, IN_THREADS)}
    samplers: dict[str, Callable[[], float]] = {"at best": lambda: math.ceil(sends / CONNECTIONS) * 2 * DELAY}
    for name in TASKS:
        samplers[name] = partial(in_tasks, name, url, sends, errors[name])
    samplers["httpx"] = cache(samplers["httpx"])  # one sample for all rounds: it may take most of a minute
    samplers[IN_THREADS] = partial(in_threads, url, sends, errors[IN_THREADS])
    samples = in_rounds(samplers, course.rounds(ROUNDS), warm_up=0)
    notes = [f"{name}: no receipt {dict(found)}" for name, found in errors.items() if found]
    yield Table(f"{sends} sends at {DELAY * 1000:.0f} ms", "s", samples, "at best", notes)
