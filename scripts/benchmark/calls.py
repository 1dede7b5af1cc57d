"""Sections `sync` and `async`: the time of one call after the other, on a client with open connections."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from time import perf_counter
from typing import Any

from benchmark.contestants import ASYNC, SYNC, Calls, checked
from benchmark.course import FAR, Course
from benchmark.figures import Table, in_rounds

ROUNDS, CALLS, WARM_UP = 150, 20, 5
"""A sample is the mean of CALLS calls."""
FAR_ROUNDS, FAR_CALLS = 15, 2


def sync_sample(name: str, operation: str, call: Callable[[], Any], calls: int) -> float:
    checked(name, operation, call())  # not timed: a connection may have been idle for too long
    began = perf_counter()
    for _ in range(calls):
        call()
    return (perf_counter() - began) / calls


async def async_sample(name: str, operation: str, call: Callable[[], Any], calls: int) -> float:
    checked(name, operation, await call())
    began = perf_counter()
    for _ in range(calls):
        await call()
    return (perf_counter() - began) / calls


def tables(course: Course, style: str, where: str, opened: Mapping[str, Calls], sample: Any) -> Iterator[Table]:
    rounds, calls, warm_up = (FAR_ROUNDS, FAR_CALLS, 1) if where == FAR else (ROUNDS, CALLS, WARM_UP)
    for operation in ("get", "send"):
        samplers = {
            name: partial(sample, name, operation, client[operation], calls)
            for name, client in opened.items()
            if operation in client
        }
        samples = in_rounds(samplers, course.rounds(rounds), course.rounds(warm_up))
        yield Table(f"{operation}, {style}, {where}", "ms" if where == FAR else "µs", samples, "httpx")


def sync_section(course: Course) -> Iterator[Table]:
    for where, url in course.urls.items():
        with ExitStack() as stack:
            opened = {name: stack.enter_context(client(url)) for name, client in SYNC.items()}
            yield from tables(course, "sync", where, opened, sync_sample)


def async_section(course: Course) -> Iterator[Table]:
    for where, url in course.urls.items():
        if where == FAR:
            continue
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            opened = {name: runner.run(stack.enter_async_context(client(url))) for name, client in ASYNC.items()}
            yield from tables(course, "async", where, opened, lambda *given: runner.run(async_sample(*given)))
            runner.run(stack.aclose())
