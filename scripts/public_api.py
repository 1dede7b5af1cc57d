"""Tell whether the public Python API broke since a git ref, and whether the version says so.

public_api.py BASE      BASE is a git ref: the last release, mostly

It broke when griffe finds a name gone, or a call refused that was good; when a type takes less or gives more; or when
the examples of that time, tests/examples at BASE, fail under mypy --strict or pyright with today's code.

Exit codes: 0 nothing broke, or the version says so; 1 something broke, and it does not; 2 it could not be told.
"""

import argparse
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeAlias, cast

import griffe

ROOT = Path(__file__).resolve().parent.parent
VERSION = Path("facade/sendgrid_campaigns/version.py")
EXAMPLES = Path("tests/examples")
SOURCES = ("facade", "generated")

Member: TypeAlias = griffe.Object | griffe.Alias


def stop(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    sys.exit(2)


# --- what is public ---

PACKAGES = {"sendgrid_campaigns": ("sandbox",), "sendgrid_campaigns_api": None}
"""Their modules that people import from, besides the package itself; None: all of them."""


def load(root: Path, package: str) -> griffe.Module | None:
    """What a package says, read and not run; None when it is not there."""
    try:
        found = griffe.load(
            package,
            search_paths=[root / folder for folder in SOURCES],
            try_relative_path=False,
            allow_inspection=False,
            resolve_aliases=True,
        )
    except ModuleNotFoundError:
        return None
    module = cast(griffe.Module, found)
    if (public := PACKAGES[package]) is not None:
        for below in module.modules.values():
            below.public = below.name in public
            for deeper in below.modules.values():
                deeper.public = False
    add_constructors(module)
    return module


def add_constructors(module: griffe.Module) -> None:
    """Give attrs classes the __init__ that attrs writes, which no source shows."""
    for below in module.modules.values():
        if not below.is_alias:
            add_constructors(below)
    for found in module.classes.values():
        if not found.is_alias and _is_attrs(found) and "__init__" not in found.members:
            fields: dict[str, griffe.Parameter] = {}
            for one in [*reversed(found.mro()), found]:
                fields |= _fields(one) if _is_attrs(one) else {}
            ordered = sorted(fields.values(), key=lambda field: field.kind is griffe.ParameterKind.keyword_only)
            myself = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
            init = griffe.Function("__init__", parameters=griffe.Parameters(myself, *ordered), returns="None")
            found.set_member("__init__", init)


def _is_attrs(found: griffe.Class) -> bool:
    return any(decorator.callable_path.startswith("attrs.") for decorator in found.decorators)


def _fields(found: griffe.Class) -> dict[str, griffe.Parameter]:
    whole = {
        argument.name: str(argument.value)
        for decorator in found.decorators
        if isinstance(decorator.value, griffe.ExprCall)
        for argument in decorator.value.arguments
        if isinstance(argument, griffe.ExprKeyword)
    }
    parameters = {}
    for name, attribute in found.attributes.items():
        if attribute.is_alias or attribute.annotation is None or "instance-attribute" not in attribute.labels:
            continue
        said, default = {}, attribute.value
        if isinstance(default, griffe.ExprCall) and default.canonical_path == "attrs.field":
            said = {one.name: one.value for one in default.arguments if isinstance(one, griffe.ExprKeyword)}
            default = said.get("default", said.get("factory"))
        if str(said.get("init")) != "False":
            by_name = "True" in (whole.get("kw_only"), str(said.get("kw_only")))
            kind = griffe.ParameterKind.keyword_only if by_name else griffe.ParameterKind.positional_or_keyword
            given = name.lstrip("_")
            parameters[given] = griffe.Parameter(given, annotation=attribute.annotation, kind=kind, default=default)
    return parameters


# --- what broke ---


def breaks(base: Path, root: Path) -> Iterator[str]:
    for package in PACKAGES:
        old, new = load(base, package), load(root, package)
        if old is not None and new is None:
            yield f"{package}: it is gone"
        elif old is not None and new is not None:
            for breakage in griffe.find_breaking_changes(old, new):
                yield _told(breakage)
            yield from types(old, new, set())
    yield from examples(base, root)


def _told(breakage: griffe.Breakage) -> str:
    """One line, without the file and the colours."""
    told = re.sub(r"\x1b\[\d+m", "", breakage.explain(griffe.ExplanationStyle.ONE_LINE))
    return re.sub(r"^.*?:\d+: [\w.]+", breakage.obj.path, told)


def types(old: Member, new: Member, seen: set[str]) -> Iterator[str]:
    """What griffe does not compare: a parameter that takes less, and a result or an attribute that may be more."""
    for name, member in old.all_members.items():
        if not member.is_public or name not in new.all_members:
            continue
        try:
            before, after = _itself(member), _itself(new.all_members[name])
        except griffe.AliasResolutionError:
            continue  # of a package that is not ours
        if before.path in seen or before.kind is not after.kind:
            continue
        seen.add(before.path)
        if isinstance(before, griffe.Function) and isinstance(after, griffe.Function):
            yield from _signatures(before, after)
        elif isinstance(before, griffe.Attribute) and isinstance(after, griffe.Attribute):
            yield from _compare(before.path, before.annotation, after.annotation, gives=True)
        else:
            yield from types(before, after, seen)


def _itself(member: Member) -> griffe.Object:
    return member.final_target if isinstance(member, griffe.Alias) else member


def _signatures(old: griffe.Function, new: griffe.Function) -> Iterator[str]:
    parameters = {parameter.name: parameter for parameter in new.parameters}
    for parameter in old.parameters:
        if parameter.name in parameters:
            now = parameters[parameter.name].annotation
            yield from _compare(f"{old.path}({parameter.name})", parameter.annotation, now, gives=False)
    yield from _compare(f"{old.path}()", old.returns, new.returns, gives=True)
    ways, left = ({way.signature() for way in function.overloads or ()} for function in (old, new))
    for way in sorted(ways - left):
        yield f"{old.path}: this overload is gone: {way}"


def _compare(place: str, old: Any, new: Any, *, gives: bool) -> Iterator[str]:
    if old is None or new is None:
        return
    before, after = _one_of(old), _one_of(new)
    if gives:  # what comes must be known, what is given must be taken
        before, after = after, before
    if not before <= after and not after & {"Any", "object"}:
        yield f"{place}: type: {old} -> {new}"


def _one_of(annotation: Any) -> set[str]:
    """The members of a union. Of an operation's steps, what they end with is what callers get."""
    if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
        return _one_of(annotation.left) | _one_of(annotation.right)
    if isinstance(annotation, griffe.ExprSubscript) and str(annotation.left) == "Steps":
        return _one_of(annotation.slice)
    return {str(annotation)}


def examples(base: Path, root: Path) -> Iterator[str]:
    """What the type checkers say of the base's examples and today's code."""
    folder = base / EXAMPLES
    files = sorted(map(str, folder.glob("*.py")))
    if not files:
        return
    sources = [str(root / source) for source in SOURCES]
    checked = ("--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary", "--no-color-output")
    cache = ("--cache-dir", str(root / ".mypy_cache" / "examples"))
    yield from _check("mypy", *checked, *cache, *files, folder=folder, sources=sources)
    settings = {"include": ["."], "extraPaths": sources, "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    yield from _check("pyright", "--project", str(folder), folder=folder, sources=sources)


def _check(checker: str, *arguments: str, folder: Path, sources: list[str]) -> Iterator[str]:
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(
        [sys.executable, "-m", checker, *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path, "MYPYPATH": os.pathsep.join(sources)},
    )
    if done.returncode not in (0, 1):
        stop(f"{checker} failed:\n{done.stdout}{done.stderr}")
    for line in done.stdout.splitlines():
        if " error: " in line:
            yield f"{EXAMPLES}, {checker}: {line.strip().removeprefix(f'{folder}/')}"


# --- the version ---


def version(root: Path) -> tuple[int, ...]:
    found = re.search(r'^__version__ = "(\d+)\.(\d+)\.(\d+)', (root / VERSION).read_text("utf-8"), re.M)
    if found is None:
        stop(f"{VERSION} holds no version such as 1.2.3")
    return tuple(map(int, found.groups()))


def says_so(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Whether a version may break what another promised: by its major number, and before 1.0 by its minor one."""
    promised = 2 if old[0] == 0 else 1
    return new[:promised] > old[:promised]


# --- the command ---


def check_out(root: Path, ref: str, folder: Path) -> None:
    command = ["git", "-C", str(root), "archive", "--format=tar", ref]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode != 0:
        stop(f"{ref} is no git ref here: {done.stderr.decode().strip()}")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as tar:
        tar.extractall(folder, filter="data")
    if not (folder / VERSION).is_file():
        stop(f"{ref} holds no {VERSION}: there was nothing yet that could break")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE", help="a git ref")
    parser.add_argument("--root", type=Path, default=ROOT, help="the repository")
    options = parser.parse_args()
    root = options.root.resolve()
    with tempfile.TemporaryDirectory() as scratch:
        base = Path(scratch).resolve()
        check_out(root, options.base, base)
        found = list(dict.fromkeys(breaks(base, root)))
        old, new = version(base), version(root)
    names = [".".join(map(str, numbers)) for numbers in (old, new)]
    print(f"base: {options.base}, version {names[0]}; ours: version {names[1]}")
    for line in found:
        print(f"  {line}")
    if not found:
        print("The public Python API did not break.")
    elif says_so(old, new):
        print("The public Python API broke, and the version says so.")
    else:
        print(f"The public Python API broke, and {names[1]} does not say so: raise {VERSION}.")
        sys.exit(1)


if __name__ == "__main__":
    main()
