"""Compare descriptions of an API by meaning, and say whether callers break.

python -m spec_diff BASE      BASE is a git ref, to compare each fragment of then with the fragment of now; or a file

Operations are matched by method and path, schemas by structure. With --foreign, the base is another author's
description of the same API: names are not compared then, and every fact that differs counts.

Exit codes: 0 nothing breaks or disagrees; 1 something does; 2 the two cannot be compared.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NoReturn, TypeAlias

from spec_diff import reader
from spec_diff.operations import differences
from spec_diff.schemas import Description, Difference

ROOT = Path(__file__).resolve().parents[2]
NOTHING = {"openapi": "3.1.0", "paths": {}}
"""A fragment before it was added, and after it was removed."""

BREAKS, STRICTER, BREAKS_NAMES, COMPATIBLE = "breaks", "stricter", "breaks names", "compatible"
DISAGREES, ELSEWHERE = "disagrees", "not in ours"
HEADINGS = {
    BREAKS: "Breaks callers",
    STRICTER: "Reads more strictly: calls fail when the service does not keep to this",
    BREAKS_NAMES: "Breaks names of the generated package, and nothing on the wire",
    COMPATIBLE: "Compatible",
    DISAGREES: "Disagrees (base -> ours)",
    ELSEWHERE: "Not in ours",
}
FAILS = {BREAKS, STRICTER, BREAKS_NAMES, DISAGREES}

Named: TypeAlias = tuple[str, Any]
"""A description, after how messages call it."""


@dataclass(frozen=True)
class Found:
    """One difference, with all of its places."""

    result: str
    what: str
    base: str
    ours: str
    places: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return f"{self.what}: {self.base} -> {self.ours}" if self.base or self.ours else self.what


def compare(base: Any, ours: Any, *, foreign: bool) -> list[Found]:
    """List the differences of two descriptions, each once. foreign: the base is another author's description."""
    groups: dict[tuple[str, ...], Found] = {}
    for one in differences(Description(base), Description(ours)):
        if (result := _result(one, foreign)) is not None:
            what = one.what
            if foreign:  # a foreign description adds and removes nothing
                what = what.replace("added", "only in ours").replace("removed", "only in base")
            place = " > ".join(one.place).replace(" > []", "[]")
            # A difference of a shared schema comes again at each use of the schema.
            key = (result, what, one.base, one.ours, place.rpartition(" > ")[2])
            found = groups.setdefault(key, Found(result, what, one.base, one.ours))
            if place not in found.places:
                found.places.append(place)
    return list(groups.values())


def _result(one: Difference, foreign: bool) -> str | None:
    if not foreign:
        kind = BREAKS_NAMES if one.about == "names" else BREAKS
        return kind if one.breaks else STRICTER if one.stricter else COMPATIBLE
    if one.about == "names":
        return None
    # An operation that only the foreign description has is no disagreement; an operation that only ours has is one.
    return ELSEWHERE if one.about == "coverage" and one.breaks else DISAGREES


# --- the report ---


def report(found: list[Found], *, foreign: bool, same: bool) -> Iterator[str]:
    """Yield the lines of the report, which are Markdown, too."""
    for result, heading in HEADINGS.items():
        if group := [one for one in found if one.result == result]:
            yield f"\n{heading}: {len(group)}\n"
        for one in group:
            first, *others = one.places
            yield f"- {first}: {one.text}"
            yield from (f"  - and {place}" for place in others[:2])
            if len(others) > 2:
                yield f"  - and {len(others) - 2} more places"
    yield ""
    if found:
        good, bad = ("All facts agree.", "Facts disagree.") if foreign else ("Nothing breaks.", "Callers break.")
        yield bad if failed(found) else good
    else:
        yield "Not a word differs." if same else "Nothing differs in meaning: names and documentation at most."


def failed(found: list[Found]) -> bool:
    return any(one.result in FAILS for one in found)


# --- the command ---


def stop(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    sys.exit(2)


def read(where: str | None) -> dict[str, Named]:
    """Read a file, or all fragments, of now or at a git ref; return each by its name, which is empty for a file."""
    if where is None:
        texts = {path.stem: (f"openapi/{path.name}", path.read_text("utf-8")) for path in reader.FRAGMENTS}
    elif Path(where).is_file():
        texts = {"": (where, Path(where).read_text("utf-8"))}
    else:
        pattern = '^[[:space:]{"]*openapi"?:'
        found = git("grep", "--name-only", "--extended-regexp", "-e", pattern, where, "--", "openapi/*.yaml")
        if found.returncode != 0:
            stop(f"{where} is no file, and no git ref that holds openapi/*.yaml: {found.stderr.strip() or 'none'}")
        paths = [line.removeprefix(f"{where}:") for line in found.stdout.splitlines()]
        texts = {Path(path).stem: (f"{path} at {where}", git("show", f"{where}:{path}").stdout) for path in paths}
    return {name: described(*text) for name, text in texts.items()}


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(ROOT), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def described(called: str, text: str) -> Named:
    try:
        return called, reader.read(text)
    except ValueError as error:
        stop(f"{called} cannot be read: {error}")


def pairs(base: dict[str, Named], ours: dict[str, Named], only: str | None) -> Iterator[tuple[Named, Named]]:
    """Put together what is compared: fragments by name, or a file with the one that is chosen."""
    names = sorted({*base, *ours} - {""})
    if only is not None and only not in names:
        stop(f"there is no fragment {only}; there is {', '.join(names) or 'none, for two files are compared'}")
    if "" not in {*base, *ours}:
        for name in [only] if only else names:
            nothing: Named = (f"no {name}", NOTHING)
            yield base.get(name, nothing), ours.get(name, nothing)
        return
    names = [only] if only else names
    if len(names) > 1:
        stop(f"a file is compared with one fragment: choose by FRAGMENT={' or FRAGMENT='.join(names)}")
    yield base.get("") or base[names[0]], ours.get("") or ours[names[0]]


def differ(base: Named, ours: Named, *, foreign: bool) -> list[Found]:
    try:
        return compare(base[1], ours[1], foreign=foreign)
    except RecursionError:
        stop("a schema is a part of itself by allOf, anyOf or oneOf: no value can match it")
    except (AttributeError, KeyError, TypeError, ValueError):
        # Either a description is invalid, or this program has a bug.
        from openapi_spec_validator.shortcuts import get_validator_cls  # takes longer than everything else

        for called, raw in (base, ours):
            for wrong in get_validator_cls(raw)(raw).iter_errors():
                stop(f"{called} is not valid OpenAPI: {'/'.join(map(str, wrong.absolute_path))}: {wrong.message}")
        raise


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="spec_diff", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("base", metavar="BASE", help="a git ref or a file")
    parser.add_argument("--ours", help="a git ref or a file; default: openapi/*.yaml")
    parser.add_argument("--fragment", metavar="NAME", help="compare one fragment, such as campaigns; default: each")
    parser.add_argument("--foreign", action="store_true", help="the base is another author's description")
    parser.add_argument("--json", action="store_true", help="print JSON")
    options = parser.parse_args()
    compared = [
        (base, ours, differ(base, ours, foreign=options.foreign))
        for base, ours in pairs(read(options.base), read(options.ours), options.fragment)
    ]
    if options.json:
        about = [
            {"base": base[0], "ours": ours[0], "foreign": options.foreign, "failed": failed(found)}
            | {"differences": [asdict(one) for one in found]}
            for base, ours, found in compared
        ]
        print(json.dumps(about, indent=2))
    else:
        note = "; the base is a foreign description, so names are not compared" if options.foreign else ""
        for number, (base, ours, found) in enumerate(compared):
            print(*[""] * bool(number), f"base: {base[0]}; ours: {ours[0]}{note}", sep="\n")
            print(*report(found, foreign=options.foreign, same=base[1] == ours[1]), sep="\n")
    sys.exit(any(failed(found) for *_, found in compared))


if __name__ == "__main__":
    main()
