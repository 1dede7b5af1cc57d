"""Wrong machines, made on purpose of outcome.py: whoever watches must see what is wrong with each. See mutants.txt."""

import re
import types
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import attrs

from sendgrid_campaigns import outcome
from simulation.caller import OPERATIONS
from simulation.chance import tally
from simulation.explore import WEATHERS, Task, explore


@attrs.frozen
class Mutant:
    """One wrong machine."""

    name: str
    where: tuple[str, ...]
    """Beginnings of names of histories: an operation; or with a weather, a start, and bounds, too."""
    changes: tuple[tuple[str, str], ...]


def _read(text: str) -> Iterator[Mutant]:
    for block in re.split(r"\n{2,}", text):
        head, *rest = [line for line in block.splitlines() if not line.startswith("#")] or [""]
        found = re.fullmatch(r"(.+) \[(.+)\]", head)
        if found is not None:
            signed = "\n".join(rest) + "\n"
            changes = re.findall(r"((?:- .*\n)+)((?:\+ .*\n)+)", signed)
            where = () if found[2] == "by chance" else tuple(found[2].split(", "))
            yield Mutant(found[1], where, tuple((_unsigned(old), _unsigned(new)) for old, new in changes))


def _unsigned(lines: str) -> str:
    return "\n".join(line[2:] for line in lines.splitlines())


MUTANTS = tuple(_read((Path(__file__).parent / "mutants.txt").read_text("utf-8")))


class Gone(Exception):
    """The text that a mutant changes is not in outcome.py exactly once."""


def machine(mutant: Mutant) -> ModuleType:
    """outcome.py with the mutant's changes, as a module of its own."""
    text = Path(str(outcome.__file__)).read_text("utf-8")
    for old, new in mutant.changes:
        if text.count(old) != 1:
            raise Gone(f"mutant {mutant.name!r}: outcome.py holds {old!r} {text.count(old)} times; mend the mutant")
        text = text.replace(old, new)
    module = types.ModuleType(outcome.__name__)
    exec(compile(text, f"<{mutant.name}>", "exec"), vars(module))  # noqa: S102 - of ours
    return module


def caught(mutant: Mutant, most: int = 100_000) -> tuple[str, str] | None:
    """What is wrong with a mutant, and in which history; None: nothing is seen in about so many."""
    wrong = machine(mutant)
    for task in _tasks(mutant):
        found = explore(wrong, task, min(20_000, most), stop=True)
        most -= found.histories
        if found.wrong:
            return found.wrong[0]
        if most <= 0:
            return None
    by_chance = tally(wrong, 1, most, stop=True)
    return next((line for one in by_chance.values() for line in one.wrong), None)


def _tasks(mutant: Mutant) -> Iterator[Task]:
    """Where the mutant is looked at: with few things that go wrong first."""
    for faults, others in ((1, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2)):
        for place in mutant.where:
            for weather in WEATHERS.values():
                for start in range(len(OPERATIONS[place.split("/")[0]].starts)):
                    task = Task(place.split("/")[0], weather.name, start, faults, others)
                    if weather.reads == "any" and f"{task.name([])}".startswith(place + "/"):
                        yield task
