"""Test that a developer can run everything that the workflows run, and that nobody else can change what runs."""

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


def test_the_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "regenerate", "release"]
    assert {"check", "test", "generate", "spec-diff"} <= TARGETS


@each
def test_every_step_is_a_make_target_or_a_pinned_action(path: Path) -> None:
    for step in steps(path):
        if "run" in step:
            # Without ${{ }}: an input of somebody else could hold a command.
            program, *targets = step["run"].split()
            assert program == "make"
            assert targets != []
            assert set(targets) <= TARGETS
        else:
            assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", step["uses"])


@each
def test_every_job_states_its_permissions(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text("utf-8"))
    assert workflow["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())


def test_every_target_is_phony_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", makefile, re.M)
    assert sorted(phony.replace("\\\n", " ").split()) == sorted(TARGETS)
    assert set(re.findall(r"^([a-z-]+):.*  ## ", makefile, re.M)) == TARGETS


def test_ci_checks_generated_code() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "\ncheck: $(READY) check-generated" in makefile
    assert "\n\t@$(BIN)/python scripts/generate.py --check\n\t@$(BIN)/python scripts/unasync.py --check\n" in makefile


def test_the_hooks_are_make_targets() -> None:
    (repository,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        make, target = hook["entry"].split()
        assert (make, target in TARGETS, hook["language"]) == ("make", True, "system")


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_asks_each_question_once(name: str) -> None:
    form = yaml.safe_load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text("utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    questions = [item for item in form["body"] if item["type"] != "markdown"]
    assert {item["type"] for item in questions} <= {"textarea", "input", "dropdown"}
    assert all(item["attributes"]["label"] for item in questions)
    assert len({item["id"] for item in questions}) == len(questions)
