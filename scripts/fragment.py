"""What a fragment must be, so that what the generator makes of it is right; and examples of its schemas."""

import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from openapi_python_client.strings import ClassName, PythonIdentifier
from openapi_spec_validator import OpenAPIV31SpecValidator

from spec_diff.reader import places, read, resolved

METHODS = ("get", "put", "post", "delete", "patch", "options", "head", "trace")
JSON_MEDIA = "application/json"


def operations_of(described: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any], dict[str, Any]]]:
    """Method, path, what the path says, and what the operation says."""
    for path, item in described.get("paths", {}).items():
        for method in METHODS:
            if method in item:
                yield method.upper(), path, item, item[method]


def answers_of(operation: dict[str, Any]) -> dict[str, Any]:
    """What an operation says about each status code."""
    return {code: says for code, says in operation.get("responses", {}).items() if not code.startswith("x-")}


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
    for method, path, item, operation in operations_of(described):
        place = f"{method} {path}"
        for needed in ("operationId", "tags", "externalDocs", "responses"):
            if not operation.get(needed):
                yield f"{place}: {needed} is missing"
        modules[PythonIdentifier(operation.get("operationId", place), "")].append(place)
        tags[PythonIdentifier((operation.get("tags") or ["no tag"])[0], "tag")].append(place)
        models, answers = set[str](), answers_of(operation).items()
        bodies = [("body", operation["requestBody"])] if "requestBody" in operation else []
        for part, says in (*bodies, *answers):
            content = resolved(described, says).get("content", {})
            schema = content.get(JSON_MEDIA, {}).get("schema", {})
            if (content or part == "body") and list(content) != [JSON_MEDIA]:
                yield f"{place} > {part}: {', '.join(content) or 'no content'}; the client takes {JSON_MEDIA} alone"
            elif content and "$ref" not in schema:
                yield f"{place} > {part}: the schema has no name; put it under components > schemas"
            elif content and part.startswith("2"):
                models.add(schema["$ref"])
        codes = [code for code in answers_of(operation) if code.startswith("2")]
        if not codes or not all(map(str.isdigit, codes)):
            yield f"{place}: name every code of success, such as 204; there is {', '.join(codes) or 'none'}"
        if len(models) > 1:
            yield f"{place}: the answers of success have different schemas: {', '.join(sorted(models))}"
        for says in parameters_of(described, item, operation):
            if "object" in resolved(described, says.get("schema", {})).get("type", "object"):
                yield f"{place} > {says['name']}: a parameter has a schema with a type, and the type is not object"
    classes, paths = defaultdict[str, list[str]](list), defaultdict[str, list[str]](list)
    for name, schema in described.get("components", {}).get("schemas", {}).items():
        classes[ClassName(name, "")].append(name)
        if isinstance(schema, dict) and ClassName(schema.get("title", name), "") != ClassName(name, ""):
            yield f"components > schemas > {name}: the generator would use the title as the name; remove the title"
    for path, item in described.get("paths", {}).items():
        paths[re.sub(r"\{[^}]*\}", "{}", path)].append(path)
        if "$ref" in item:
            yield f"paths > {path}: the generator does not follow a $ref here; write the operations here"
        if any("servers" in each for each in (item, *item.values())):
            yield f"paths > {path}: servers; the client has one server for all operations"
    for same in paths.values():
        if len(same) > 1:
            yield f"{' and '.join(same)}: one path; write it once"
    for server in described.get("servers", ()):
        if urlsplit(server["url"]).path.strip("/"):
            yield f"servers > {server['url']}: the client has paths from the root; begin every path with the server's"
    for name, sources in (*modules.items(), *classes.items()):
        if len(sources) > 1:
            yield f"{' and '.join(sources)}: the generator calls both {name}"
    if len(tags) > 1:
        yield f"the first tags of the operations differ: {', '.join(tags)}"
    for place, node in places(described):
        if isinstance(node.get("nullable"), bool):
            yield f"{place}: OpenAPI 3.1 has no nullable; write type: [..., 'null']"
        for name in node["required"] if isinstance(node.get("required"), list) else ():
            if {"readOnly", "writeOnly"} & {*resolved(described, node.get("properties", {}).get(name, {}))}:
                yield f"{place} > {name}: the models would require it in requests and in answers; write two schemas"


def checked(fragment: Path) -> dict[str, Any]:
    """Read the fragment. Stops with one line for each problem."""
    try:
        described = read(fragment.read_text("utf-8"))
        if not str(described["openapi"]).startswith("3.1"):
            raise ValueError(f"OpenAPI {described['openapi']}; the generator needs 3.1")
        for path in described.get("paths") or ("paths is missing",):
            if not path.startswith("/"):  # the validator would not take it
                raise ValueError(f"paths: {path}; write one or more paths, each with / before it")
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
    """The generator's name for the schema of a body or an answer; None for no content.

    For an object or an array alone: the name of the object.
    """
    content = resolved(described, says).get("content", {})
    if not content:
        return None
    schema = content[JSON_MEDIA]["schema"]
    objects = [choice for choice in resolved(described, schema).get("oneOf", ()) if "$ref" in choice]
    return str(ClassName((objects[0] if len(objects) == 1 else schema)["$ref"].rpartition("/")[2], ""))


def array_of(described: dict[str, Any], says: Any) -> str | None:
    """The field of an object that holds an array; None unless an answer is the object or the array alone."""
    content = resolved(described, says).get("content", {})
    choices = resolved(described, content[JSON_MEDIA]["schema"]).get("oneOf", ()) if content else ()
    arrays = [choice["items"] for choice in choices if "items" in choice]
    fields = [field for choice in choices for field in resolved(described, choice).get("properties", {}).items()]
    return next((name for name, field in fields if resolved(described, field).get("items") in arrays), None)


def examples(described: dict[str, Any]) -> list[tuple[str, Any]]:
    """Models, each with a value: one with every field, and the examples that the fragment gives of answers."""
    schemas = described.get("components", {}).get("schemas", {})
    found = [(str(ClassName(name, "")), value_of(described, schema)) for name, schema in schemas.items()]
    for _, _, _, operation in operations_of(described):
        for says in answers_of(operation).values():
            if model := model_of(described, says):
                media = resolved(described, says)["content"][JSON_MEDIA]
                values = [given["value"] for given in media.get("examples", {}).values()]
                values += [media["example"]] if "example" in media else []
                found += [(model, value) for value in values if not isinstance(value, list)]
    return found


def calls(described: dict[str, Any]) -> dict[str, Any]:
    """By method and path: each parameter with its name in Python, a value and its format; a body; and answers."""

    def contents(says: Any) -> list[Any]:
        """A value for each of the schema's choices."""
        media = resolved(described, says).get("content", {})
        schema = resolved(described, media[JSON_MEDIA]["schema"]) if media else {}
        return [value_of(described, choice) for choice in schema.get("oneOf", [schema])]

    found = {}
    for method, path, item, operation in operations_of(described):
        said = {(each["in"], each["name"]): each for each in parameters_of(described, item, operation)}
        parameters = [
            (PythonIdentifier(key[1], ""), says, value_of(described, schema), schema.get("format"))
            for key, says in said.items()
            for schema in [resolved(described, says["schema"])]
        ]
        codes = [(code, says) for code, says in answers_of(operation).items() if code.isdigit()]
        answers = [(code, value) for code, says in codes for value in contents(says)]
        body, *_ = contents(operation.get("requestBody", {}))
        found[f"{method} {path}"] = {"parameters": parameters, "body": body, "answers": answers}
    return found


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
        scalars = [part for part in parts if part is not None and not isinstance(part, dict)]
        return scalars[0] if scalars else {name: value for part in parts for name, value in (part or {}).items()}
    if choices:
        return value_of(described, choices[0], within)
    if kind == "object":
        fields = schema.get("properties", {}) if within < 4 else {}
        return {name: value_of(described, field, within + 1) for name, field in fields.items()}
    if kind == "array":
        return [value_of(described, schema.get("items", {}), within + 1)] * 2 if within < 4 else []
    texts = {"date-time": "2026-01-02T03:04:05+00:00", "date": "2026-01-02", "uuid": str(UUID(int=1))}
    values = {"string": texts.get(schema.get("format", ""), "text"), "integer": 7, "number": 7.5, "boolean": True}
    return values.get(str(kind))
