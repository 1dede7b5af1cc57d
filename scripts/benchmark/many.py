"""Section `concurrency`: requests a second with many calls in flight."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from functools import partial
from time import perf_counter

from benchmark.contestants import ASYNC
from benchmark.course import PLAIN, Course
from benchmark.figures import Table, in_rounds

IN_FLIGHT = (1, 32, 128, 512)
ROUNDS = 5
LEAD, SECONDS = 0.5, 2.0
"""A sample is timed, not counted: some clients take minutes for the calls of a second. The lead opens connections."""


async def _rate(name: str, url: str, in_flight: int, seconds: float, trouble: Counter[str]) -> float:
    answers, errors = Counter[int](), Counter[str]()
    async with ASYNC[name](url) as calls:

        async def caller(number: int) -> None:
            while True:
                try:
                    await calls["get"]()
                    answers[number] += 1
                except Exception as error:  # such as the pool's timeout, which belongs to the result
                    errors[type(error).__name__] += 1
                # Otherwise a caller takes back its own connection before the callers that wait for one.
                await asyncio.sleep(0)

        callers = [asyncio.create_task(caller(number)) for number in range(in_flight)]
        await asyncio.sleep(LEAD)
        answers.clear()
        errors.clear()
        began = perf_counter()
        await asyncio.sleep(seconds)
        found = answers.total() / (perf_counter() - began)
        trouble += errors + Counter({"callers without an answer": in_flight - len(answers)})
        for each in callers:
            each.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
    return found


def rate(name: str, url: str, in_flight: int, seconds: float, trouble: Counter[str]) -> float:
    """Return good answers a second. Adds to `trouble` every error, and callers that got no answer at all."""
    return asyncio.run(_rate(name, url, in_flight, seconds, trouble))


def concurrency_section(course: Course) -> Iterator[Table]:
    seconds = SECONDS / 4 if course.quick else SECONDS
    for in_flight in IN_FLIGHT:
        troubles: dict[str, Counter[str]] = {name: Counter() for name in ASYNC}
        samplers = {
            name: partial(rate, name, course.urls[PLAIN], in_flight, seconds, trouble)
            for name, trouble in troubles.items()
        }
        # Every sample has a lead of its own: no round is needed to warm up.
        samples = in_rounds(samplers, course.rounds(ROUNDS), warm_up=0)
        notes = [f"{name}: {dict(trouble)}" for name, trouble in troubles.items() if trouble]
        yield Table(f"get, plain http, {in_flight} in flight", "requests/s", samples, "httpx", notes)
