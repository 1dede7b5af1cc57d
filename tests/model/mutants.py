"""Wrong protocols, planted on purpose: whoever judges must see what is wrong with each. They stand in mutants.toml.

A mutant changes a function of protocol/ by its syntax tree, or the value of a name. How the code is laid out does not
matter; when the syntax that a mutant changes is gone, the mutant says so.
"""

import ast
import inspect
import textwrap
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any
from unittest.mock import patch

from model import judge, sample
from model.explore import WEATHERS, Task, explore
from scenarios import WRITES


@dataclass(frozen=True)
class Mutant:
    """One wrong protocol."""

    name: str
    of: str
    """What is changed: a function, or another value, by its module in protocol/ and its name."""
    changes: Mapping[str, str]
    """Of a function: each syntax that is replaced, with its replacement. Of another value: `value`."""
    where: str
    """The histories that show it soonest: a write, or a write and a weather; or "random"."""


class Gone(Exception):
    """What a mutant changes is not there any more."""


MUTANTS = tuple(
    Mutant(name, **facts)
    for name, facts in tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8")).items()
)


@contextmanager
def planted(mutant: Mutant) -> Iterator[None]:
    """Run with the mutant in place of the right protocol."""
    module_name, *names = mutant.of.split(".")
    owner: Any = import_module(f"sendgrid_campaigns.protocol.{module_name}")
    module = vars(owner)
    for name in names[:-1]:
        owner = getattr(owner, name)
    target = getattr(owner, names[-1])
    with ExitStack() as stack:
        if isinstance(target, FunctionType):
            # Modules import functions from each other by name: the code is exchanged, and the function stays.
            stack.callback(setattr, target, "__code__", target.__code__)
            target.__code__ = _code(mutant, target)
        else:
            value = eval(mutant.changes["value"], {**module, "wrong": target})  # noqa: S307 - of ours
            stack.enter_context(patch.object(owner, names[-1], value))
        judge.forget()
        yield


def _code(mutant: Mutant, function: FunctionType) -> CodeType:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for old, new in mutant.changes.items():
        change = _Change(_pattern(old), _pattern(new))
        tree = change.visit(tree)
        if not change.found:
            raise Gone(f"mutant {mutant.name!r}: {mutant.of} does not hold {old!r}; mend the mutant")
    # In a class, for `super()` needs one. Its other names are global, as the function's are.
    tree.body = [ast.ClassDef("Owner", bases=[], keywords=[], body=tree.body, decorator_list=[], type_params=[])]
    compiled: Any = compile(ast.fix_missing_locations(tree), f"<{mutant.name}>", "exec")
    for name in ("Owner", function.__name__):
        compiled = next(each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == name)
    code: CodeType = compiled
    return code.replace(co_freevars=function.__code__.co_freevars) if not code.co_freevars else code


def _pattern(text: str) -> list[ast.stmt] | ast.expr:
    """Return the syntax of a text: an expression, or statements."""
    body = ast.parse(text).body or [ast.Pass()]
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Expr) else body


class _Change(ast.NodeTransformer):
    """Replace one syntax by another, wherever it stands."""

    def __init__(self, old: list[ast.stmt] | ast.expr, new: list[ast.stmt] | ast.expr) -> None:
        self._old, self._new = old, new
        self.found = False

    def visit(self, node: ast.AST) -> Any:
        if isinstance(self._old, ast.expr) and isinstance(node, ast.expr) and ast.dump(node) == ast.dump(self._old):
            self.found = True
            return self._new
        if isinstance(self._old, list):
            for name in ("body", "orelse"):
                statements = getattr(node, name, None)
                if isinstance(statements, list):
                    setattr(node, name, self._replaced(statements))
        return self.generic_visit(node)

    def _replaced(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        assert isinstance(self._old, list)
        assert isinstance(self._new, list)
        old = [ast.dump(each) for each in self._old]
        for first in range(len(statements) - len(old) + 1):
            if [ast.dump(each) for each in statements[first : first + len(old)]] == old:
                self.found = True
                return [*statements[:first], *self._new, *self._replaced(statements[first + len(old) :])]
        return statements


def caught(mutant: Mutant, most: int = 60_000) -> tuple[str, str] | None:
    """Return what is wrong with a mutant, and in which history; None: nothing is seen in about so many."""
    with planted(mutant):
        for task in _tasks(mutant):
            found = explore(task, min(6_000, most), stop=True)
            most -= found.histories
            if found.wrong or most <= 0:
                return found.wrong[0] if found.wrong else None
        by_chance = sample.tally(1, most, stop=True)
        return next((line for one in by_chance.values() for line in one.wrong), None)


def _tasks(mutant: Mutant) -> Iterator[Task]:
    """Yield where to look for the mutant: with few things that go wrong first."""
    write, _, weather = mutant.where.partition("/")
    if write not in WRITES:
        return
    for faults, others in ((1, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2)):
        for each in WEATHERS.values():
            if each.name == weather or (not weather and each.reads == "any"):
                for start in range(len(WRITES[write].starts)):
                    yield Task(write, each.name, start, faults, others)
