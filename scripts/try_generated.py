"""Try a generated package: import every module, resolve every type hint, read and write an example of every model.

try_generated.py PACKAGE    standard input, as JSON: examples, pairs of a model's name and a value; and parameters, the
                            names of each operation's

Prints a line for each problem, and fails when there is one.
"""

import inspect
import json
import sys
from collections.abc import Iterator
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, get_type_hints


def problems(name: str, examples: list[tuple[str, Any]], parameters: dict[str, list[str]]) -> Iterator[str]:
    package = import_module(name)
    modules = {found.name: import_module(found.name) for found in walk_packages(package.__path__, f"{name}.")}
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
        for model in filter(None, operation.success.values()):
            if model not in models:
                yield f"{place}: its answer {model} is no model; write it as an object"
        taken = {*inspect.signature(endpoints[operation.name]._get_kwargs).parameters} - {"body"}
        for wanted in taken ^ {*parameters[place]}:
            yield f"{place}: the generator names its parameters {', '.join(sorted(taken))}: rename {wanted}"
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
