"""What a fragment must be, so that what the generator makes of it is right; and examples of its schemas."""

import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

from openapi_python_client.strings import ClassName, PythonIdentifier
from openapi_spec_validator import OpenAPIV31SpecValidator

from spec_diff.reader import places, read, resolved

METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")
JSON_MEDIA = "application/json"


def operations_of(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path, what the path says, and what the operation says."""
    for path, item in described["paths"].items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item, item[method]


def parameters_of(described: dict[str, Any], item: dict[str, Any], operation: dict[str, Any]) -> list[dict[str, Any]]:
    """What an operation and its path say about each parameter."""
    return [resolved(described, each) for each in (*item.get("parameters", ()), *operation.get("parameters", ()))]


def validity(described: dict[str, Any]) -> Iterator[str]:
    """A line for each place that is not valid OpenAPI 3.1."""
    for error in OpenAPIV31SpecValidator(described).iter_errors():
        place = " > ".join(map(str, error.absolute_path)) or "the fragment"
        yield f"{place}: not valid OpenAPI 3.1: {str(error.message).splitlines()[0]:.200}"


def rules(described: dict[str, Any]) -> Iterator[str]:
    """A line for each place of valid OpenAPI of which the generator would make something else than it says."""
    modules, tags = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for method, path, _, operation in operations_of(described):
        place = f"{method} {path}"
        for needed in ("operationId", "tags", "externalDocs"):
            if not operation.get(needed):
                yield f"{place}: {needed} is missing"
        modules[PythonIdentifier(operation.get("operationId", place), "")].append(place)
        tags[PythonIdentifier((operation.get("tags") or ["no tag"])[0], "tag")].append(place)
        models, answers = set[str](), operation["responses"].items()
        bodies = [("body", operation["requestBody"])] if "requestBody" in operation else []
        for part, says in (*bodies, *answers):
            content = resolved(described, says).get("content", {})
            schema = content.get(JSON_MEDIA, {}).get("schema", {})
            if content and list(content) != [JSON_MEDIA]:
                yield f"{place} > {part}: {', '.join(content)}; the client takes {JSON_MEDIA} alone"
            elif content and "$ref" not in schema:
                yield f"{place} > {part}: the schema has no name; put it under components > schemas"
            elif content and part.startswith("2"):
                models.add(schema["$ref"])
        if len(models) > 1:
            yield f"{place}: the answers of success have different schemas: {', '.join(sorted(models))}"
    classes = defaultdict[str, list[str]](list)
    for name in described.get("components", {}).get("schemas", {}):
        classes[ClassName(name, "")].append(name)
    for name, sources in (*modules.items(), *classes.items()):
        if len(sources) > 1:
            yield f"{' and '.join(sources)}: the generator calls both {name}"
    if len(tags) > 1:
        yield f"the first tags of the operations differ: {', '.join(tags)}"
    for place, node in places(described):
        if isinstance(node.get("nullable"), bool):
            yield f"{place}: OpenAPI 3.1 has no nullable; write type: [..., 'null']"


def checked(fragment: Path) -> dict[str, Any]:
    """Read the fragment. Stops with one line for each problem."""
    try:
        described = read(fragment.read_text("utf-8"))
        if not str(described["openapi"]).startswith("3.1"):
            raise ValueError(f"OpenAPI {described['openapi']}; the generator needs 3.1")
    except (OSError, ValueError) as error:
        sys.exit(f"{fragment} cannot be read: {error}")
    for check in (validity, rules):
        try:
            problems = list(check(described))
        except RecursionError:
            problems = ["a schema is a part of itself by allOf, anyOf or oneOf: no value can match it"]
        if problems:
            sys.exit(f"{fragment.name} is refused:\n" + "\n".join(f"  {problem}" for problem in problems))
    return described


def model_of(described: dict[str, Any], says: Any) -> str | None:
    """The generator's name for the schema of a body or an answer; None for no content."""
    content = resolved(described, says).get("content", {})
    return str(ClassName(content[JSON_MEDIA]["schema"]["$ref"].rpartition("/")[2], "")) if content else None


def examples(described: dict[str, Any]) -> list[tuple[str, Any]]:
    """Models, each with a value: one with every field, and the examples that the fragment gives of answers."""
    schemas = described.get("components", {}).get("schemas", {})
    found = [(str(ClassName(name, "")), value_of(described, schema)) for name, schema in schemas.items()]
    for _, _, _, operation in operations_of(described):
        for says in operation["responses"].values():
            if model := model_of(described, says):
                media = resolved(described, says)["content"][JSON_MEDIA]
                found += [(model, given["value"]) for given in media.get("examples", {}).values()]
                found += [(model, media["example"])] if "example" in media else []
    return found


def arguments(described: dict[str, Any]) -> dict[str, list[str]]:
    """The names that an operation's parameters have in Python, by method and path."""
    return {
        f"{method} {path}": [PythonIdentifier(each["name"], "") for each in parameters_of(described, item, operation)]
        for method, path, item, operation in operations_of(described)
    }


def value_of(described: dict[str, Any], schema: Any, within: int = 0) -> Any:
    """A value of a schema, with every field."""
    schema = resolved(described, schema)
    types = schema.get("type", "object" if "properties" in schema else None)
    kind = next((each for each in types if each != "null"), "null") if isinstance(types, list) else types
    choices = [*schema.get("oneOf", ()), *schema.get("anyOf", ())]
    if "enum" in schema or "const" in schema:
        return schema["const"] if "const" in schema else schema["enum"][0]
    if "allOf" in schema:
        parts = [value_of(described, part, within) for part in schema["allOf"]]
        return {name: value for part in parts for name, value in part.items()}
    if choices:
        return value_of(described, choices[0], within)
    if kind == "object":
        fields = schema.get("properties", {}) if within < 4 else {}
        return {name: value_of(described, field, within + 1) for name, field in fields.items()}
    if kind == "array":
        return [value_of(described, schema["items"], within + 1)] if within < 4 else []
    texts = {"date-time": "2026-01-02T03:04:05+00:00", "date": "2026-01-02", "uuid": str(UUID(int=1))}
    values = {"string": texts.get(schema.get("format", ""), "text"), "integer": 7, "number": 7.5, "boolean": True}
    return values.get(str(kind))
