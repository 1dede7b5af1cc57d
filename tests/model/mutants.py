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

from model import explore
from scenarios import WRITES


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
    owner: Any = import_module(f"sendgrid_campaigns.protocol.{module}")
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
    tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    for old, new in mutant.changes.items():
        change = _Change(_pattern(old), _pattern(new))
        tree = change.visit(tree)
        if not change.found:
            raise Gone(f"mutant {mutant.name!r}: {mutant.of} does not hold {old!r}; mend the mutant")
    # In a class, for `super()` needs one. Its other names are global, as the function's are.
    owner: Any = ast.parse("class Owner: pass")
    owner.body[0].body = tree.body
    compiled: Any = compile(ast.fix_missing_locations(owner), f"<{mutant.name}>", "exec")
    for name in ("Owner", function.__name__):
        compiled = next(each for each in compiled.co_consts if isinstance(each, CodeType) and each.co_name == name)
    code: CodeType = compiled
    return code if code.co_freevars else code.replace(co_freevars=function.__code__.co_freevars)


def _pattern(text: str) -> list[Any]:
    """Return the syntax of a text: statements, or one expression."""
    body = ast.parse(text).body
    return [body[0].value] if len(body) == 1 and isinstance(body[0], ast.Expr) else body


class _Change(ast.NodeTransformer):
    """Replace one syntax by another, wherever it stands."""

    def __init__(self, old: list[Any], new: list[Any]) -> None:
        self._old, self._new = [ast.dump(each) for each in old], new
        self._is_expression = isinstance(old[0], ast.expr)
        self.found = False

    def visit(self, node: ast.AST) -> Any:
        if self._is_expression and isinstance(node, ast.expr) and ast.dump(node) == self._old[0]:
            self.found = True
            return self._new[0]
        for name in () if self._is_expression else ("body", "orelse"):
            statements = getattr(node, name, None)
            for first in range(len(statements) if isinstance(statements, list) else 0):
                if [ast.dump(each) for each in statements[first : first + len(self._old)]] == self._old:
                    self.found = True
                    statements[first : first + len(self._old)] = self._new
        return self.generic_visit(node)


def caught(mutant: Mutant, most: int = 60_000) -> tuple[str, str] | None:
    """Return what is wrong with a mutant, and in which history; None: nothing is seen in about so many."""
    write, weather, *_ = mutant.where.split("/")
    with planted(mutant):
        for faults, others in ((1, 0), (2, 0), (1, 1), (0, 2), (3, 0), (2, 1), (1, 2)):
            for start in range(len(WRITES[write].starts)):
                task = explore.Task(write, weather, start, faults, others)
                found = explore.explore(task, min(6_000, most), stop=True)
                most -= found.histories
                if found.wrong or most <= 0:
                    return next(iter(found.wrong), None)
    return None
