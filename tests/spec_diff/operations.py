"""Compare the operations of two OpenAPI descriptions, by method and path."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spec_diff.schemas import Comparison, Description, Difference, Place, Side, deprecation, difference, required

METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
NOT_PARAMETERS = {("header", "accept"), ("header", "content-type"), ("header", "authorization")}
"""OpenAPI ignores these header parameters."""


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One method of one path, with everything that applies from the path and from the whole description."""

    title: str
    path_names: tuple[str, ...]
    says: Mapping[str, Any]
    parameters: Mapping[tuple[str, ...], Mapping[str, Any]]
    """By location and name. The body is one, too."""
    security: tuple[str, ...]
    servers: tuple[str, ...]


def operations(description: Description) -> dict[tuple[str, str], Operation]:
    """Return every operation, by method and path. The path includes the path of the server's URL."""
    found: dict[tuple[str, str], Operation] = {}
    raw = description.raw
    for path, item in raw.get("paths", {}).items():
        shared = description.at(item)
        for method, says in shared.items():
            if method in METHODS:
                listed = [*shared.get("parameters", []), *says.get("parameters", [])]
                body = (
                    {("body",): {**description.at(says["requestBody"]), "in": "body"}} if "requestBody" in says else {}
                )
                servers = says.get("servers") or shared.get("servers") or raw.get("servers") or [{"url": ""}]
                urls = [_url(server) + path for server in servers]
                whole = re.sub(r"^\w+://[^/]+", "", urls[0])
                found[method, re.sub(r"\{[^}]*\}", "{}", whole)] = Operation(
                    title=f"{method.upper()} {whole}",
                    path_names=tuple(re.findall(r"\{([^}]*)\}", whole)),
                    says=says,
                    parameters=_parameters(description, listed) | body,
                    security=_security(description, says.get("security", raw.get("security")) or [{}]),
                    servers=tuple(url.removesuffix(whole) for url in urls),
                )
    return found


def _url(server: Mapping[str, Any]) -> str:
    url: str = server["url"]
    for name, variable in server.get("variables", {}).items():
        url = url.replace(f"{{{name}}}", str(variable["default"]))
    return url.rstrip("/")


def _parameters(description: Description, listed: list[Any]) -> dict[tuple[str, ...], Mapping[str, Any]]:
    found: dict[tuple[str, ...], Mapping[str, Any]] = {}
    for parameter in map(description.at, listed):
        key = (parameter["in"], parameter["name"].lower() if parameter["in"] == "header" else parameter["name"])
        if key not in NOT_PARAMETERS:
            found[key] = parameter
    return found


def _security(description: Description, alternatives: list[Mapping[str, Any]]) -> tuple[str, ...]:
    """Describe each alternative of credentials by type and place, not by the scheme's name."""
    schemes = description.raw.get("components", {}).get("securitySchemes", {})

    def words(name: str, scopes: list[str]) -> str:
        scheme = description.at(schemes.get(name, {"type": f"undeclared {name}"}))
        parts = [scheme.get(key, "") for key in ("type", "scheme", "in", "openIdConnectUrl")]
        if scheme["type"] == "apiKey":
            parts.append(scheme["name"])
        flows = json.dumps(scheme["flows"], sort_keys=True) if "flows" in scheme else ""
        return " ".join(part.lower() for part in [*parts, *sorted(scopes)] if part) + flows

    return tuple(
        " and ".join(sorted(words(name, scopes) for name, scopes in alternative.items())) or "none"
        for alternative in alternatives
    )


def differences(base: Description, ours: Description) -> Iterator[Difference]:
    comparison = Comparison(base, ours)
    old, new = operations(base), operations(ours)
    our_titles = {operation.says.get("operationId"): operation.title for operation in new.values()}
    for key, operation in old.items():
        if key in new:
            yield from _operation(comparison, operation, new[key])
        else:
            now = our_titles.get(operation.says.get("operationId", ""), "")
            what = "operation removed" + (f": it is {now} now" if now else "")
            yield Difference(place=(operation.title,), what=what, breaks=True, about="coverage")
    for key, operation in new.items():
        if key not in old:
            yield Difference(place=(operation.title,), what="operation added", breaks=False, about="coverage")
    names, our_names = (description.raw.get("components", {}).get("schemas", {}) for description in (base, ours))
    for name in names:
        if name not in our_names:
            now = comparison.renamed.get(name, "none")
            place = ("components", "schemas", name)
            yield Difference(place=place, what="schema's name", base=name, ours=now, breaks=True, about="names")


def _operation(comparison: Comparison, base: Operation, ours: Operation) -> Iterator[Difference]:
    here: Place = (ours.title,)
    yield from _names(here, base, ours)
    yield from deprecation(here, base.says, ours.says)
    yield from _set((*here, "servers"), "servers", base.servers, ours.servers)
    if "none" not in ours.security or "none" not in base.security:
        # An operation that needs no credentials accepts any.
        yield from _set((*here, "security"), "security", base.security, ours.security, anything="none")
    yield from _compare_parameters(comparison, here, base, ours)
    yield from _answers(comparison, here, base.says.get("responses", {}), ours.says.get("responses", {}))
    yield from _unknown(here, base.says, ours.says, "callbacks")


def _names(here: Place, base: Operation, ours: Operation) -> Iterator[Difference]:
    """Compare the names that the generator uses for modules, folders and arguments."""
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
    old = {("path", pairs[key[1]]) if key[0] == "path" else key: says for key, says in base.parameters.items()}
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
            # A new code is compatible when its answer has the shape of a known code of success.
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
    """Report a keyword that this program does not understand as breaking, until a person has looked."""
    if base.get(keyword) != ours.get(keyword):
        yield Difference(place=here, what=keyword, base="(as it was)", ours="(changed)", breaks=True)
