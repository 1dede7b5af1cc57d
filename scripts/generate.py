"""Write generated/sendgrid_campaigns_api from openapi/campaigns.yaml, or check that it is what the fragment gives.

generate.py            validate the fragment, generate, format, add the header, replace what was there
generate.py --check    do the same beside the repository and fail when a single byte differs
"""

import argparse
import shutil
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import yaml
from openapi_python_client.strings import ClassName, PythonIdentifier
from openapi_spec_validator import OpenAPIV31SpecValidator

ROOT = Path(__file__).resolve().parent.parent
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
SETTINGS = ROOT / "openapi" / "generator.yaml"
TEMPLATES = ROOT / "openapi" / "templates"
GENERATED = ROOT / "generated"
PACKAGE = "sendgrid_campaigns_api"

HEADER = "# Generated from openapi/campaigns.yaml: do not edit; change the fragment and run `make generate`.\n"


def run(*command: str | Path) -> None:
    done = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


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

    def parse(self, body: Any) -> R:
        """Parse the JSON value of an answer of success. Raises what the generated models raise, such as KeyError."""
        name = next(filter(None, self.success.values()), None)
        if name is None:
            raise ValueError("no answer of success has a body")
        answer: R = getattr(import_module("..models", __name__), name).from_dict(body)
        return answer

    def request(self, body: Mapping[str, Any] | None, **parameters: Any) -> dict[str, Any]:
        """Arguments of `httpx.Request`: method, url (a path), headers, and params or json where there are some."""
        endpoint = import_module(f"..api.TAG.{self.name}", __name__)
        if self.body is not None:
            parameters["body"] = getattr(endpoint, self.body).from_dict(body)
        arguments: dict[str, Any] = endpoint._get_kwargs(**parameters)
        return arguments


'''


def operations(described: dict[str, Any]) -> str:
    """The text of operations.py: a typed table of every operation of the fragment."""

    def resolved(node: dict[str, Any]) -> dict[str, Any]:
        while "$ref" in node:
            found: Any = described
            for key in node["$ref"].removeprefix("#/").split("/"):
                found = found[key]
            node = found
        return node

    def schema_of(content: dict[str, Any]) -> dict[str, Any]:
        media: dict[str, Any] = next(iter(content.get("content", {}).values()), {})
        return dict(media.get("schema", {}))

    def model(content: dict[str, Any]) -> str | None:
        schema = schema_of(content)
        return ClassName(schema["$ref"].rpartition("/")[2], "") if "$ref" in schema else None

    def longest(field: dict[str, Any]) -> int | None:
        found = (choice.get("maxLength", choice.get("maxItems")) for choice in (field, *field.get("oneOf", ())))
        return next((length for length in found if length is not None), None)

    entries, names, tags = [], list[str](), set[str]()
    for path, item in described["paths"].items():
        for method in ("get", "put", "post", "delete", "patch"):
            if method not in item:
                continue
            operation = item[method]
            tags.add(operation["tags"][0])
            answers = operation["responses"].items()
            success = {int(code): model(resolved(answer)) for code, answer in answers if str(code).startswith("2")}
            body = operation.get("requestBody", {})
            schema = schema_of(resolved(body))
            fields = resolved(schema).get("properties", {}).items()
            limits = {name: most for name, field in fields if (most := longest(resolved(field))) is not None}
            for parameter in map(resolved, [*item.get("parameters", []), *operation.get("parameters", [])]):
                if parameter["in"] == "query" and "minimum" in parameter["schema"]:
                    limits[parameter["name"]] = parameter["schema"]["minimum"]
            answer = next(filter(None, success.values()), None)
            name = PythonIdentifier(operation["operationId"], "")
            names.append(name)
            facts = {
                "name": str(name),
                "method": method.upper(),
                "path": path,
                "page": operation["externalDocs"]["url"],
                "success": success,
                "body": model(resolved(body)),
                "limits": limits,
            }
            kind = f"models.{answer}" if answer else "None"
            given = ", ".join(f"{key}={value!r}" for key, value in facts.items())
            entries.append(f"{name.upper()}: Operation[{kind}] = Operation({given})\n")
    (tag,) = tags
    head = OPERATIONS.replace("TAG", tag).replace("ENDPOINTS", ", ".join(names))
    return head + "\n".join(entries)


def validate(fragment: Path) -> dict[str, Any]:
    try:
        described = yaml.safe_load(fragment.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        sys.exit(f"{fragment} cannot be read as YAML: {error}")
    errors = list(OpenAPIV31SpecValidator(described).iter_errors())
    if errors:
        found = "\n".join(f"  {'/'.join(map(str, error.absolute_path))}: {error.message}" for error in errors)
        sys.exit(f"{fragment} is not valid OpenAPI 3.1:\n{found}")
    return dict(described)


def generate(fragment: Path, folder: Path) -> None:
    """Generate the package into an empty folder."""
    described = validate(fragment)
    package = folder / PACKAGE
    run(
        *("openapi_python_client", "generate", "--meta", "none", "--fail-on-warning"),
        *("--path", fragment, "--config", SETTINGS, "--custom-template-path", TEMPLATES, "--output-path", package),
    )
    (package / "operations.py").write_text(operations(described), "utf-8")
    # --isolated: what is generated depends on ruff's version and on nothing that this repository configures for itself.
    run("ruff", "check", "--isolated", "--no-cache", "--quiet", "--fix-only", "--extend-select", "I", package)
    run("ruff", "format", "--isolated", "--no-cache", "--quiet", package)
    for module in package.rglob("*.py"):
        module.write_text(HEADER + module.read_text("utf-8"), "utf-8")
    (package / "py.typed").touch()


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
    parser.add_argument("--fragment", type=Path, default=FRAGMENT)
    parser.add_argument("--folder", type=Path, default=GENERATED, help="where the package stands, and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        fresh = Path(scratch)
        generate(options.fragment, fresh)
        if not options.check:
            replace(options.folder, fresh)
        elif lines := drift(fresh, options.folder):
            sys.exit(
                f"{options.folder.name}/ is not what {options.fragment.name} gives:\n"
                + "\n".join(lines)
                + "\nNever edit generated/: put the change into openapi/campaigns.yaml, run `make generate`,"
                + " and commit both."
            )


if __name__ == "__main__":
    main()
