"""Versions that stand in more than one place are the same in all of them."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]


def text(path: str) -> str:
    return (ROOT / path).read_text("utf-8")


PROJECT = tomllib.loads(text("pyproject.toml"))
WORKFLOWS = {path.stem: path.read_text("utf-8") for path in (ROOT / ".github" / "workflows").glob("*.yml")}
SUPPORTED = [name.rpartition(" ")[2] for name in PROJECT["project"]["classifiers"] if ":: Python :: 3." in name]
OLDEST = SUPPORTED[0]


def locked(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([^ ;\\]+)", text(f"requirements/{name}.txt"), re.M))


def steps_with(workflow: str, key: str) -> list[str]:
    jobs: dict[str, Any] = yaml.safe_load(workflow)["jobs"]
    return [step["with"][key] for job in jobs.values() for step in job["steps"] if key in step.get("with", {})]


OLDEST_IS_NAMED_IN = {
    "what pip refuses": re.findall(r">=(.+)", PROJECT["project"]["requires-python"]),
    "what the example asks for": re.findall(
        r">=(.+)", tomllib.loads(text("examples/newsletter/pyproject.toml"))["project"]["requires-python"]
    ),
    "mypy": [PROJECT["tool"]["mypy"]["python_version"]],
    "pyright": [PROJECT["tool"]["pyright"]["pythonVersion"]],
    "what make refuses": re.findall(r"Python (3\.\d+) or newer is needed", text("Makefile")),
    "how make refuses it": [
        ".".join(found) for found in re.findall(r"sys\.version_info < \((\d), (\d+)\)", text("Makefile"))
    ],
    "the lock": re.findall(r"--python-version (\S+)", text("Makefile")),
    "README": re.findall(r"Python (3\.\d+) or newer", text("README.md")),
    "CONTRIBUTING": re.findall(r"Python (3\.\d+) or newer", text("CONTRIBUTING.md")),
    **{
        f"{name}.yml": [version for version in steps_with(workflow, "python-version") if "matrix" not in version]
        for name, workflow in WORKFLOWS.items()
    },
}


@pytest.mark.parametrize("place", OLDEST_IS_NAMED_IN)
def test_the_oldest_python(place: str) -> None:
    assert set(OLDEST_IS_NAMED_IN[place]) == {OLDEST}


def test_a_landing_tests_every_python_that_the_package_names() -> None:
    (others,) = re.findall(r"^for version in (.+); do", text(".ci/run"), re.M)
    assert [OLDEST, *others.split()] == SUPPORTED


def test_ci_tests_them_too() -> None:
    assert set(SUPPORTED) <= set(yaml.safe_load(WORKFLOWS["ci"])["jobs"]["test"]["strategy"]["matrix"]["python"])


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "requirements").glob("*.in")))
def test_what_is_asked_for_is_what_is_locked(name: str) -> None:
    asked = [Requirement(line) for line in re.findall(r"^[a-z].*", text(f"requirements/{name}.in"), re.M)]
    assert asked != []
    for need in asked:
        assert locked(name)[need.name] in need.specifier


def test_what_users_get_is_developed_with() -> None:
    extras = PROJECT["project"]["optional-dependencies"].values()
    for line in [*PROJECT["project"]["dependencies"], *(line for extra in extras for line in extra)]:
        need = Requirement(line)
        assert locked("dev")[need.name] in need.specifier


@pytest.mark.parametrize("package", ["openapi-python-client", "ruff"])
def test_the_pipeline_is_pinned_to_one_version(package: str) -> None:
    """What they write is committed: a newer one would change generated/ by itself."""
    (specifier,) = re.findall(rf"^{package} (.+)$", text("requirements/dev.in"), re.M)
    assert specifier == f"=={locked('dev')[package]}"


@pytest.mark.parametrize("folder", ["scripts", "scripts/benchmark"])
def test_what_runs_on_node_is_what_is_locked(folder: str) -> None:
    lock = json.loads(text(f"{folder}/package-lock.json"))["packages"]
    for name, version in json.loads(text(f"{folder}/package.json"))["dependencies"].items():
        assert version == lock[f"node_modules/{name}"]["version"]


def test_an_action_is_pinned_to_one_commit_with_one_name() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in WORKFLOWS.values():
        for action, pin in re.findall(r"uses: ([\w/-]+)@(.+)", workflow):
            pins.setdefault(action, set()).add(pin)
    assert len(pins) > 3
    for pin in pins.values():
        (one,) = pin
        assert re.fullmatch(r"[0-9a-f]{40} # v\d+\.\d+\.\d+", one)
