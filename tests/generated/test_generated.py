"""Test the generated packages: their contract with the facade, and that `make check` reports every drift."""

import filecmp
import re
import shutil
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from spec_diff.reader import FRAGMENTS, read

ROOT = Path(__file__).parents[2]
PACKAGES = {f"sendgrid_{fragment.stem}_api": fragment for fragment in FRAGMENTS}
TABLES = {package: import_module(f"{package}.operations") for package in PACKAGES}
OPERATIONS: list[tuple[str, Any]] = [
    (package, found)
    for package, table in TABLES.items()
    for found in vars(table).values()
    if isinstance(found, table.Operation)
]


@pytest.mark.parametrize("package", PACKAGES)
def test_the_table_holds_every_operation(package: str) -> None:
    assert {(found.name, found.method, found.path) for name, found in OPERATIONS if name == package} == {
        (operation["operationId"], method.upper(), path)
        for path, item in read(PACKAGES[package].read_text("utf-8"))["paths"].items()
        for method, operation in item.items()
        if method != "parameters"
    }


@pytest.mark.parametrize("operation", [pytest.param(found, id=found.name) for _, found in OPERATIONS])
def test_every_operation_builds_its_request(operation: Any) -> None:
    """After an upgrade of the generator: Operation.request is the only caller of the endpoint modules."""
    parameters = dict.fromkeys(re.findall(r"{(\w+)}", operation.path), "49/00")
    body = {"title": "x", "name": "x", "send_at": 1, "to": "x@example.com"} if operation.body else None
    for account in ({}, {"on_behalf_of": "account-id A123"}):
        request = operation.request(body, **parameters, **account)
        path = re.sub(r"{\w+}", "49%2F00", operation.path)
        assert (request["method"].upper(), request["url"]) == (operation.method, path)
        assert request["headers"].get("on-behalf-of") == account.get("on_behalf_of")
        assert ("json" in request) == (body is not None)


# --- drift ---


def test_every_drift_is_named_and_mended(generate: Callable[..., str], tmp_path: Path) -> None:
    committed, mine = ROOT / "generated", tmp_path / "generated"
    shutil.copytree(committed, mine, ignore=shutil.ignore_patterns("__pycache__"))
    names = {str(path.relative_to(mine)) for path in mine.rglob("*")}
    files = [name for name in names if (mine / name).is_file()]
    shutil.rmtree(mine / "sendgrid_single_sends_api" / "api")
    package = mine / "sendgrid_campaigns_api"
    (package / "types.py").write_text("# edited\n")
    (package / "py.typed").write_text("x")
    (package / "errors.py").chmod(0o755)
    (package / "client.py").rename(tmp_path / "client.py")
    (package / "client.py").symlink_to(tmp_path / "client.py")
    (package / "__init__.py").unlink()
    shutil.rmtree(package / "models")
    (package / "mine.py").touch()
    (package / "empty").mkdir()
    (mine / "other").mkdir()
    said = generate("--check", "--folder", mine)
    assert said.startswith("generated/ is not what openapi/ gives:\n")
    assert "Never edit generated/: put the change into the fragment in openapi/, run `make generate`" in said
    assert {line.strip() for line in said.splitlines() if line.startswith("  ")} == {
        "differs: sendgrid_campaigns_api/types.py",
        "differs: sendgrid_campaigns_api/py.typed",
        "differs: sendgrid_campaigns_api/errors.py",
        "differs: sendgrid_campaigns_api/client.py",
        "missing: sendgrid_campaigns_api/__init__.py",
        "missing: sendgrid_campaigns_api/models",
        *(f"missing: {file}" for file in files if file.startswith("sendgrid_campaigns_api/models/")),
        *(f"missing: {name}" for name in names if name.startswith("sendgrid_single_sends_api/api")),
        "not generated: sendgrid_campaigns_api/mine.py",
        "not generated: sendgrid_campaigns_api/empty",
        "not generated: other",
    }
    # What is generated now is what was committed, to the byte.
    assert generate("--folder", mine) == ""
    assert {str(path.relative_to(mine)) for path in mine.rglob("*")} == names
    assert filecmp.cmpfiles(committed, mine, files, shallow=False)[1:] == ([], [])
    assert not (package / "client.py").is_symlink()
    for file in (Path(file) for file in files if file.endswith(".py")):
        header = f"# Generated from openapi/{PACKAGES[file.parts[0]].name}: do not edit"
        assert (mine / file).read_text("utf-8").startswith(header)


def test_a_fragment_that_is_refused_destroys_nothing(generate: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    (tmp_path / "campaigns.yaml").write_text("openapi: [")
    assert "cannot be read" in generate("--fragment", tmp_path / "campaigns.yaml", "--folder", tmp_path)
    assert (tmp_path / "kept").exists()
