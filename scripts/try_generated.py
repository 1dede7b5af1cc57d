"""Try a generated package: import every module, resolve every type hint, read and write examples of every model, make
a request of every operation and read its answers.

try_generated.py PACKAGE    standard input, as JSON: what examples() and calls() of fragment.py return

Prints a line for each problem, and fails when there is one.
"""

import inspect
import json
import sys
from collections.abc import Callable, Iterator
from datetime import date, datetime
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_type_hints
from urllib.parse import quote
from uuid import UUID

import httpx

FORMATS: dict[str, Callable[[str], Any]] = {
    "date-time": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
}
HOST = "http://sandbox.invalid"


def asked(request: httpx.Request) -> tuple[Any, ...]:
    """What a request says, to compare."""
    query, body = sorted(request.url.params.multi_items()), request.content
    return request.method, request.url.path, query, sorted(request.headers.items()), body and json.loads(body)


def called(operation: Any, endpoint: Any, client: Any, call: dict[str, Any]) -> Iterator[str]:
    """Make the request of an operation, and read its answers."""
    arguments, address = dict[str, Any](), HOST + operation.path
    said: dict[str, list[tuple[str, str]]] = {"query": [], "header": [], "cookie": []}
    for name, says, value, kind in call["parameters"]:
        arguments[name] = FORMATS[kind](value) if kind in FORMATS else value
        values = value if isinstance(value, list) else [value]
        texts = [each if isinstance(each, str) else json.dumps(each) for each in values]
        if not says.get("explode", says.get("style", "form") == "form"):
            texts = [",".join(texts)]
        if says["in"] == "path":
            address = address.replace(f"{{{says['name']}}}", quote(texts[0]))
        else:
            said[says["in"]] += [(says["name"], text) for text in texts]
    where: dict[str, Any] = {"params": said["query"], "headers": said["header"], "cookies": dict(said["cookie"])}
    wanted = asked(httpx.Request(operation.method, address, json=call["body"], **where))
    made = operation.request(call["body"], **arguments)
    found = asked(httpx.Request(**{**made, "url": HOST + made["url"]}))
    for part, says in zip(found, wanted, strict=True):
        if part != says:
            yield f"the client asks {part!r:.300}, and the fragment says {says!r:.300}"
    for code, value in call["answers"]:
        parsed = endpoint._build_response(client=client, response=httpx.Response(int(code), json=value)).parsed
        alone = isinstance(value, list)
        if value is not None and ([each.to_dict() for each in parsed] if alone else parsed.to_dict()) != value:
            yield f"the answer {code} {value} is read as {parsed}"
        if value is not None and int(code) in operation.success:
            model = operation.parse(value)
            if model.to_dict() != ({operation.array: value} if alone else value):
                yield f"the table reads the answer {code} {value} as {model}"


def problems(name: str, examples: list[tuple[str, Any]], calls: dict[str, Any]) -> Iterator[str]:
    package = import_module(name)
    modules = {found.name: import_module(found.name) for found in walk_packages(package.__path__, f"{name}.")}
    client = modules[f"{name}.client"].Client(base_url=HOST)
    models = {each: getattr(modules[f"{name}.models"], each) for each in modules[f"{name}.models"].__all__}
    for module in modules.values():
        for each in vars(module).values():
            if (inspect.isclass(each) or inspect.isfunction(each)) and each.__module__ == module.__name__:
                try:
                    get_type_hints(each, localns=models)
                except Exception as error:
                    yield f"{module.__name__}.{each.__name__}: its type hints cannot be resolved: {error!r:.300}"
    operations = [each for each in vars(modules[f"{name}.operations"]).values() if hasattr(each, "success")]
    endpoints = {found.rpartition(".")[2]: module for found, module in modules.items() if found.count(".") == 3}
    for operation in operations:
        place = f"{operation.method} {operation.path}"
        call, endpoint = calls[place], endpoints.get(operation.name)
        if endpoint is None:
            yield f"{place}: the generator made no module {operation.name}; take another operationId"
            continue
        lost = {operation.body, *operation.success.values()} - {None, *models}
        yield from (f"{place}: its body or answer {model} is no model; write it as an object" for model in lost)
        taken = {*inspect.signature(endpoint._get_kwargs).parameters} - {"body"}
        names = {each[0] for each in call["parameters"]}
        for wanted in taken ^ names:
            yield f"{place}: the generator names its parameters {', '.join(sorted(taken))}: rename {wanted}"
        if taken == names and not lost:
            try:
                yield from (f"{place}: {wrong}" for wrong in called(operation, endpoint, client, call))
            except Exception as error:
                yield f"{place}: a call fails: {error!r:.300}"
    for model, example in examples:
        if hasattr(models.get(model), "from_dict"):
            try:
                again = models[model].from_dict(example).to_dict()
                if again != example:
                    yield f"{model}: {example!r:.300} is read and written as {again!r:.300}"
            except Exception as error:
                yield f"{model}: cannot be read and written: {error!r:.300}, for {example!r:.300}"


if __name__ == "__main__":
    found = list(problems(sys.argv[1], **json.load(sys.stdin)))
    print(*found, sep="\n")
    sys.exit(bool(found))
