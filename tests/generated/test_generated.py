"""Test the generated package: its contract with the facade, and that `make check` reports every drift."""

import filecmp
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sendgrid_campaigns_api import operations
from spec_diff.edits import fragment

ROOT = Path(__file__).parents[2]
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
HEADER = "# Generated from openapi/campaigns.yaml: do not edit"

PATHS = fragment["paths"]
DESCRIBED = {
    operation["operationId"]: (method.upper(), path)
    for path, item in PATHS.items()
    for method, operation in item.items()
    if method != "parameters"
}
TABLE = {found.name: found for found in vars(operations).values() if isinstance(found, operations.Operation)}


def test_the_table_holds_every_operation() -> None:
    assert {name: (found.method, found.path) for name, found in TABLE.items()} == DESCRIBED


@pytest.mark.parametrize("name", TABLE)
def test_every_operation_builds_its_request(name: str) -> None:
    """After an upgrade of the generator: Operation.request is the only caller of the endpoint modules."""
    operation = TABLE[name]
    parameters: dict[str, Any] = {"campaign_id": 4900} if "{campaign_id}" in operation.path else {}
    body = {"title": "x", "send_at": 1, "to": "x@example.com"} if operation.body else None
    for account in ({}, {"on_behalf_of": "account-id A123"}):
        request = operation.request(body, **parameters, **account)
        assert (request["method"].upper(), request["url"]) == (
            operation.method,
            operation.path.replace("{campaign_id}", "4900"),
        )
        assert request["headers"].get("on-behalf-of") == account.get("on_behalf_of")
        assert ("json" in request) == (body is not None)


# --- drift ---


def test_every_drift_is_named_and_mended(generate: Callable[..., str], tmp_path: Path) -> None:
    committed, mine = ROOT / "generated", tmp_path / "generated"
    shutil.copytree(committed, mine, ignore=shutil.ignore_patterns("__pycache__"))
    names = {str(path.relative_to(mine)) for path in mine.rglob("*")}
    files = [name for name in names if (mine / name).is_file()]
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
    assert said.startswith("generated/ is not what campaigns.yaml gives:\n")
    assert "Never edit generated/: put the change into openapi/campaigns.yaml, run `make generate`" in said
    assert {line.strip() for line in said.splitlines() if line.startswith("  ")} == {
        "differs: sendgrid_campaigns_api/types.py",
        "differs: sendgrid_campaigns_api/py.typed",
        "differs: sendgrid_campaigns_api/errors.py",
        "differs: sendgrid_campaigns_api/client.py",
        "missing: sendgrid_campaigns_api/__init__.py",
        "missing: sendgrid_campaigns_api/models",
        *(f"missing: {file}" for file in files if "/models/" in file),
        "not generated: sendgrid_campaigns_api/mine.py",
        "not generated: sendgrid_campaigns_api/empty",
        "not generated: other",
    }
    # What is generated now is what was committed, to the byte.
    assert generate("--folder", mine) == ""
    assert {str(path.relative_to(mine)) for path in mine.rglob("*")} == names
    assert filecmp.cmpfiles(committed, mine, files, shallow=False)[1:] == ([], [])
    assert not (package / "client.py").is_symlink()
    assert all((mine / file).read_text("utf-8").startswith(HEADER) for file in files if file.endswith(".py"))


def test_a_fragment_that_is_refused_destroys_nothing(generate: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "kept").touch()
    (tmp_path / "campaigns.yaml").write_text("openapi: [")
    assert "cannot be read" in generate("--fragment", tmp_path / "campaigns.yaml", "--folder", tmp_path)
    assert (tmp_path / "kept").exists()
