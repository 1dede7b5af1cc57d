"""Test that every version is the same in all of its places."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from spec_diff.reader import load

ROOT = Path(__file__).parents[1]


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))
WORKFLOWS = {path.stem: path.read_text("utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")}
SUPPORTED = [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if ":: Python :: 3." in name]
OLDEST = SUPPORTED[0]
USERS_GET = sum(PROJECT["project"]["optional-dependencies"].values(), PROJECT["project"]["dependencies"])


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text(f"requirements/{name}.txt"), re.M))


def python_versions(workflow: str) -> list[str]:
    jobs: dict[str, Any] = load(workflow)["jobs"]
    given = [step.get("with", {}).get("python-version") for job in jobs.values() for step in job["steps"]]
    return [version for version in given if version and "matrix" not in version and version != "3.x"]


NEWER = r"Python (3\.\d+) or newer"
REQUIRED = r'requires-python = ">=(.+)"'
OLDEST_IS_IN = {
    "requires-python": re.findall(REQUIRED, text("pyproject.toml")),
    "requires-python of the example": re.findall(REQUIRED, text("examples/newsletter/pyproject.toml")),
    "mypy": [PROJECT["tool"]["mypy"]["python_version"]],
    "pyright": [PROJECT["tool"]["pyright"]["pythonVersion"]],
    "make's message": re.findall(NEWER, text("Makefile")),
    "make's check": [".".join(found) for found in re.findall(r"version_info < \((\d), (\d+)\)", text("Makefile"))],
    "make lock": re.findall(r"--python-version (\S+)", text("Makefile")),
    "README": re.findall(NEWER, text("README.md")),
    "CONTRIBUTING": re.findall(NEWER, text("CONTRIBUTING.md")),
    **{f"{name}.yml": python_versions(workflow) for name, workflow in WORKFLOWS.items()},
}


@pytest.mark.parametrize("place", OLDEST_IS_IN)
def test_the_oldest_python(place: str) -> None:
    assert set(OLDEST_IS_IN[place]) == {OLDEST}


def test_every_supported_python_is_tested() -> None:
    (others,) = re.findall(r"^for version in (.+); do", text(".ci/run"), re.M)
    assert [OLDEST, *others.split()] == SUPPORTED
    assert set(SUPPORTED) <= set(load(WORKFLOWS["ci"])["jobs"]["test"]["strategy"]["matrix"]["python"])


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "requirements").glob("*.in")))
def test_the_lock_holds_every_requirement_with_hashes_and_without_an_index(name: str) -> None:
    required = re.findall(r"^[a-z].*", text(f"requirements/{name}.in"), re.M)
    assert required != []
    for need in map(Requirement, required):
        assert locked(name)[need.name] in need.specifier
    lock = text(f"requirements/{name}.txt")
    assert "://" not in lock
    assert len(re.findall(r"^\w.*==.*\\\n    --hash=sha256:", lock, re.M)) == len(re.findall(r"^\w", lock, re.M))


EXTRAS = [lines for name, lines in PROJECT["project"]["optional-dependencies"].items() if name != "all"]
ALL = [Requirement(line) for lines in [PROJECT["project"]["dependencies"], *EXTRAS] for line in lines]
USERS_GET = [need for need in ALL if need.name != PROJECT["project"]["name"]]  # an extra may require another one


def test_the_dev_lock_holds_what_users_get() -> None:
    for need in USERS_GET:
        assert locked("dev")[need.name] in need.specifier


def test_the_oldest_lock_holds_the_least_that_users_get() -> None:
    for need in USERS_GET:
        (least,) = [each.version for each in need.specifier if each.operator == ">="]
        assert Version(locked("oldest")[need.name]) == Version(least)


# The last versions with holes that are known: CVE-2025-43859 of h11, CVE-2026-69244 of aiohttp.
@pytest.mark.parametrize(("package", "hole"), [("h11", "0.15.0"), ("aiohttp", "3.14.2")])
def test_users_get_no_version_with_a_known_hole(package: str, hole: str) -> None:
    (need,) = [each for each in USERS_GET if each.name == package]
    assert hole not in need.specifier


@pytest.mark.parametrize("package", ["openapi-python-client", "ruff"])
def test_a_generator_is_pinned_to_one_version(package: str) -> None:
    """The output is committed, so an upgrade must not change the output silently."""
    (specifier,) = re.findall(rf"^{package} (.+)$", text("requirements/dev.in"), re.M)
    assert specifier == f"=={locked('dev')[package]}"


def test_the_node_lock_holds_every_requirement() -> None:
    lock = json.loads(text("scripts/package-lock.json"))["packages"]
    for name, version in json.loads(text("scripts/package.json"))["dependencies"].items():
        assert version == lock[f"node_modules/{name}"]["version"]


def test_an_action_is_pinned_to_one_commit_and_one_tag() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in WORKFLOWS.values():
        for action, pin in re.findall(r"uses: ([\w/-]+)@(.+)", workflow):
            pins.setdefault(action, set()).add(pin)
    assert len(pins) > 3
    for pin in pins.values():
        (one,) = pin
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
