"""Test what an import loads, and what the package requires."""

import modulefinder
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def python(program: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)


def loaded(program: str) -> set[str]:
    """Return the modules that are loaded after a program."""
    return set(python(f"{program}\nimport sys; print(*sys.modules)").stdout.split())


def test_an_import_loads_only_its_requirements() -> None:
    everything = loaded("from sendgrid_campaigns import *")
    assert {"sendgrid_campaigns.client", "httpx"} <= everything
    # httpx loads click for its own command line where click is installed.
    added = {name.partition(".")[0] for name in everything - loaded("import httpx, attrs")}
    assert added - sys.stdlib_module_names <= {"sendgrid_campaigns", "sendgrid_campaigns_api"}
    assert not added & {"asyncio", "sqlite3"}
    extras = ("sandbox", "cli", "aiohttp", "bulk", "testing", "transport.aiohttp")
    assert not everything & {f"sendgrid_campaigns.{name}" for name in extras}


def test_a_program_that_packs_modules_finds_every_endpoint() -> None:
    finder = modulefinder.ModuleFinder([str(ROOT / "facade"), str(ROOT / "generated")], excludes=["httpx", "attrs"])
    finder.import_hook("sendgrid_campaigns.campaigns")
    endpoints = (ROOT / "generated" / "sendgrid_campaigns_api" / "api" / "campaigns").glob("[a-z]*.py")
    assert {f"sendgrid_campaigns_api.api.campaigns.{path.stem}" for path in endpoints} <= finder.modules.keys()


@pytest.mark.parametrize(
    ("module", "library", "extra"),
    [("cli", "click", "cli"), ("cli", "rich", "cli"), ("transport.aiohttp", "aiohttp", "aiohttp")],
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


@pytest.mark.parametrize("package", ["facade/sendgrid_campaigns", "generated/sendgrid_campaigns_api"])
def test_both_packages_are_typed(package: str) -> None:
    assert (ROOT / package / "py.typed").exists()
    assert package in PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
