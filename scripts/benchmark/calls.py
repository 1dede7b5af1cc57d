"""Sections `sync` and `async`: the time of one call after the other, on a client with open connections."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack
from time import perf_counter
from typing import Any

from benchmark.contestants import ASYNC, EXPECTED, SYNC
from benchmark.course import FAR, Course
from benchmark.figures import Table, in_rounds

ROUNDS, CALLS, WARM_UP = 150, 20, 5
"""A sample is the mean of CALLS calls."""
FAR_ROUNDS, FAR_CALLS = 15, 2


def checked(value: object, operation: str, name: str) -> None:
    if value != EXPECTED[operation]:
        raise SystemExit(f"{name}: {operation} returned {value!r}, not {EXPECTED[operation]!r}")


def sync_section(course: Course) -> Iterator[Table]:
    def sampler(name: str, operation: str, call: Callable[[], Any], calls: int) -> Callable[[], float]:
        def sample() -> float:
            checked(call(), operation, name)  # not timed: a connection may have been idle for too long
            began = perf_counter()
            for _ in range(calls):
                call()
            return (perf_counter() - began) / calls

        return sample

    for where, url in course.urls.items():
        rounds, calls, warm_up = (FAR_ROUNDS, FAR_CALLS, 1) if where == FAR else (ROUNDS, CALLS, WARM_UP)
        with ExitStack() as stack:
            opened = {name: open_client(url, stack) for name, open_client in SYNC.items()}
            for operation in EXPECTED:
                samplers = {
                    name: sampler(name, operation, client[operation], calls)
                    for name, client in opened.items()
                    if operation in client
                }
                samples = in_rounds(samplers, course.rounds(rounds), course.rounds(warm_up))
                yield Table(f"{operation}, sync, {where}", "ms" if where == FAR else "µs", samples, "httpx")


def async_section(course: Course) -> Iterator[Table]:
    def sampler(
        runner: asyncio.Runner, name: str, operation: str, call: Callable[[], Awaitable[Any]]
    ) -> Callable[[], float]:
        async def sample() -> float:
            checked(await call(), operation, name)
            began = perf_counter()
            for _ in range(CALLS):
                await call()
            return (perf_counter() - began) / CALLS

        return lambda: runner.run(sample())

    for where, url in course.urls.items():
        if where == FAR:
            continue
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            opened = {name: runner.run(open_client(url, stack)) for name, open_client in ASYNC.items()}
            for operation in EXPECTED:
                samplers = {
                    name: sampler(runner, name, operation, client[operation])
                    for name, client in opened.items()
                    if operation in client
                }
                samples = in_rounds(samplers, course.rounds(ROUNDS), course.rounds(WARM_UP))
                yield Table(f"{operation}, async, {where}", "µs", samples, "httpx")
            runner.run(stack.aclose())
