"""Take samples in rounds, and print medians, quartiles and ratios."""

import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from statistics import median, quantiles

UNITS = {"µs": 1e-6, "ms": 1e-3, "MB": 1e6}
"""Samples are seconds, bytes or numbers; each is shown in one of these units."""


def in_rounds(samplers: Mapping[str, Callable[[], float]], rounds: int, warm_up: int = 1) -> dict[str, list[float]]:
    """Take one sample of each sampler in each round, after `warm_up` rounds without samples.

    Load on the machine that comes and goes is shared by all samplers of a round. The garbage collector stays on, as in
    users' programs; objects that are alive after the warm-up are frozen, and all garbage is collected before a sample.
    """
    for _ in range(warm_up):
        for sample in samplers.values():
            sample()
    samples: dict[str, list[float]] = {name: [] for name in samplers}
    gc.collect()
    gc.freeze()
    try:
        for _ in range(rounds):
            for name, sample in samplers.items():
                gc.collect()
                samples[name].append(sample())
    finally:
        gc.unfreeze()
    return samples


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """Return the median of the ratios of each round."""
    return median(each / other if other else inf for each, other in zip(over, under, strict=True))


@dataclass(frozen=True)
class Table:
    """Samples that were taken in the same rounds."""

    title: str
    unit: str
    samples: Mapping[str, Sequence[float]]
    base: str | None = None
    """The row that the ratios of the other rows refer to."""
    notes: Sequence[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        size = UNITS.get(self.unit, 1.0)
        to_base = f"ratio to {self.base}" if self.base else ""
        yield f"{self.title:48}{'median':>10}{'quartiles':>21}{to_base:>23}".rstrip()
        for name, samples in self.samples.items():
            low, middle, high = quantiles(samples, method="inclusive") if len(samples) > 1 else [*samples] * 3
            spread = f"{_shown(low / size)} to {_shown(high / size)}" if low != high else ""
            over = f"{ratio(samples, self.samples[self.base]):.2f}" if self.base else ""
            yield f"  {name:46}{_shown(middle / size):>10}{spread:>21}{over:>23}  {self.unit}".rstrip()
        yield from (f"  {note}" for note in self.notes)


def _shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:.3g}"
