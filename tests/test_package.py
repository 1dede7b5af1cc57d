"""Test what an import loads, and what the package requires."""

import ast
import modulefinder
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
GENERATED = sorted(path.parent for path in ROOT.glob("generated/*/__init__.py"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def loaded(program: str) -> set[str]:
    """Return the modules that are loaded after a program."""
    return set(python(f"{program}\nimport sys; print(*sys.modules)").stdout.split())


def test_an_import_loads_only_its_requirements() -> None:
    everything = loaded("import sendgrid_campaigns")
    assert {"sendgrid_campaigns.client", "httpx"} <= everything
    # httpx loads click for its own command line where click is installed.
    added = {name.partition(".")[0] for name in everything - loaded("import httpx, attrs")}
    assert added - sys.stdlib_module_names <= {"sendgrid_campaigns", "sendgrid_campaigns_api"}
    assert not added & {"asyncio", "sqlite3"}
    extras = ("single_sends", "sandbox", "cli", "aiohttp", "bulk", "testing", "transport.aiohttp")
    assert not everything & {f"sendgrid_campaigns.{name}" for name in extras}


def test_a_program_that_packs_modules_finds_every_endpoint() -> None:
    finder = modulefinder.ModuleFinder([str(ROOT / "facade"), str(ROOT / "generated")], excludes=["httpx", "attrs"])
    finder.import_hook("sendgrid_campaigns.campaigns")
    endpoints = ROOT.glob("generated/sendgrid_campaigns_api/api/campaigns/[a-z]*.py")
    assert {f"sendgrid_campaigns_api.api.campaigns.{path.stem}" for path in endpoints} <= finder.modules.keys()


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [
        ("cli", "click", "cli"),
        ("cli", "rich", "cli"),
        ("transport.aiohttp", "aiohttp", "aiohttp"),
        ("bulk", "sqlalchemy", "bulk"),
    ],
)
def test_a_missing_extra_is_named(module: str, library: str, extra: str) -> None:
    done = python(f"import sys; sys.modules['{library}'] = None; import sendgrid_campaigns.{module}")
    assert done.returncode == 1
    assert done.stderr.strip().endswith(f"pip install 'sendgrid-campaigns[{extra}]'")


def test_the_package_requires_httpx_and_attrs_alone() -> None:
    """h11 is only a bound on what httpx requires."""
    assert {Requirement(line).name for line in PROJECT["project"]["dependencies"]} == {"attrs", "httpx", "h11"}


def test_the_extra_all_is_the_others() -> None:
    others = dict(PROJECT["project"]["optional-dependencies"])
    (everything,) = map(Requirement, others.pop("all"))
    assert (everything.name, everything.extras) == (PROJECT["project"]["name"], others.keys())


@pytest.mark.parametrize("package", [ROOT / "facade" / "sendgrid_campaigns", *GENERATED], ids=lambda path: path.name)
def test_every_package_is_typed_and_in_the_wheel(package: Path) -> None:
    assert (package / "py.typed").exists()
    included = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    assert any(package.is_relative_to(ROOT / each) for each in included)


def imported(path: Path) -> set[str]:
    """Return the packages that a module imports, by any import in it."""
    nodes = [*ast.walk(ast.parse(path.read_text("utf-8")))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [str(node.module) for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0]
    return {name.partition(".")[0] for name in names}


@pytest.mark.parametrize("package", GENERATED, ids=lambda path: path.name)
def test_a_generated_package_can_be_used_alone(package: Path) -> None:
    needed = set().union(*map(imported, package.rglob("*.py")))
    assert needed - sys.stdlib_module_names == {"attrs", "httpx"}


def test_only_the_operations_know_the_generated_packages() -> None:
    generated = {package.name for package in GENERATED}
    facade = [path for path in (ROOT / "facade").rglob("*.py") if imported(path) & generated]
    assert {path.name for path in facade} <= {
        *("campaigns.py", "single_sends.py"),
        *("campaign_types.py", "single_send_types.py", "account.py"),
    }
