"""Figures: how samples are taken, what is said of them, and what they are held against. Nothing here knows HTTP."""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from math import inf, isfinite
from statistics import median, quantiles

import attrs

UNITS = {"µs": 1e-6, "ms": 1e-3, "MB": 1e6}
"""Samples are seconds, bytes or numbers; what they are shown in."""

_last = 0.0


def tell(text: str) -> None:
    """Progress, on stderr: all the time on a terminal, else every few seconds."""
    global _last
    every, last = (0.2, "\033[K\r") if sys.stderr.isatty() else (10.0, "\n")
    if time.monotonic() > _last + every:
        _last = time.monotonic()
        print(text, end=last, file=sys.stderr, flush=True)


def in_rounds(
    title: str, samplers: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 1
) -> dict[str, list[float]]:
    """A sample of each, in rounds: A B C A B C. What disturbs the machine for a while disturbs all of them.

    Warm-up: so many rounds whose samples are thrown away. Connections are open then, bytecode is compiled and
    specialized, caches are filled. What is measured is a program that has been running for a while.

    Garbage: the collector stays on, as it is in users' programs, and what it takes in a sample is a part of it. But all
    that is alive after the warm-up is frozen, or each contestant would pay for how much the others have loaded; and
    before each sample everything is collected, or it would pay for the garbage of the one before it.
    """
    for _ in range(warm_up):
        for sample in samplers.values():
            sample()
    samples: dict[str, list[float]] = {name: [] for name in samplers}
    gc.collect()
    gc.freeze()
    try:
        for number in range(1, rounds + 1):
            for name, sample in samplers.items():
                gc.collect()
                samples[name].append(sample())
            tell(f"{title}: {number} of {rounds} rounds")
    finally:
        gc.unfreeze()
    return samples


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios round by round: a load that comes and goes is in both sides of each.

    Nothing goes into anything infinitely often: a rate may be 0.
    """
    return median(each / other if other else inf for each, other in zip(over, under, strict=True))


def _told(value: float | None) -> float | None:
    """As JSON has it, which knows nothing infinite."""
    return value if value is not None and isfinite(value) else None


@attrs.frozen
class Table:
    """Samples that were taken in the same rounds."""

    section: str
    title: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    base: str | None = None
    """The row that the others are held against."""
    note: str = ""

    def rows(self) -> Iterator[tuple[str, float, float, float, float | None]]:
        """Name, median, both quartiles, ratio to the base."""
        for name, samples in self.samples.items():
            low, middle, high = quantiles(samples, method="inclusive") if len(samples) > 1 else [*samples] * 3
            yield name, middle, low, high, ratio(samples, self.samples[self.base]) if self.base else None

    def lines(self) -> Iterator[str]:
        size = UNITS.get(self.unit, 1.0)
        held_against = f"ratio to {self.base}" if self.base else ""
        yield f"{self.title:48}{'median':>10}{'quartiles':>21}{held_against:>23}".rstrip()
        for name, middle, low, high, against in self.rows():
            shown = f"{_shown(low / size)} to {_shown(high / size)}" if low != high else ""
            against_base = "" if against is None else f"{against:.2f}"
            yield f"  {name:46}{_shown(middle / size):>10}{shown:>21}{against_base:>23}  {self.unit}".rstrip()
        if self.note:
            yield f"  {self.note}"

    def as_json(self) -> dict[str, object]:
        rows = [
            {"name": name, "median": middle, "low": low, "high": high, "ratio": _told(against), "samples": samples}
            for (name, middle, low, high, against), samples in zip(self.rows(), self.samples.values(), strict=True)
        ]
        about = {"section": self.section, "title": self.title, "shown_in": self.unit, "base": self.base}
        return {**about, "note": self.note, "rows": rows}


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"


@attrs.frozen
class Target:
    """What a figure should be: one row over another, or a row alone; rows are named by title of the table and name."""

    text: str
    limit: float
    over: tuple[str, str]
    under: tuple[str, str] | None = None
    least: bool = False
    """The limit is the smallest good value, and not the largest."""

    def value(self, tables: Sequence[Table]) -> float | None:
        """None where it was not measured."""
        rows = {(table.title, name): samples for table in tables for name, samples in table.samples.items()}
        if self.over not in rows or (self.under is not None and self.under not in rows):
            return None
        return median(rows[self.over]) if self.under is None else ratio(rows[self.over], rows[self.under])

    def met(self, value: float) -> bool:
        return value >= self.limit if self.least else value <= self.limit

    def line(self, tables: Sequence[Table]) -> str:
        value = self.value(tables)
        verdict = "not measured" if value is None else "met" if self.met(value) else "NOT met"
        wanted = f"{'>=' if self.least else '<='} {self.limit:g}"
        return f"  {self.text:72}{wanted:>8}{'' if value is None else f'{value:.2f}':>9}  {verdict}"

    def as_json(self, tables: Sequence[Table]) -> dict[str, object]:
        value = self.value(tables)
        met = None if value is None else self.met(value)
        return {"text": self.text, "limit": self.limit, "least": self.least, "value": _told(value), "met": met}
