"""Compare two descriptions of the API by what they mean, and tell whether callers break.

spec_diff.py BASE      BASE is a git ref, whose fragment is compared with today's, or a file, YAML or JSON

Operations are matched by method and path, schemas by structure. A file that has no operationId in common with ours is
somebody else's description of the same API: names are not compared then, and every fact that differs counts.

Exit codes: 0 nothing breaks, or nothing disagrees; 1 something does; 2 it could not be compared.
"""

import argparse
import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import attrs
import yaml
from referencing.exceptions import Unresolvable

from spec_schemas import Comparison, Description, Difference, Place, Side, deprecation, difference, required

ROOT = Path(__file__).resolve().parent.parent
FRAGMENT = "openapi/campaigns.yaml"

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
NOT_PARAMETERS = {("header", "accept"), ("header", "content-type"), ("header", "authorization")}
"""OpenAPI says that these are ignored where they are described as parameters."""

# --- operations ---


@attrs.frozen(kw_only=True)
class Operation:
    """One method of one path, with all that the path and the whole description say of it."""

    title: str
    path_names: tuple[str, ...]
    says: Mapping[str, Any]
    parameters: Mapping[tuple[str, str], Mapping[str, Any]]
    security: tuple[str, ...]
    servers: tuple[str, ...]


def operations(description: Description) -> dict[tuple[str, str], Operation]:
    """Every operation, by method and path. The path is the whole one: a server's URL may hold the begin of it."""
    found: dict[tuple[str, str], Operation] = {}
    raw = description.raw
    for path, item in raw.get("paths", {}).items():
        shared = description.at(item)
        for method, says in shared.items():
            if method in METHODS:
                servers = says.get("servers") or shared.get("servers") or raw.get("servers") or [{"url": ""}]
                urls = [_url(server) + path for server in servers]
                whole = re.sub(r"^\w+://[^/]+", "", urls[0])
                found[method, re.sub(r"\{[^}]*\}", "{}", whole)] = Operation(
                    title=f"{method.upper()} {whole}",
                    path_names=tuple(re.findall(r"\{([^}]*)\}", whole)),
                    says=says,
                    parameters=_parameters(description, [*shared.get("parameters", []), *says.get("parameters", [])]),
                    security=_security(description, says.get("security", raw.get("security")) or [{}]),
                    servers=tuple(url.removesuffix(whole) for url in urls),
                )
    return found


def _url(server: Mapping[str, Any]) -> str:
    url: str = server["url"]
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url.rstrip("/")


def _parameters(description: Description, listed: list[Any]) -> dict[tuple[str, str], Mapping[str, Any]]:
    """By where they go and what they are called; those of a path are its names, which no request shows."""
    found: dict[tuple[str, str], Mapping[str, Any]] = {}
    for parameter in map(description.at, listed):
        key = (parameter["in"], parameter["name"].lower() if parameter["in"] == "header" else parameter["name"])
        if key not in NOT_PARAMETERS:
            found[key] = parameter
    return found


def _security(description: Description, alternatives: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """What a caller may show, one of several, each in words that say what it is and not what it is called."""
    schemes = description.raw.get("components", {}).get("securitySchemes", {})

    def words(name: str, scopes: list[str]) -> str:
        scheme = description.at(schemes[name])
        parts = [scheme.get(key, "") for key in ("type", "scheme", "in", "openIdConnectUrl")]
        if scheme["type"] == "apiKey":
            parts.append(scheme["name"])
        flows = json.dumps(scheme["flows"], sort_keys=True) if "flows" in scheme else ""
        return " ".join(part.lower() for part in [*parts, *sorted(scopes)] if part) + flows

    return tuple(
        " and ".join(sorted(words(name, scopes) for name, scopes in alternative.items())) or "none"
        for alternative in alternatives
    )


# --- two descriptions ---


def differences(base: Description, ours: Description) -> Iterator[Difference]:
    comparison = Comparison(base, ours)
    old, new = operations(base), operations(ours)
    our_titles = {operation.says.get("operationId"): operation.title for operation in new.values()}
    for key, operation in old.items():
        if key in new:
            yield from _operation(comparison, operation, new[key])
        else:
            now = our_titles.get(operation.says.get("operationId", ""), "")
            yield _coverage(operation, "operation removed" + (f": it is {now} now" if now else ""))
    for key, operation in new.items():
        if key not in old:
            yield attrs.evolve(_coverage(operation, "operation added"), breaks=False)
    names, our_names = (description.raw.get("components", {}).get("schemas", {}) for description in (base, ours))
    for name in names:
        if name not in our_names:
            now = comparison.renamed.get(name, "none")
            place = ("components", "schemas", name)
            yield Difference(place=place, what="schema's name", base=name, ours=now, breaks=True, about="names")


def _coverage(operation: Operation, what: str) -> Difference:
    return Difference(place=(operation.title,), what=what, breaks=True, about="coverage")


def _operation(comparison: Comparison, base: Operation, ours: Operation) -> Iterator[Difference]:
    here: Place = (ours.title,)
    yield from _names(here, base, ours)
    yield from deprecation(here, base.says, ours.says)
    yield from _set((*here, "servers"), "servers", base.servers, ours.servers)
    if "none" not in ours.security or "none" not in base.security:
        # What needs nothing takes whatever callers show.
        yield from _set((*here, "security"), "security", base.security, ours.security, anything="none")
    yield from _compare_parameters(comparison, here, base, ours)
    yield from _body(comparison, (*here, "body"), base.says.get("requestBody"), ours.says.get("requestBody"))
    yield from _answers(comparison, here, base.says["responses"], ours.says["responses"])
    yield from _unknown(here, base.says, ours.says, "callbacks")


def _names(here: Place, base: Operation, ours: Operation) -> Iterator[Difference]:
    """What the generator makes modules, folders and arguments of."""
    ids = [operation.says.get("operationId", "none") for operation in (base, ours)]
    tags = [next(iter(operation.says.get("tags", [])), "default") for operation in (base, ours)]
    arguments = [", ".join(operation.path_names) for operation in (base, ours)]
    for what, (old, new) in {"operationId": ids, "first tag": tags, "names in the path": arguments}.items():
        if old != new:
            yield Difference(place=here, what=what, base=old, ours=new, breaks=True, about="names")


def _set(
    here: Place, what: str, base: tuple[str, ...], ours: tuple[str, ...], anything: str | None = None
) -> Iterator[Difference]:
    lost, added = set(base) - set(ours), set(ours) - set(base)
    narrower = bool(lost) and anything not in ours
    old, new = ", ".join(base), ", ".join(ours)
    yield from difference("request", here, what, old, new, narrower=narrower, wider=bool(lost or added))


def _compare_parameters(comparison: Comparison, here: Place, base: Operation, ours: Operation) -> Iterator[Difference]:
    pairs = dict(zip(base.path_names, ours.path_names, strict=True))
    old = {(where, pairs[name] if where == "path" else name): says for (where, name), says in base.parameters.items()}
    for key, says in old.items():
        place = (*here, " ".join(key))
        if key not in ours.parameters:
            yield Difference(place=place, what="removed", breaks=True)
            continue
        now = ours.parameters[key]
        yield from required("request", place, says.get("required", False), now.get("required", False))
        yield from deprecation(place, says, now)
        for keyword in ("style", "explode", "allowReserved"):
            before, after = (_serialized(parameter, keyword) for parameter in (says, now))
            if before != after:
                yield Difference(place=place, what=keyword, base=before, ours=after, breaks=True)
        schema, our_schema = (parameter.get("schema", True) for parameter in (says, now))
        yield from comparison.schemas("request", place, schema, our_schema)
        yield from _content(comparison, "request", place, says.get("content", {}), now.get("content", {}))
    for key, says in ours.parameters.items():
        if key not in old:
            needed = says.get("required", False)
            what = "added, required" if needed else "added"
            yield Difference(place=(*here, " ".join(key)), what=what, breaks=needed)


def _serialized(parameter: Mapping[str, Any], keyword: str) -> str:
    style = parameter.get("style", "form" if parameter["in"] in ("query", "cookie") else "simple")
    defaults = {"style": style, "explode": style == "form", "allowReserved": False}
    return str(parameter.get(keyword, defaults[keyword])).lower()


def _body(comparison: Comparison, here: Place, base: Any, ours: Any) -> Iterator[Difference]:
    if not base and not ours:
        return
    says, we_say = comparison.base.at(base), comparison.ours.at(ours)
    needed, we_need = says.get("required", False), we_say.get("required", False)
    if not ours:
        yield Difference(place=here, what="removed", breaks=True)
    elif not base:
        yield Difference(place=here, what="added, required" if we_need else "added", breaks=we_need)
    else:
        yield from required("request", here, needed, we_need)
        yield from _content(comparison, "request", here, says["content"], we_say["content"])


def _answers(
    comparison: Comparison, here: Place, base: Mapping[Any, Any], ours: Mapping[Any, Any]
) -> Iterator[Difference]:
    old = {str(status).upper(): comparison.base.at(answer) for status, answer in base.items()}
    new = {str(status).upper(): comparison.ours.at(answer) for status, answer in ours.items()}
    for status, answer in old.items():
        place = (*here, status)
        if status in new:
            yield from _answer(comparison, place, answer, new[status])
        else:
            yield Difference(place=place, what="status removed", breaks=status.startswith("2"))
    for status, answer in new.items():
        if status not in old:
            # Another code for an answer that callers know is no surprise to those who read the answer.
            known = any(
                bool(said.get("content")) == bool(answer.get("content"))
                and not any(found.breaks for found in _answer(comparison, here, said, answer))
                for success, said in old.items()
                if success.startswith("2")
            )
            breaks = status.startswith("2") and not known
            yield Difference(place=(*here, status), what="status added", breaks=breaks)


def _answer(
    comparison: Comparison, here: Place, base: Mapping[str, Any], ours: Mapping[str, Any]
) -> Iterator[Difference]:
    yield from _content(comparison, "answer", here, base.get("content", {}), ours.get("content", {}))
    old, new = ({name.lower(): header for name, header in says.get("headers", {}).items()} for says in (base, ours))
    for name in dict.fromkeys([*old, *new]):
        place = (*here, f"header {name}")
        if name not in old or name not in new:
            yield Difference(place=place, what="added" if name in new else "removed", breaks=name not in new)
            continue
        says, we_say = comparison.base.at(old[name]), comparison.ours.at(new[name])
        yield from required("answer", place, says.get("required", False), we_say.get("required", False))
        yield from comparison.schemas("answer", place, says.get("schema", True), we_say.get("schema", True))
    yield from _unknown(here, base, ours, "links")


def _content(
    comparison: Comparison, side: Side, here: Place, base: Mapping[str, Any], ours: Mapping[str, Any]
) -> Iterator[Difference]:
    old, new = ({name.split(";")[0].strip().lower(): says for name, says in media.items()} for media in (base, ours))
    for media in dict.fromkeys([*old, *new]):
        place = here if media == "application/json" else (*here[:-1], f"{here[-1]} {media}")
        if media not in old or media not in new:
            what = f"{media} {'added' if media in new else 'removed'}"
            yield Difference(place=here, what=what, breaks=media not in new)
            continue
        yield from comparison.schemas(side, place, old[media].get("schema", True), new[media].get("schema", True))
        yield from _unknown(place, old[media], new[media], "encoding")


def _unknown(here: Place, base: Mapping[str, Any], ours: Mapping[str, Any], keyword: str) -> Iterator[Difference]:
    """What is only seen to differ breaks, until somebody has looked."""
    if base.get(keyword) != ours.get(keyword):
        yield Difference(place=here, what=keyword, base="(as it was)", ours="(changed)", breaks=True)


# --- the report ---


@attrs.frozen(kw_only=True)
class Found:
    """The same difference at all of its places."""

    verdict: str
    what: str
    base: str
    ours: str
    places: list[str] = attrs.field(factory=list)

    @property
    def text(self) -> str:
        return f"{self.what}: {self.base} -> {self.ours}" if self.base or self.ours else self.what


BREAKS, BREAKS_NAMES, COMPATIBLE = "breaks", "breaks names", "compatible"
DISAGREES, ELSEWHERE = "disagrees", "not in ours"
HEADINGS = {
    BREAKS: "Breaks callers",
    BREAKS_NAMES: "Breaks names of the generated package, and nothing on the wire",
    COMPATIBLE: "Compatible",
    DISAGREES: "Disagrees (base -> ours)",
    ELSEWHERE: "Not in ours",
}
FAILS = {BREAKS, BREAKS_NAMES, DISAGREES}


@attrs.frozen(kw_only=True)
class Report:
    """What two descriptions say otherwise."""

    base: str
    ours: str
    foreign: bool
    same: bool
    """Not a word differs."""
    found: list[Found]

    @property
    def failed(self) -> bool:
        return any(found.verdict in FAILS for found in self.found)


def compare(base: Any, ours: Any, base_name: str = "base", ours_name: str = "ours", *, foreign: bool | None) -> Report:
    """foreign: whether the base is somebody else's; None: it is when no operationId of it is one of ours."""
    groups: dict[tuple[str, ...], Found] = {}
    old, new = Description(base), Description(ours)
    if foreign is None:
        foreign = not _ids(old) & _ids(new)
    for one in differences(old, new):
        if (verdict := _verdict(one, foreign)) is not None:
            what = one.what
            if foreign:  # nobody has added or removed anything
                what = what.replace("added", "only in ours").replace("removed", "only in base")
            place = " > ".join(one.place).replace(" > []", "[]")
            # What a schema says is said again wherever it is used.
            key = (verdict, what, one.base, one.ours, place.rpartition(" > ")[2])
            groups.setdefault(key, Found(verdict=verdict, what=what, base=one.base, ours=one.ours))
            if place not in groups[key].places:
                groups[key].places.append(place)
    return Report(base=base_name, ours=ours_name, foreign=foreign, same=base == ours, found=list(groups.values()))


def _ids(description: Description) -> set[Any]:
    return {operation.says.get("operationId") for operation in operations(description).values()} - {None}


def _verdict(one: Difference, foreign: bool) -> str | None:
    if not foreign:
        return COMPATIBLE if not one.breaks else BREAKS_NAMES if one.about == "names" else BREAKS
    if one.about == "names":
        return None
    # An operation that we do not speak is no disagreement; one that they do not know is.
    return ELSEWHERE if one.about == "coverage" and one.breaks else DISAGREES


def as_text(report: Report) -> str:
    lines = [_compared(report)]
    for verdict, found in _by_verdict(report):
        lines += ["", f"{HEADINGS[verdict]}: {len(found)}"]
        for one in found:
            first, *others = one.places
            lines.append(f"  {first}: {one.text}")
            lines += [f"    and {place}" for place in others[:2]]
            lines += [f"    and {len(others) - 2} more places"] if len(others) > 2 else []
    return "\n".join([*lines, "", _conclusion(report)])


def as_markdown(report: Report) -> str:
    lines = [_compared(report)]
    for verdict, found in _by_verdict(report):
        lines += ["", f"**{HEADINGS[verdict]}: {len(found)}**", "", "| place | what |", "|---|---|"]
        for one in found:
            places = "<br>".join(f"`{place}`" for place in one.places)
            lines.append(f"| {places} | {one.text.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, "", f"**{_conclusion(report)}**"])


def as_json(report: Report) -> str:
    head = {"base": report.base, "ours": report.ours, "foreign": report.foreign, "failed": report.failed}
    return json.dumps({**head, "differences": [attrs.asdict(found) for found in report.found]}, indent=2)


def _by_verdict(report: Report) -> Iterator[tuple[str, list[Found]]]:
    for verdict in HEADINGS:
        if found := [one for one in report.found if one.verdict == verdict]:
            yield verdict, found


def _compared(report: Report) -> str:
    foreign = "; the base is somebody else's description, so its names are not compared" if report.foreign else ""
    return f"base: {report.base}; ours: {report.ours}{foreign}"


def _conclusion(report: Report) -> str:
    if report.found:
        good, bad = ("All facts agree.", "Facts disagree.") if report.foreign else ("Nothing breaks.", "Callers break.")
        return bad if report.failed else good
    return "Not a word differs." if report.same else "Nothing differs in meaning: names and documentation at most."


# --- the command ---


def stop(problem: str) -> NoReturn:
    print(problem, file=sys.stderr)
    sys.exit(2)


def read(where: str) -> tuple[str, Any]:
    """What a file holds, or the fragment of a git ref; and what to call it."""
    if Path(where).is_file():
        name, text = where, Path(where).read_text("utf-8")
    else:
        command = ["git", "-C", str(ROOT), "show", f"{where}:{FRAGMENT}"]
        shown = subprocess.run(command, capture_output=True, text=True, check=False)
        if shown.returncode != 0:
            stop(f"{where} is no file, and no git ref that holds {FRAGMENT}: {shown.stderr.strip()}")
        name, text = f"{FRAGMENT} at {where}", shown.stdout
    try:
        # JSON may be indented by tabs, which YAML does not take.
        raw = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        stop(f"{name} cannot be read: {error}")
    if not isinstance(raw, dict) or not str(raw.get("openapi")).startswith("3."):
        stop(f"{name} is no OpenAPI 3 description; Swagger 2 has to be converted before")
    return name, raw


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base", metavar="BASE", help="a git ref or a file")
    parser.add_argument("--ours", default=str(ROOT / FRAGMENT), help=f"a git ref or a file; without it, {FRAGMENT}")
    parser.add_argument("--foreign", action="store_true", help="the base is somebody else's, whatever its names")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const=as_json, default=as_text)
    form.add_argument("--markdown", dest="form", action="store_const", const=as_markdown)
    options = parser.parse_args()
    name, base = read(options.base)
    our_name, ours = read(options.ours)
    # What git holds was ours, whatever its names.
    foreign = True if options.foreign else None if Path(options.base).is_file() else False
    try:
        report = compare(base, ours, name, our_name.removeprefix(f"{ROOT}/"), foreign=foreign)
    except Unresolvable as error:
        stop(f"a $ref leads out of the file, or nowhere: {error.ref}. Put the description into one file first.")
    except (AttributeError, KeyError, TypeError, ValueError):
        # What does not keep to OpenAPI is named as that; what does, and fails here, is a fault of this script.
        from openapi_spec_validator.shortcuts import get_validator_cls  # longer than all the rest

        for called, raw in ((name, base), (our_name, ours)):
            for wrong in get_validator_cls(raw)(raw).iter_errors():
                stop(f"{called} is not valid OpenAPI: {'/'.join(map(str, wrong.absolute_path))}: {wrong.message}")
        raise
    print(options.form(report))
    sys.exit(report.failed)


if __name__ == "__main__":
    main()
