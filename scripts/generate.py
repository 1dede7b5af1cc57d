"""Write a package of generated/ from each fragment of openapi/, or check that generated/ is what the fragments give.

generate.py            check the fragments, generate, format, try what was generated, replace what was there
generate.py --check    do the same beside the repository and fail when a single byte differs
"""

import argparse
import json
import os
import shutil
import stat
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from openapi_python_client import generate as generate_package
from openapi_python_client.config import Config, ConfigFile, MetaType
from openapi_python_client.strings import PythonIdentifier

from fragment import JSON_MEDIA, answers_of, array_of, calls, checked, examples, model_of, operations_of, parameters_of
from spec_diff.reader import FRAGMENTS, resolved

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = ROOT / "openapi" / "templates"
GENERATED = ROOT / "generated"

HEADER = "# Generated from openapi/{}.yaml: do not edit; change the fragment and run `make generate`.\n"


OPERATIONS = '''"""The operations of the fragment as data: one typed entry for each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from . import models
    from .api.TAG import ENDPOINTS  # noqa: F401 - programs that pack others into one file find the endpoints by this

R = TypeVar("R")


@dataclass(eq=False, repr=False)
class Operation(Generic[R]):
    """What the fragment says about one operation."""

    name: str
    """Its operationId, and so the name of its endpoint module."""
    method: str
    path: str
    """A template, such as `/v3/campaigns/{campaign_id}`."""
    page: str
    """The address of the page that the facts come from."""
    success: Mapping[int, str | None]
    """The documented status codes of success; for each, the name of the model of its body, None for no body."""
    body: str | None
    """The name of the model of the request's body."""
    limits: Mapping[str, int]
    """The largest length of each field of the request's body, and the smallest value of each query parameter."""
    array: str | None = None
    """The field of the model of success that takes an answer that is an array alone; None: no answer is."""

    def parse(self, body: Any) -> R:
        """Parse the JSON value of an answer of success. Raises what the generated models raise, such as KeyError."""
        name = next(filter(None, self.success.values()), None)
        if name is None:
            raise ValueError("no answer of success has a body")
        value = {self.array: body} if self.array and isinstance(body, list) else body
        answer: R = getattr(import_module("..models", __name__), name).from_dict(value)
        return answer

    def request(self, body: Mapping[str, Any] | None, **parameters: Any) -> dict[str, Any]:
        """Arguments of `httpx.Request`: method, url (a path), headers, and params or json where there are some."""
        endpoint = import_module(f"..api.TAG.{self.name}", __name__)
        if self.body is not None:
            parameters["body"] = getattr(endpoint, self.body).from_dict(body)
        arguments: dict[str, Any] = endpoint._get_kwargs(**parameters)
        return arguments


'''


def run(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def operations(described: dict[str, Any]) -> str:
    """The text of operations.py: a typed table of every operation of the fragment."""

    def longest(field: dict[str, Any]) -> int | None:
        found = (choice.get("maxLength", choice.get("maxItems")) for choice in (field, *field.get("oneOf", ())))
        return next((length for length in found if length is not None), None)

    entries, names, tag = [], list[str](), ""
    for method, path, item, operation in operations_of(described):
        tag = PythonIdentifier(operation["tags"][0], "tag")
        answers = answers_of(operation).items()
        success = {int(code): model_of(described, answer) for code, answer in answers if code.startswith("2")}
        body = resolved(described, operation.get("requestBody", {}))
        schema = resolved(described, body["content"][JSON_MEDIA]["schema"]) if body else {}
        sizes = {name: longest(resolved(described, field)) for name, field in schema.get("properties", {}).items()}
        limits = {name: most for name, most in sizes.items() if most is not None}
        for says in parameters_of(described, item, operation):
            least = resolved(described, says["schema"]).get("minimum")
            if says["in"] == "query" and least is not None:
                limits[says["name"]] = least
        answer = next(filter(None, success.values()), None)
        name = PythonIdentifier(operation["operationId"], "")
        names.append(name)
        facts = {
            "name": str(name),
            "method": method,
            "path": path,
            "page": operation["externalDocs"]["url"],
            "success": success,
            "body": model_of(described, body),
            "limits": limits,
            "array": next((array_of(described, each) for code, each in answers if code.startswith("2")), None),
        }
        kind = f"models.{answer}" if answer else "None"
        given = ", ".join(f"{key}={value!r}" for key, value in facts.items() if (key, value) != ("array", None))
        entries.append(f"{name.upper()}: Operation[{kind}] = Operation({given})\n")
    head = OPERATIONS.replace("TAG", tag).replace("ENDPOINTS", ", ".join(names))
    return head + "\n".join(entries)


def generate(fragment: Path, folder: Path) -> None:
    """Generate the package of a fragment into a folder, and try what was generated."""
    described = checked(fragment)
    package = folder / f"sendgrid_{fragment.stem}_api"
    source = folder / "fragment.json"  # the generator reads what the checks have read
    source.write_text(json.dumps(described), "utf-8")
    settings = ConfigFile(
        package_name_override=package.name, docstrings_on_attributes=True, literal_enums=True, post_hooks=[]
    )
    with redirect_stdout(None):
        failed = generate_package(
            config=Config.from_sources(settings, MetaType.NONE, source, "utf-8", True, package),
            custom_template_path=TEMPLATES,
        )
    source.unlink()
    if failed:
        lines = [" ".join(f"{error.header} {error.detail or ''}".split()) for error in failed]
        sys.exit("openapi_python_client failed:\n" + "\n".join(f"  {line}" for line in lines))
    (package / "operations.py").write_text(operations(described), "utf-8")
    for module in package.rglob("*.py"):
        try:
            compile(module.read_bytes(), module.name, "exec")
        except SyntaxError as error:
            sys.exit(
                f"{module.relative_to(folder)} is no Python; take other names: {error}: {(error.text or '').strip()}"
            )
    # --isolated: what is generated depends on ruff's version and on nothing that this repository configures for itself.
    run("ruff", "check", "--isolated", "--no-cache", "--quiet", "--fix-only", "--extend-select", "I", package)
    run("ruff", "format", "--isolated", "--no-cache", "--quiet", package)
    for module in package.rglob("*.py"):
        module.write_text(HEADER.format(fragment.stem) + module.read_text("utf-8"), "utf-8")
    (package / "py.typed").touch()
    try_out(described, package)


def try_out(described: dict[str, Any], package: Path) -> None:
    """Stop when what was generated does not work."""
    done = subprocess.run(
        [sys.executable, Path(__file__).with_name("try_generated.py"), package.name],
        input=json.dumps({"examples": examples(described), "calls": calls(described)}),
        env={**os.environ, "PYTHONPATH": str(package.parent), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"{package.name} does not work:\n{done.stdout}{done.stderr}")


def contents(folder: Path) -> dict[Path, object]:
    """What stands in a folder, path by path: folders, links, and files with what git keeps of them."""

    def kind(path: Path) -> object:
        if path.is_symlink() or path.is_dir():
            return "link" if path.is_symlink() else "folder"
        return path.stat().st_mode & stat.S_IXUSR, path.read_bytes()

    found = {path.relative_to(folder): kind(path) for path in folder.rglob("*")}
    return {path: what for path, what in found.items() if "__pycache__" not in path.parts}


def drift(expected: Path, found: Path) -> list[str]:
    """One line for each path of two folders that differs."""
    wanted, present = contents(expected), contents(found)
    return sorted(
        [f"  missing: {path}" for path in wanted.keys() - present.keys()]
        + [f"  not generated: {path}" for path in present.keys() - wanted.keys()]
        + [f"  differs: {path}" for path in wanted.keys() & present.keys() if wanted[path] != present[path]]
    )


def replace(folder: Path, fresh: Path) -> None:
    """Put what was generated in the place of a folder, whatever stands there."""
    if folder.is_symlink() or folder.is_file():
        folder.unlink()
    elif folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(fresh, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 on drift")
    parser.add_argument("--fragment", type=Path, nargs="+", default=FRAGMENTS)
    parser.add_argument("--folder", type=Path, default=GENERATED, help="where the packages stand, and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        for fragment in options.fragment:
            generate(fragment, fresh)
        if not options.check:
            replace(options.folder, fresh)
        elif lines := drift(fresh, options.folder):
            sys.exit(
                f"{options.folder.name}/ is not what openapi/ gives:\n"
                + "\n".join(lines)
                + "\nNever edit generated/: put the change into the fragment in openapi/, run `make generate`,"
                + " and commit both."
            )


if __name__ == "__main__":
    main()
