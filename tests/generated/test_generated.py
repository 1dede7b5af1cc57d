"""Test the generated package: its contract with the facade, and that `make check` reports every drift."""

import filecmp
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sendgrid_campaigns_api import operations

ROOT = Path(__file__).parents[2]
FRAGMENT = ROOT / "openapi" / "campaigns.yaml"
HEADER = "# Generated from openapi/campaigns.yaml: do not edit"

PATHS = yaml.safe_load(FRAGMENT.read_text("utf-8"))["paths"]
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


def generate(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "generate.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that was generated just now."""
    folder = tmp_path_factory.mktemp("fresh") / "generated"
    done = generate("--folder", folder)
    assert done.returncode == 0, done.stderr
    return folder


def files(folder: Path) -> Iterator[str]:
    return (str(path.relative_to(folder)) for path in folder.rglob("*") if "__pycache__" not in path.parts)


def test_generated_code_is_reproducible(fresh: Path) -> None:
    committed = sorted(files(ROOT / "generated"))
    assert sorted(files(fresh)) == committed
    regular = [name for name in committed if (fresh / name).is_file()]
    assert filecmp.cmpfiles(ROOT / "generated", fresh, regular, shallow=False) == (regular, [], [])
    assert all((fresh / name).read_text("utf-8").startswith(HEADER) for name in regular if name.endswith(".py"))
    assert "sendgrid_campaigns_api/py.typed" in regular


def test_every_drift_is_named_and_mended(fresh: Path, tmp_path: Path) -> None:
    mine = tmp_path / "generated"
    shutil.copytree(fresh, mine)
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
    done = generate("--check", "--folder", mine)
    assert done.returncode == 1
    assert "Never edit generated/" in done.stderr
    named = {line.strip() for line in done.stderr.splitlines() if line.startswith("  ") and "/models/" not in line}
    assert named == {
        "differs: sendgrid_campaigns_api/types.py",
        "differs: sendgrid_campaigns_api/py.typed",
        "differs: sendgrid_campaigns_api/errors.py",
        "differs: sendgrid_campaigns_api/client.py",
        "missing: sendgrid_campaigns_api/__init__.py",
        "missing: sendgrid_campaigns_api/models",
        "not generated: sendgrid_campaigns_api/mine.py",
        "not generated: sendgrid_campaigns_api/empty",
        "not generated: other",
    }
    assert generate("--folder", mine).returncode == 0
    assert sorted(files(mine)) == sorted(files(fresh))
    assert (mine / "sendgrid_campaigns_api" / "types.py").read_bytes() == (
        fresh / package.name / "types.py"
    ).read_bytes()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("in: header", "in: hat", "components/parameters/OnBehalfOf"),
        ("openapi:", "openapi: [", "cannot be read as YAML"),
        ("in: header", "in: header\n      schema: {type: widget}", "openapi_python_client failed"),
    ],
)
def test_an_invalid_fragment_is_refused_and_destroys_nothing(tmp_path: Path, old: str, new: str, message: str) -> None:
    fragment, mine = tmp_path / "campaigns.yaml", tmp_path / "generated"
    mine.mkdir()
    (mine / "kept").touch()
    fragment.write_text(FRAGMENT.read_text("utf-8").replace(old, new), "utf-8")
    done = generate("--fragment", fragment, "--folder", mine)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (mine / "kept").exists()
