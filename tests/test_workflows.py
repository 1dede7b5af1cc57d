"""Test that a developer can run everything that the workflows run, and that nobody else can change what runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from spec_diff.reader import load

ROOT = Path(__file__).parents[1]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.M))

each = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def read(path: Path) -> dict[Any, Any]:
    return dict(load(path.read_text("utf-8")))


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in read(path)["jobs"].values() for step in job["steps"]]


def test_the_workflows() -> None:
    assert [path.stem for path in WORKFLOWS] == ["ci", "docs", "nightly", "regenerate", "release"]
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
    workflow = read(path)
    assert workflow["permissions"] == {}
    assert all("permissions" in job and "timeout-minutes" in job for job in workflow["jobs"].values())


@each
def test_a_job_that_may_write_installs_nothing(path: Path) -> None:
    for job in read(path)["jobs"].values():
        if "write" in job["permissions"].values():
            assert {step.get("run", "make propose") for step in job["steps"]} == {"make propose"}
            assert not any("setup-python" in step.get("uses", "") for step in job["steps"])


def test_a_pull_request_from_a_fork_is_only_checked() -> None:
    started = {path.stem: path for path in WORKFLOWS if "pull_request" in read(path)["on"]}
    assert started.keys() == {"ci", "docs"}
    for path in started.values():
        assert not re.search(r"secrets\.|github\.token", path.read_text("utf-8"))
        for job in read(path)["jobs"].values():
            assert job.get("if") == "github.event_name == 'push'" or job["permissions"] == {"contents": "read"}
    assert "run: make check " in started["ci"].read_text("utf-8")


def test_what_starts_a_regeneration_is_what_the_files_are_generated_from() -> None:
    paths = read(ROOT / ".github" / "workflows" / "regenerate.yml")["on"]["push"]["paths"]
    sources = [path.removesuffix("/**") for path in paths]
    assert f"\nsources=({' '.join(sources)})\n" in (ROOT / "scripts" / "propose.sh").read_text("utf-8")
    assert all((ROOT / source).exists() for source in sources)


def test_contributing_names_the_required_checks() -> None:
    jobs = read(ROOT / ".github" / "workflows" / "ci.yml")["jobs"]
    python, versions = "${{ matrix.python }}", jobs["test"]["strategy"]["matrix"]["python"]
    names = [job["name"].replace(python, version) for job in jobs.values() for version in versions]
    (told,) = re.findall(r"the required checks (.+?);", (ROOT / "CONTRIBUTING.md").read_text("utf-8"))
    assert told == ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def test_every_target_is_phony_and_explained() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: ((?:.*\\\n)*.*)", makefile, re.M)
    assert sorted(phony.replace("\\\n", " ").split()) == sorted(TARGETS)
    assert set(re.findall(r"^([a-z-]+):.*  ## ", makefile, re.M)) == TARGETS


def test_ci_checks_generated_code() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert "\ncheck: $(READY) check-generated" in makefile
    for script in ("generate", "unasync"):
        assert f"$(BIN)/python scripts/{script}.py --check\n" in makefile


def test_the_hooks_are_make_targets() -> None:
    (repository,) = load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    assert repository["repo"] == "local"
    for hook in repository["hooks"]:
        make, target = hook["entry"].split()
        assert (make, target in TARGETS, hook["language"]) == ("make", True, "system")


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_an_issue_form_asks_each_question_once(name: str) -> None:
    form = load((ROOT / ".github" / "ISSUE_TEMPLATE" / f"{name}.yml").read_text("utf-8"))
    assert {"name", "description", "body"} <= form.keys()
    questions = [item for item in form["body"] if item["type"] != "markdown"]
    assert {item["type"] for item in questions} <= {"textarea", "input", "dropdown"}
    assert all(item["attributes"]["label"] for item in questions)
    assert len({item["id"] for item in questions}) == len(questions)
