"""Wrong protocols, planted on purpose: whoever judges must see what is wrong with each. They stand in mutants.toml.

A mutant changes a function of protocol/ by its syntax tree, or the value of a name. How the code is laid out does not
matter; when the syntax that a mutant changes is gone, the mutant says so.
"""

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from model import explore, sample


@dataclass(frozen=True)
class Mutant:
    """One wrong protocol."""

    name: str
    of: str  # what is changed: a function or another value, by its module in protocol/ and its name
    changes: Mapping[str, str]  # of a function: each syntax, with its replacement; of another value: `value`
    where: str  # the name of a history that shows it


class Gone(Exception):
    """What a mutant changes is not there any more."""


_FILE = Path(__file__).with_suffix(".toml")
MUTANTS = tuple(Mutant(name, **facts) for name, facts in tomllib.loads(_FILE.read_text("utf-8")).items())


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Run with the mutant in place of the right protocol."""
    module, *names = mutant.of.split(".")
    package = "_sync" if module in ("campaigns", "single_sends") else "protocol"
    owner: Any = import_module(f"sendgrid_campaigns.{package}.{module}")
    known = vars(owner)
    for name in names[:-1]:
        owner = getattr(owner, name)
    target = getattr(owner, names[-1])
    # Modules import functions from each other by name: the code is exchanged, and the function stays.
    if isinstance(target, FunctionType):
        owner, attribute, right, wrong = target, "__code__", target.__code__, _code(mutant, target)
    else:
        attribute, right = names[-1], target
        wrong = eval(mutant.changes["value"], {**known, "wrong": target})  # noqa: S307 - of ours
    setattr(owner, attribute, wrong)
    try:
        yield
    finally:
        setattr(owner, attribute, right)


def _code(mutant: Mutant, function: FunctionType) -> CodeType:
    text = ast.unparse(ast.parse(textwrap.dedent(inspect.getsource(function))))
    for old, new in mutant.changes.items():
        is_expression = isinstance(ast.parse(old).body[0], ast.Expr)
        old, new, before = ast.unparse(ast.parse(old)), ast.unparse(ast.parse(new)), text
        if is_expression:
            text = text.replace(old, f"({new})")
        for depth in () if is_expression else ("    ", "        ", "            ", "                "):
            text = f"{text}\n".replace(f"\n{textwrap.indent(old, depth)}\n", f"\n{textwrap.indent(new, depth)}\n")
        if text.strip() == before.strip():
            raise Gone(f"mutant {mutant.name!r}: {mutant.of} does not hold {old!r}; mend the mutant")
    # In a class, for `super()` needs one. Its other names are global, as the function's are.
    compiled: Any = compile(f"class Owner:\n{textwrap.indent(text, '    ')}", f"<{mutant.name}>", "exec")
    for name in ("Owner", function.__name__):
        compiled = next(each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == name)
    code: CodeType = compiled
    return code if code.co_freevars else code.replace(co_freevars=function.__code__.co_freevars)


def caught(mutant: Mutant, most: int = 60_000) -> tuple[str, str] | None:
    """Return what is wrong with a mutant, and in which history; None: nothing is seen in about so many."""
    write, weather, *more = mutant.where.split("/")
    with planted(mutant):
        if not more:  # a random history
            return next(iter(sample.tally(1, 3_000, write, stop=True).wrong), None)
        for faults, others in ((1, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2)):
            for start in range(len(explore.WRITES[write].starts)):
                task = explore.Task(write, weather, start, faults, others)
                found = explore.explore(task, min(6_000, most), stop=True)
                most -= found.histories
                if found.wrong or most <= 0:
                    return next(iter(found.wrong), None)
    return None
