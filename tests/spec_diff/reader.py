"""Read an OpenAPI description of one file, in YAML 1.2 or JSON."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

FRAGMENTS = sorted((Path(__file__).parents[2] / "openapi").glob("*.yaml"))
"""What this project knows about the wire: every description of openapi/ belongs to it."""


def read(text: str) -> dict[str, Any]:
    """Return a description. Raises ValueError, in one line, for what is none.

    Every `$ref` leads to a place in the same file: nothing is ever fetched.
    """
    found = load(text)
    if not isinstance(found, dict) or not str(found.get("openapi")).startswith("3."):
        raise ValueError("no OpenAPI 3 description; convert Swagger 2 first")
    for place, node in places(found):
        try:
            resolved(found, node)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None
    return found


def load(text: str) -> Any:
    """Return what YAML 1.2 or JSON says, in JSON's types. Raises ValueError, in one line."""
    try:
        if text.lstrip().startswith("{"):  # JSON may be indented by tabs, which YAML refuses
            return json.loads(text, object_pairs_hook=_without_duplicates)
        found = YAML(typ="safe", pure=True).load(text)
        _check(found)
        return json.loads(json.dumps(found, allow_nan=False))  # each alias of YAML becomes a value of its own
    except MarkedYAMLError as error:
        where = f"line {error.problem_mark.line + 1}: " if error.problem_mark else ""
        raise ValueError(f"{where}{str(error.problem).splitlines()[0]}") from None
    except YAMLError as error:
        raise ValueError(str(error).splitlines()[0]) from None
    except RecursionError:
        raise ValueError("an anchor holds an alias of itself") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ValueError(f'found duplicate key "{twice}"')
    return dict(pairs)


def _check(node: Any, place: str = "") -> None:
    """Refuse what YAML knows and JSON does not: a key that is a number, and a date."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            if isinstance(node, dict) and not isinstance(key, str):
                raise ValueError(f"{place}: the key {key} is no text; put quotes around it")
            _check(value, f"{place} > {key}" if place else str(key))
    elif not isinstance(node, str | int | float | None):
        raise ValueError(f"{place}: {node} is no value of JSON; put quotes around it")


# --- places and references ---


def places(node: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every mapping of a description, with its place in words."""
    if isinstance(node, dict):
        yield " > ".join(place) or "the description", node
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from places(value, (*place, str(key)))


def resolved(described: Mapping[str, Any], node: Any) -> Any:
    """Return a node, or the node that its `$ref` names. Raises ValueError for a `$ref` that names nothing here."""
    seen = list[str]()
    while isinstance(node, dict) and isinstance(reference := node.get("$ref"), str):
        if reference in seen:
            raise ValueError(f"$ref leads back to itself: {reference}")
        seen.append(reference)
        node = target(described, reference)
    return node


def target(described: Mapping[str, Any], reference: str) -> Any:
    """Return what a `$ref` names. Raises ValueError when there is no such place in this description."""
    if not reference.startswith("#/"):
        raise ValueError(f"$ref leads out of the file: {reference}. Put the description into one file first.")
    node: Any = described
    for key in reference.removeprefix("#/").split("/"):
        key = key.replace("~1", "/").replace("~0", "~")
        if not isinstance(node, Mapping) or key not in node:
            raise ValueError(f"$ref names nothing: {reference}")
        node = node[key]
    return node
