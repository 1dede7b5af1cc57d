"""Sections `sync` and `async`: what one call takes, one after the other on a warm client."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import ExitStack
from time import perf_counter
from typing import Any

from benchmark.contestants import (
    BLOCKING,
    ID,
    SENDING,
    STATUS,
    Aiohttp,
    AsyncHttpx,
    Awaiting,
    Blocking,
    Httpx,
    awaiting,
)
from benchmark.course import Course
from benchmark.figures import Table, in_rounds

PLAIN, TLS, FAR = "plain http", "TLS", "TLS, 50 ms away"
ROUNDS, CALLS, WARM_UP = 150, 20, 5
"""A sample is the mean of so many calls: short, so that few are disturbed, and with its share of garbage collection."""
FAR_ROUNDS, FAR_CALLS = 15, 2
"""There, a call is mostly waiting, and always the same."""


def title(operation: str, colour: str, where: str) -> str:
    """Of the table: `get, sync, TLS`."""
    return f"{operation}, {colour}, {where}"


def checked(value: object, expected: object, name: str) -> None:
    if value != expected:
        raise SystemExit(f"{name} gave {value!r} and not {expected!r}: that is no measurement")


def sampler(name: str, call: Callable[[], object], expected: object, calls: int) -> Callable[[], float]:
    def sample() -> float:
        # Not timed: while the others had their turn, a connection may have been idle for too long.
        checked(call(), expected, name)
        began = perf_counter()
        for _ in range(calls):
            call()
        return (perf_counter() - began) / calls

    return sample


def async_sampler(
    runner: asyncio.Runner, name: str, call: Callable[[], Coroutine[Any, Any, object]], expected: object, calls: int
) -> Callable[[], float]:
    async def sample() -> float:
        checked(await call(), expected, name)
        began = perf_counter()
        for _ in range(calls):
            await call()
        return (perf_counter() - began) / calls

    return lambda: runner.run(sample())


def sync_section(course: Course) -> Iterator[Table]:
    for where, url in ((PLAIN, course.plain), (TLS, course.tls), (FAR, course.far)):
        rounds, calls, warm_up = (FAR_ROUNDS, FAR_CALLS, 1) if where == FAR else (ROUNDS, CALLS, WARM_UP)
        for operation, kinds in (("get", BLOCKING), ("send", SENDING)):
            named = title(operation, "sync", where)
            with ExitStack() as stack:
                samplers = {}
                for contestant in _made(stack, kinds, url):
                    call, expected = (contestant.get, ID) if operation == "get" else (contestant.send, STATUS)
                    samplers[contestant.name] = sampler(contestant.name, call, expected, calls)
                samples = in_rounds(named, samplers, course.rounds(rounds), course.rounds(warm_up))
            yield Table("sync", named, "ms" if where == FAR else "µs", samples, Httpx.name)


def _made(stack: ExitStack, kinds: Sequence[type[Blocking]], url: str) -> Iterator[Blocking]:
    for kind in kinds:
        contestant = kind(url)
        stack.callback(contestant.close)
        yield contestant


def async_section(course: Course) -> Iterator[Table]:
    for where, url in ((PLAIN, course.plain), (TLS, course.tls)):
        for operation in ("get", "send"):
            named = title(operation, "async", where)
            with asyncio.Runner() as runner, ExitStack() as stack:
                samplers = {}
                for kind in awaiting():
                    if operation == "send" and kind is Aiohttp:
                        continue
                    contestant = runner.run(_opened(kind, url))
                    stack.callback(lambda each: runner.run(each.close()), contestant)
                    call, expected = (contestant.get, ID) if operation == "get" else (contestant.send, STATUS)
                    samplers[kind.name] = async_sampler(runner, kind.name, call, expected, CALLS)
                samples = in_rounds(named, samplers, course.rounds(ROUNDS), course.rounds(WARM_UP))
            yield Table("async", named, "µs", samples, AsyncHttpx.name)


async def _opened(kind: type[Awaiting], url: str) -> Awaiting:
    return kind(url)
