"""Check whether the public Python API broke since a git ref, and whether the version says so.

public_api.py BASE      BASE is a git ref, usually the last release

The API broke when griffe finds a name gone, or a call that is refused now; when a parameter's type accepts less or a
result's type allows more; or when tests/examples at BASE fails under mypy --strict or pyright with today's code.

Exit codes: 0 nothing broke, or the version says so; 1 something broke, and the version does not say so; 2 not known.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
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

PUBLIC = {"sendgrid_campaigns": ("sandbox", "transport", "transport.aiohttp")}
"""The modules that are public besides the package itself; of the generated packages, all modules are."""


def load(root: Path, package: str) -> griffe.Module | None:
    """Read a package without running it; None when the package is missing."""
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
    complete(module, PUBLIC.get(package))
    return module


def complete(module: griffe.Module, public: tuple[str, ...] | None) -> None:
    """Add what no source spells out: public modules, the __init__ of attrs classes, and `**fields: Unpack[...]`."""
    for below in module.modules.values():
        if not below.is_alias:
            below.public = public is None or below.path.partition(".")[2] in public
            complete(below, public)
    for found in module.classes.values():
        if found.is_alias:
            continue
        if any(decorator.callable_path.startswith("attrs.") for decorator in found.decorators):
            myself = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
            parameters = griffe.Parameters(myself, *_attrs_fields(found))
            found.set_member("__init__", griffe.Function("__init__", parameters=parameters, returns="None"))
        for function in found.functions.values():
            if not function.is_alias:
                given = (each for parameter in function.parameters for each in _unpacked(function, parameter))
                function.parameters = griffe.Parameters(*given)


def _attrs_fields(found: griffe.Class) -> Iterator[griffe.Parameter]:
    for name, attribute in found.attributes.items():
        default = attribute.value
        said: dict[str, Any] = {}
        if isinstance(default, griffe.ExprCall) and default.canonical_path == "attrs.field":
            said = {one.name: one.value for one in default.arguments if isinstance(one, griffe.ExprKeyword)}
            default = said.get("default", said.get("factory"))
        if attribute.annotation is not None and str(said.get("init")) != "False":
            kind = griffe.ParameterKind.positional_or_keyword
            yield griffe.Parameter(name, annotation=attribute.annotation, kind=kind, default=default)


def _unpacked(function: griffe.Function, parameter: griffe.Parameter) -> Iterator[griffe.Parameter]:
    annotation = parameter.annotation
    if not isinstance(annotation, griffe.ExprSubscript) or str(annotation.left) != "Unpack":
        yield parameter
        return
    fields = cast(griffe.Class, function.modules_collection[cast(griffe.Expr, annotation.slice).canonical_path])
    default = "..." if str(fields.keywords.get("total")) == "False" else None
    for name, field in fields.all_members.items():
        kind = griffe.ParameterKind.keyword_only
        yield griffe.Parameter(name, annotation=cast(Any, field).annotation, kind=kind, default=default)


# --- what broke ---


def breaks(base: Path, root: Path) -> Iterator[str]:
    generated = {path.parent.name for each in (base, root) for path in each.glob("generated/*/__init__.py")}
    for package in (*PUBLIC, *sorted(generated)):
        old, new = load(base, package), load(root, package)
        if old is not None and new is None:
            yield f"{package}: the package is gone"
        elif old is not None and new is not None:
            for breakage in griffe.find_breaking_changes(old, new):
                yield _told(breakage)
            yield from types(old, new, set())
    yield from examples(base, root)


def _told(breakage: griffe.Breakage) -> str:
    """Return one line, without file name and terminal codes."""
    told = re.sub(r"\x1b\[\d+m", "", breakage.explain(griffe.ExplanationStyle.ONE_LINE))
    return re.sub(r"^.*?:\d+: [\w.]+", breakage.obj.path, told)


def types(old: Member, new: Member, seen: set[str]) -> Iterator[str]:
    """Compare types, which griffe does not: a parameter must not accept less, a result or attribute not allow more."""
    for name, member in old.all_members.items():
        if not member.is_public or name not in new.all_members:
            continue
        try:
            before, after = (
                one.final_target if isinstance(one, griffe.Alias) else one for one in (member, new.all_members[name])
            )
        except griffe.AliasResolutionError:
            continue  # from another package
        if before.path in seen or before.kind is not after.kind:
            continue
        seen.add(before.path)
        if isinstance(before, griffe.Function) and isinstance(after, griffe.Function):
            yield from _signatures(before, after)
        elif isinstance(before, griffe.Attribute) and isinstance(after, griffe.Attribute):
            yield from _compare(before.path, before.annotation, after.annotation, gives=True)
        else:
            yield from types(before, after, seen)


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
    if gives:  # callers must know every result, and every argument must be accepted
        before, after = after, before
    if not before <= after and not after & {"Any", "object"}:
        yield f"{place}: type: {old} -> {new}"


def _one_of(annotation: Any) -> set[str]:
    """Return the members of a union."""
    if isinstance(annotation, griffe.ExprBinOp) and annotation.operator == "|":
        return _one_of(annotation.left) | _one_of(annotation.right)
    return {str(annotation)}


def examples(base: Path, root: Path) -> Iterator[str]:
    """Run the type checkers on the examples of the base with today's code."""
    folder = base / EXAMPLES
    files = sorted(map(str, folder.glob("*.py")))
    if not files:
        return
    sources = [str(root / source) for source in SOURCES]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    environment = {**os.environ, "PATH": path, "MYPYPATH": os.pathsep.join(sources)}
    settings = {"include": ["."], "extraPaths": sources, "typeCheckingMode": "strict"}
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    strict = ("--strict", "--config-file=", "--follow-imports=silent", "--no-error-summary", "--no-color-output")
    cache = ("--cache-dir", str(root / ".mypy_cache" / "examples"))
    for checker, arguments in {"mypy": (*strict, *cache, *files), "pyright": ("--project", str(folder))}.items():
        command = [sys.executable, "-m", checker, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)
        if done.returncode not in (0, 1):
            stop(f"{checker} failed:\n{done.stdout}{done.stderr}")
        for line in done.stdout.splitlines():
            if " error: " in line:
                yield f"{EXAMPLES}, {checker}: {line.strip().removeprefix(f'{folder}/')}"


# --- the version ---


def version(root: Path) -> tuple[int, ...]:
    found = re.search(r'^__version__ = "(\d+)\.(\d+)\.(\d+)', (root / VERSION).read_text("utf-8"), re.M)
    return tuple(map(int, found.groups())) if found else stop(f"{VERSION} holds no version such as 1.2.3")


def says_so(old: tuple[int, ...], new: tuple[int, ...]) -> bool:
    """Tell whether a version announces a break: by its major number, before 1.0 by its minor number."""
    promised = 2 if old[0] == 0 else 1
    return new[:promised] > old[:promised]


# --- the command ---


def check_out(root: Path, ref: str, folder: Path) -> None:
    archive = folder / ".archive.tar"
    command = ["git", "-C", str(root), "archive", "--output", str(archive), ref]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        stop(f"{ref} is no git ref here: {done.stderr.strip()}")
    shutil.unpack_archive(archive, folder, filter="data")
    if not (folder / VERSION).is_file():
        stop(f"{ref} holds no {VERSION}: nothing was released there")


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
