"""The workflows run nothing that a developer cannot: make targets, and actions that are pinned."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in yaml.safe_load(path.read_text("utf-8"))["jobs"].values() for step in job["steps"]]


def test_the_three_are_there() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "regenerate", "release"]
    assert {"check", "test", "generate", "spec-diff"} <= TARGETS


@each
def test_every_step_is_a_make_target_or_a_pinned_action(path: Path) -> None:
    for step in steps(path):
        if "run" in step:
            program, *targets = step["run"].split()
            assert program == "make"
            assert targets != []
            assert set(targets) <= TARGETS
        else:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


@each
def test_permissions_are_given_job_by_job(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())


@each
def test_no_input_of_somebody_else_is_put_into_a_command(path: Path) -> None:
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []
